"""Start and end of the emulator's process, and its control API's refusals."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from localcloud.cloud import LocalCloud
from localcloud.databases.ports import free_port
from tests.support import emulated
from tests.support.control import refusal
from tests.support.processes import alive
from tests.support.waiting import eventually

CHECKOUT = Path(__file__).resolve().parents[3]
PYTHON = CHECKOUT / ".venvs" / "localcloud" / "bin" / "python"


def run(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the emulator's interpreter to its end."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(CHECKOUT), **variables}
    return subprocess.run(
        [PYTHON, *arguments], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def settings(directory: Path, **changes: str) -> dict[str, str]:
    """Return variables with which the emulator starts."""
    return {
        "GATEWAY_PORT": str(free_port()),
        "LOCALCLOUD_CONTROL_PORT": str(free_port()),
        "LOCALCLOUD_DIRECTORY": str(directory),
        "LOCALCLOUD_RUNTIME_PYTHON": str(PYTHON),
        **changes,
    }


@pytest.mark.parametrize(
    "name", ["GATEWAY_PORT", "LOCALCLOUD_CONTROL_PORT", "LOCALCLOUD_DIRECTORY", "LOCALCLOUD_RUNTIME_PYTHON"]
)
def test_a_missing_variable_is_named(tmp_path: Path, name: str) -> None:
    """The emulator ends with one sentence instead of guessing."""
    outcome = run(["-m", "localcloud.emulator"], **settings(tmp_path, **{name: ""}))
    assert outcome.returncode == 2
    assert name in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_a_malformed_port_is_named_with_its_value(tmp_path: Path) -> None:
    """The message has variable and value."""
    outcome = run(["-m", "localcloud.emulator"], **settings(tmp_path, GATEWAY_PORT="https"))
    assert (outcome.returncode, "GATEWAY_PORT must be a number, not 'https'" in outcome.stderr) == (2, True)


@pytest.mark.parametrize("variable", ["GATEWAY_PORT", "LOCALCLOUD_CONTROL_PORT"])
def test_a_taken_port_ends_the_emulator(cloud: LocalCloud, tmp_path: Path, variable: str) -> None:
    """One sentence names the port; no process is left."""
    port = cloud.endpoint_url.rsplit(":", 1)[-1]
    outcome = run(["-m", "localcloud.emulator"], **settings(tmp_path, **{variable: port}))
    assert outcome.returncode == 1
    assert port in outcome.stderr
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "signature", "message"),
    [
        ("_rotate_secret", "(data)", ""),
        ("_rotate_secret", "(data, caller)", "takes (data) instead of (data, caller)"),
        ("_rotate_everything", "(data)", "has no function _rotate_everything"),
    ],
    ids=["as pinned", "other parameters", "missing"],
)
def test_another_ministack_is_refused(name: str, signature: str, message: str) -> None:
    """A replaced name that is missing or takes other parameters stops the emulator at its start."""
    program = (
        "from ministack.services import secretsmanager\n"
        "from localcloud.emulator import patches\n"
        f"patches.replace(secretsmanager, {name!r}, {signature!r}, lambda original, data: original(data))"
    )
    outcome = run(["-c", program])
    assert (outcome.returncode == 0) is (message == "")
    assert message in outcome.stderr


def test_a_ministack_without_a_record_that_is_read_is_refused() -> None:
    """A hook names the records that it works on, and their absence stops the emulator at its start."""
    program = (
        "from ministack.services import rds\n"
        "from localcloud.emulator import patches\n"
        "patches.require(rds, '_instances')\n"
        "patches.require(rds, '_instances', '_moons')"
    )
    outcome = run(["-c", program])
    assert outcome.returncode != 0
    assert "ministack.services.rds has no _moons" in outcome.stderr


def test_tables_of_functions_get_the_replacement_too() -> None:
    """What a module's dispatcher reads from a table is replaced with the name."""
    program = (
        "from ministack.services import rds\n"
        "from localcloud.emulator import patches\n"
        "table = next(t for t in vars(rds).values() if isinstance(t, dict) and 'StopDBInstance' in t)\n"
        "patches.replace(rds, '_stop_db_instance', '(p)', lambda original, p: 'replaced')\n"
        "assert table['StopDBInstance']({}) == rds._stop_db_instance({}) == 'replaced'"
    )
    outcome = run(["-c", program])
    assert outcome.returncode == 0, outcome.stderr


def test_ending_the_emulator_ends_databases_and_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a database server nor a function's process survives the emulator, whichever language it is in.

    Node is the checkout's own: the machine's need not have one.
    """
    monkeypatch.setenv("PATH", os.defpath)
    script = "exports.handler = async () => 2"
    with LocalCloud.start(tmp_path / "cloud") as running:
        assert emulated.invoke(running, emulated.create_function(running, "def handler(event, context): return 1")) == 1
        assert emulated.invoke(running, emulated.create_function(running, script, Runtime="nodejs24.x")) == 2
        database = {"Engine": "postgres", "MasterUsername": "dbadmin", "MasterUserPassword": "a password"}
        emulated.deploy(running, "db", {"Db": {"Type": "AWS::RDS::DBInstance", "Properties": database}})
        emulator = next(p for p in psutil.process_iter() if _serves(p, running))
        children = emulator.children(recursive=True)
        assert any("postgres" in child.name() for child in children)
        assert any(child.cmdline()[:1] == ["node"] for child in children)
        assert any(str(tmp_path) in " ".join(child.environ().values()) for child in children)
    assert eventually(lambda: not any(alive(child.pid) for child in children))


def _serves(process: psutil.Process, cloud: LocalCloud) -> bool:
    port = int(cloud.endpoint_url.rsplit(":", 1)[-1])
    try:
        return any(
            connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            for connection in process.net_connections("tcp")
        )
    except psutil.Error:
        return False


@pytest.mark.parametrize(
    ("request_line", "document", "status", "words"),
    [
        ("GET /nothing", None, 404, "no GET /nothing"),
        ("POST /health", None, 404, "no POST /health"),
        ("GET /credentials/nobody", None, 404, "no IAM role named 'nobody'"),
        ("POST /rotation-holds", {"after_step": "sleep"}, 400, "not 'sleep'"),
        ("POST /rotation-holds", {"seconds": 0}, 400, "seconds above 0"),
        ("POST /rotation-holds", {"minutes": 1}, 400, "minutes"),
        ("POST /clock", {"advance": -1}, 400, "forward only"),
    ],
)
def test_the_control_api_refuses_what_it_does_not_know(
    cloud: LocalCloud, request_line: str, document: dict[str, Any] | None, status: int, words: str
) -> None:
    """Each refusal has a status and a sentence."""
    found, message = refusal(cloud, request_line, document)
    assert found == status
    assert words in message

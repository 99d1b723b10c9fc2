from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from localcloud.cloud import LocalCloud
from localcloud.databases.ports import free_port, is_free
from localcloud.emulator_process import EmulatorCommand
from localcloud.errors import LocalCloudError
from localcloud.processes import ProcessIdentity
from localcloud.state import State
from tests.support.processes import alive, processes_of
from tests.support.starter import starter
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MUTE = EmulatorCommand(module="tests.support.mute_emulator", start_seconds=2.0)
FAILING = EmulatorCommand(module="no_such_module")

STARTER = """
    import sys
    from pathlib import Path
    from localcloud.cloud import LocalCloud
    cloud = LocalCloud.start(Path(sys.argv[1]))
    if sys.argv[2:] == ["release"]:
        cloud.release()
    say([process.pid for process in cloud.state.processes])
"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Name a directory for a local cloud, and prove after the test that nothing of it is left running."""
    yield tmp_path / "cloud"
    assert eventually(lambda: not processes_of(tmp_path))


@pytest.fixture
def cloud(directory: Path) -> Iterator[LocalCloud]:
    """Run a local cloud for one test."""
    with LocalCloud.start(directory) as cloud:
        yield cloud


def _dead() -> ProcessIdentity:
    """Identify a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        return ProcessIdentity.of(process.pid)


def _forge(directory: Path, *processes: ProcessIdentity, starter: ProcessIdentity | None = None) -> State:
    directory.mkdir()
    state = State(gateway_port=free_port(), control_port=free_port(), starter=starter or _dead(), processes=processes)
    assert state.claim(directory)
    return state


def test_a_started_cloud_answers(cloud: LocalCloud) -> None:
    """AWS's APIs and the control API both do, as soon as the start returns."""
    assert cloud.client("sts").get_caller_identity()["Account"] == cloud.account
    assert cloud.control.is_ready()


def test_a_cloud_listens_on_the_loopback_interface_only(cloud: LocalCloud) -> None:
    """Nobody on the network reaches an API whose root key everybody knows."""
    emulator = psutil.Process(cloud.state.processes[-1].pid)
    listening = {entry.laddr for entry in emulator.net_connections("inet") if entry.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", cloud.state.gateway_port), ("127.0.0.1", cloud.state.control_port)}


def test_a_cloud_keeps_its_directory_closed_to_others(cloud: LocalCloud) -> None:
    """It holds keys."""
    assert cloud.directory.stat().st_mode & 0o777 == 0o700


def test_a_stopped_cloud_leaves_neither_process_nor_port_nor_file(directory: Path) -> None:
    """Everything that started, ends; a second stop finds nothing to do."""
    with LocalCloud.start(directory) as cloud:
        assert processes_of(directory)
    cloud.stop()
    assert not processes_of(directory)
    assert not directory.exists()
    assert is_free(cloud.state.gateway_port)
    assert is_free(cloud.state.control_port)


def test_an_exception_in_its_context_stops_the_cloud(directory: Path) -> None:
    """Ctrl-C is one of those."""
    with pytest.raises(KeyboardInterrupt), LocalCloud.start(directory):
        raise KeyboardInterrupt
    assert not processes_of(directory)
    assert not directory.exists()


def test_the_death_of_its_starter_ends_the_cloud(directory: Path) -> None:
    """`kill -9` of a test run leaves nothing running."""
    with starter(STARTER, str(directory)) as (program, pids):
        program.kill()
        assert eventually(lambda: not any(map(alive, pids)) and not processes_of(directory))


def test_what_a_dead_starter_left_is_cleaned_up_by_the_next_start(directory: Path) -> None:
    """A stale record is no obstacle, and its files do not pile up."""
    with starter(STARTER, str(directory)) as (program, pids):
        program.kill()
        assert eventually(lambda: not any(map(alive, pids)))
    (directory / "left over").touch()
    with LocalCloud.start(directory) as cloud:
        assert cloud.control.is_ready()
        assert not (directory / "left over").exists()


def test_a_released_cloud_outlives_its_starter_and_is_stopped_by_whoever_attaches(directory: Path) -> None:
    """That is what `up` and `down` do."""
    with starter(STARTER, str(directory), "release") as (program, pids):
        program.kill()
        program.wait()
    try:
        assert not eventually(lambda: not all(map(alive, pids)), within=0.5)
        assert LocalCloud.attach(directory).control.is_ready()
    finally:
        LocalCloud.attach(directory).stop()
    assert not directory.exists()


def test_a_killed_emulator_is_no_running_cloud(cloud: LocalCloud) -> None:
    """Whoever attaches to a crashed one learns what to do."""
    psutil.Process(cloud.state.processes[-1].pid).kill()
    assert eventually(lambda: not cloud.state.running)
    with pytest.raises(LocalCloudError, match=r"No local cloud runs in .*: start one with `python -m localcloud up`"):
        LocalCloud.attach(cloud.directory)


def test_a_killed_guardian_does_not_keep_the_emulator_from_being_stopped(cloud: LocalCloud) -> None:
    """The emulator is recorded as well."""
    guardian, emulator = cloud.state.processes
    psutil.Process(guardian.pid).kill()
    cloud.stop()
    assert not alive(emulator.pid)


def test_a_second_cloud_in_the_same_directory_is_refused(cloud: LocalCloud) -> None:
    """The first one is named and runs on."""
    with pytest.raises(LocalCloudError, match=f"runs in {cloud.directory} already, on port {cloud.state.gateway_port}"):
        LocalCloud.start(cloud.directory)
    assert cloud.control.is_ready()


def test_a_cloud_that_is_being_started_is_not_disturbed(directory: Path) -> None:
    """A record without processes whose writer lives belongs to a start that is under way."""
    state = _forge(directory, starter=ProcessIdentity.of(os.getpid()))
    with pytest.raises(LocalCloudError, match=f"Process {os.getpid()} starts a local cloud in .* at this moment"):
        LocalCloud.start(directory)
    assert State.read(directory) == state


def test_a_start_that_was_cut_short_is_no_obstacle(directory: Path) -> None:
    """The starter died before there was an emulator."""
    _forge(directory)
    with LocalCloud.start(directory) as cloud:
        assert cloud.control.is_ready()


def test_of_two_claims_of_a_directory_one_succeeds(directory: Path) -> None:
    """The loser changes nothing."""
    first = _forge(directory)
    second = State(gateway_port=1, control_port=2, starter=ProcessIdentity.of(os.getpid()))
    assert not second.claim(directory)
    assert State.read(directory) == first
    assert [entry.name for entry in directory.iterdir()] == ["state.json"]


def test_a_recycled_process_id_is_neither_taken_for_the_cloud_nor_killed(directory: Path) -> None:
    """Somebody else's process has the recorded id by now: it started at another time."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as somebody_elses:
        identity = ProcessIdentity.of(somebody_elses.pid)
        state = _forge(directory, ProcessIdentity(identity.pid, identity.started - 60))
        assert not state.running
        LocalCloud(directory, state).stop()
        assert somebody_elses.poll() is None
    assert not directory.exists()


def test_a_directory_with_other_files_is_refused(directory: Path) -> None:
    """What is removed at the end must not be somebody's work."""
    directory.mkdir()
    (directory / "thesis.txt").touch()
    with pytest.raises(LocalCloudError, match="is not empty and no local cloud's: name another one"):
        LocalCloud.start(directory)
    assert (directory / "thesis.txt").exists()


def test_a_damaged_record_is_an_error_that_names_the_file(directory: Path) -> None:
    """Nothing is guessed from half a record."""
    directory.mkdir()
    (directory / "state.json").write_text('{"gateway_port": 1')
    with pytest.raises(LocalCloudError, match=r"state\.json is damaged .*: remove the directory"):
        LocalCloud.start(directory)


@pytest.mark.parametrize("name", ["port", "control_port"])
def test_a_taken_port_is_named_with_its_holder_and_the_remedy(directory: Path, name: str) -> None:
    """Nothing is left of the start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expected = rf"Port {port} of the .* is taken by process {os.getpid()} \(.*choose another port by --"
        with pytest.raises(LocalCloudError, match=expected):
            LocalCloud.start(directory, **{name: port})
    assert not directory.exists()


@pytest.mark.parametrize(("port", "control_port"), [(-1, None), (65536, None), (None, 70000)])
def test_a_number_that_is_no_port_is_refused(directory: Path, port: int | None, control_port: int | None) -> None:
    """The message names it."""
    with pytest.raises(LocalCloudError, match=f"^{control_port or port} is no port for the"):
        LocalCloud.start(directory, port=port, control_port=control_port)


def test_gateway_and_control_api_need_two_ports(directory: Path) -> None:
    """Naming one for both is refused before anything starts."""
    port = free_port()
    with pytest.raises(LocalCloudError, match=f"cannot both have port {port}"):
        LocalCloud.start(directory, port=port, control_port=port)


def test_an_emulator_that_fails_shows_what_it_logged_and_leaves_nothing(directory: Path) -> None:
    """The cause is in the message, for the log is gone with everything else."""
    with pytest.raises(LocalCloudError, match=r"ended while it started(.|\n)*No module named no_such_module"):
        LocalCloud.start(directory, emulator=FAILING)
    assert not directory.exists()


def test_an_emulator_that_never_gets_ready_is_stopped(directory: Path) -> None:
    """The wait is bounded."""
    with pytest.raises(LocalCloudError, match=r"not ready after 2 s; its log ends with:\nmute on \d+"):
        LocalCloud.start(directory, emulator=MUTE)
    assert not processes_of(directory)
    assert not directory.exists()


def test_a_missing_virtual_environment_is_named_with_the_remedy(directory: Path, tmp_path: Path) -> None:
    """A clone that was not set up says so."""
    missing = tmp_path / "none" / "python"
    with pytest.raises(LocalCloudError, match=f"There is no Python at {missing}: run `make setup`"):
        LocalCloud.start(directory, emulator=EmulatorCommand(runtime_python=missing))
    assert not directory.exists()


def test_an_interrupted_start_leaves_nothing(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the emulator is getting ready."""

    def interrupt(*_: object) -> None:
        assert processes_of(directory)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmulatorCommand, "wait_until_ready", interrupt)
    with pytest.raises(KeyboardInterrupt):
        LocalCloud.start(directory)
    assert not processes_of(directory)
    assert not directory.exists()


def test_a_long_path_with_spaces_is_no_obstacle(tmp_path: Path) -> None:
    """Neither the emulator nor a database server minds."""
    with LocalCloud.start(tmp_path / ("a folder with a long name " * 6).strip() / "é") as cloud:
        assert cloud.control.is_ready()
        assert cloud.ca_bundle.exists()


def test_two_clouds_run_side_by_side(directory: Path) -> None:
    """Each has its own ports, files and secrets."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(LocalCloud.start(directory / "first"))
        second = stack.enter_context(LocalCloud.start(directory / "second"))
        first.client("secretsmanager").create_secret(Name="only-here", SecretString="x")
        assert len(first.client("secretsmanager").list_secrets()["SecretList"]) == 1
        assert second.client("secretsmanager").list_secrets()["SecretList"] == []

"""No secret leaves the function, whatever happens in it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.errors import (
    InternalError,
    RotationError,
)
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.handlers import invocation
from tests.support.deployed_function import OLD, PASSWORD, USERNAME, Deployed, wrong_password
from tests.support.leaks import find_leaks
from tests.support.secrets_manager_api import ApiError
from tests.support.tcp_servers import closed_port

if TYPE_CHECKING:
    from localcloud.databases import PostgresServer


def _malformed(deployed: Deployed) -> None:
    deployed.secret.values[OLD] = '{"username": "x", "password": "' + PASSWORD


def _swapped(deployed: Deployed) -> None:
    deployed.secret.values[OLD] = json.dumps({"username": PASSWORD, "password": USERNAME})


def _other_port(deployed: Deployed) -> None:
    deployed.configure(port=closed_port())


def _other_name(deployed: Deployed) -> None:
    deployed.configure(server_name="orders.example")


def _quoting_service(deployed: Deployed) -> None:
    deployed.api.failures = [ApiError("InvalidParameterException", f"bad value {PASSWORD}")]


_MISHAPS = [wrong_password, _malformed, _swapped, _other_port, _other_name, _quoting_service]


@pytest.mark.parametrize("mishap", _MISHAPS, ids=lambda mishap: mishap.__name__.strip("_"))
def test_a_failure_tells_no_secret_anywhere(
    deployed: Deployed,
    mishap: Any,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exception with its chain and its frames' locals, log records, standard output and error."""
    deployed.invoke(Step.CREATE)
    known = list(deployed.values)
    mishap(deployed)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RotationError) as caught:
        deployed.invoke(Step.SET, milliseconds=2_500)
    assert caught.value.__context__ is None
    texts = [str(caught.value), repr(caught.value), *capsys.readouterr()]
    texts += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    texts += _locals_of(caught.value)
    assert find_leaks([*known, PASSWORD, "a wrong password"], texts) == []


def _locals_of(error: BaseException) -> list[str]:
    """Return the local variables of the function's own frames, as a tool that collects crashes would print them."""
    texts, frame = [], error.__traceback__
    while frame is not None:
        if "rotating_rds_function" in frame.tb_frame.f_code.co_filename:
            texts.append(repr(frame.tb_frame.f_locals))
        frame = frame.tb_next
    assert texts
    return texts


def test_a_healthy_rotation_tells_no_secret_anywhere(
    deployed: Deployed,
    postgres: PostgresServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server's log of all statements included."""
    begin = postgres.log_file.stat().st_size
    caplog.set_level(logging.DEBUG)
    for step in Step:
        deployed.invoke(step)
    server_log = postgres.log_file.read_bytes()[begin:].decode()
    assert "ALTER ROLE" in server_log
    texts = [server_log, *capsys.readouterr(), *(f"{record.__dict__}" for record in caplog.records)]
    assert len(deployed.values) == 2
    assert find_leaks([*deployed.values, PASSWORD], texts) == []


def test_a_leaking_adapter_is_stopped_at_the_boundary(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a driver of tomorrow puts into its errors."""

    class Leaking:
        def login(self, username: str, password: str) -> None:
            raise RuntimeError(f"{username}:{password}")

    deployed.invoke(Step.CREATE)
    monkeypatch.setattr(invocation, "open_database", lambda *_, **__: Leaking())
    with pytest.raises(InternalError) as caught:
        deployed.invoke(Step.SET)
    texts = [str(caught.value), *(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)]
    assert find_leaks([*deployed.values, PASSWORD], texts) == []
    assert caught.value.__context__ is None

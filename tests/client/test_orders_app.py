"""The sample application as a process of its own, while the password changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from examples.orders_app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.rotating_login import RotatingLogin

PATIENCE = 30.0


class Application:
    """The running application and its journal."""

    def __init__(self, journal: Path, **variables: str) -> None:
        self._journal = journal
        environment = os.environ | {"ORDERS_JOURNAL": str(journal), "ORDERS_PER_SECOND": "20"} | variables
        command = [sys.executable, "-m", "examples.orders_app"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def events(self, event: str, **wanted: Any) -> list[dict[str, Any]]:
        """Return the events of one kind that hold these values."""
        text = self._journal.read_text() if self._journal.exists() else ""
        entries = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return [entry for entry in entries if wanted.items() <= entry.items() and entry["event"] == event]

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until something shows in the journal."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)

    def stop(self) -> tuple[int, str]:
        """Ask it to end, and return its exit code and what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        printed = b"".join(self.process.communicate(timeout=PATIENCE)).decode()
        return self.process.returncode, printed


@pytest.fixture
def application(endpoint: str, login: RotatingLogin, tmp_path: Path) -> Iterator[Application]:
    """Run the application on the login's secret."""
    assert endpoint
    login.execute(f"GRANT CREATE ON SCHEMA public TO {login.username}", database="orders")
    application = Application(tmp_path / "journal.jsonl", DATABASE_SECRET_ID="orders")
    yield application
    if application.process.poll() is None:
        application.process.kill()
        application.process.communicate()
    login.execute(f"DROP OWNED BY {login.username} CASCADE", database="orders")


def test_no_order_fails_while_the_password_changes(application: Application, login: RotatingLogin) -> None:
    """The label moves a second after the password; orders that arrive in between are retried and placed."""
    application.wait_for(lambda: application.events("order", outcome="placed"))
    login.set_password("hunter2-v2")
    application.wait_for(lambda: login.refused_logins() >= 10)
    login.store("v2", "hunter2-v2")
    application.wait_for(lambda: application.events("connect", version="v2"))
    code, printed = application.stop()
    assert (code, printed) == (0, "")
    retried = application.events("connect", outcome="connected", retries=1, version="v2")
    assert len(retried) >= 10
    assert not application.events("order", outcome="failed")
    assert not application.events("connect", outcome="failed")


def test_it_stops_in_good_order(application: Application, login: RotatingLogin, tmp_path: Path) -> None:
    """SIGTERM: what was begun is finished, the totals are written, and nothing secret anywhere."""
    application.wait_for(lambda: application.events("order", outcome="placed"))
    code, printed = application.stop()
    assert (code, printed) == (0, "")
    (stopped,) = application.events("stopped")
    assert stopped["totals"]["order placed"] == len(application.events("order", outcome="placed"))
    assert stopped["totals"]["connect connected"] == stopped["totals"]["order placed"] + 1
    assert "hunter2" not in (tmp_path / "journal.jsonl").read_text()
    assert login.refused_logins() == 0


@pytest.mark.usefixtures("endpoint")
def test_a_secret_that_is_not_there_ends_it_with_a_sentence(tmp_path: Path) -> None:
    """An application that cannot work says so and ends."""
    application = Application(tmp_path / "journal.jsonl", DATABASE_SECRET_ID="another")
    _, printed = application.process.communicate(timeout=PATIENCE)
    assert application.process.returncode == 1
    assert printed.decode().startswith("The application cannot start: The AWSCURRENT version of the secret 'another'")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "DATABASE_SECRET_ID is not set"),
        ({"DATABASE_SECRET_ID": "orders", "ORDERS_PER_SECOND": "many"}, "ORDERS_PER_SECOND is 'many': set it to"),
        ({"DATABASE_SECRET_ID": "orders", "ORDERS_CONCURRENCY": "0"}, "ORDERS_CONCURRENCY is '0': set it to"),
        ({"DATABASE_SECRET_ID": "orders", "ORDERS_PER_SECOND": "inf"}, "ORDERS_PER_SECOND is 'inf': set it to"),
    ],
)
def test_wrong_settings_are_named(variables: dict[str, str], sentence: str) -> None:
    """Variable, value and remedy in one sentence."""
    with pytest.raises(ValueError, match=sentence):
        Settings.from_environment(variables)

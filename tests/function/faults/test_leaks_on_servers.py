"""Every value that was ever given to Secrets Manager, searched for in what function and servers have written.

Servers log every statement: PostgreSQL by log_statement=all, MySQL and MariaDB by their general logs. A SCRAM verifier
in PostgreSQL's log, or the hash of a native password in MariaDB's, is there by design: neither logs in.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_function.domain.versions import AWSCURRENT, AWSPREVIOUS
from tests.support.faults.convergence import assert_well
from tests.support.faults.doomed_rotations import DoomedRotations, doomed_rotations
from tests.support.leaks import find_leaks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localcloud.databases import Authority

LANES = [
    (engine, strategy)
    for engine in ("postgres", "mysql", "mariadb")
    for strategy in ("single_user", "admin_reset", "alternating_users")
]
MISTAKES: list[dict[str, Any]] = [
    {"password": "Wrong-Pass_word,1"},
    {"username": "Somebody-Else"},
    {"host": "attacker.example"},
    {"password": 'it\'s \\back\\ "quoted" 100% ünïcode'},
]


@dataclass
class Evidence:
    """What one user's rotations have left behind."""

    rotations: DoomedRotations
    offsets: dict[Path, int]

    def texts(self) -> dict[str, str]:
        """Return everything that may be read by somebody who may not read the secret."""
        logs = {path.name: path.read_text(errors="replace")[self.offsets[path] :] for path in self.offsets}
        return {"function": self.rotations.output, **logs}

    def values(self) -> list[str]:
        """Return every SecretString there has been, the administrator's among them."""
        store = self.rotations.world.store
        return [*store.values.values(), *(text for text in store.others.values() if text)]

    def leaks(self) -> set[tuple[str, str]]:
        """Return where something was found, and in what form."""
        texts = self.texts()
        names = list(texts)
        return {(names[leak.text], leak.form) for leak in find_leaks(self.values(), texts.values())}


@pytest.fixture
def evidence(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[Evidence]:
    """Return the evidence of a lane, from before its first rotation on."""
    engine, strategy = request.param
    server = request.getfixturevalue(engine)
    with doomed_rotations(engine, strategy, server, authority, tmp_path) as rotations:
        logs = rotations.backstage.under_test.statement_logs
        yield Evidence(rotations, {path: len(path.read_text(errors="replace")) for path in logs})


def rotate(rotations: DoomedRotations) -> None:
    """Perform a whole rotation."""
    rotations.world.start_rotation()
    assert rotations.run()[0] == 0, rotations.output
    assert_well(rotations.world, rotations.world.tokens[-1])


def put_current(rotations: DoomedRotations, text: str) -> None:
    """Give the secret a value as a person does: current and previous, so that a rotation cannot heal it."""
    store = rotations.world.store
    for label in (AWSPREVIOUS, AWSCURRENT):
        store.stage(f"by-hand-{label}-{len(store.values):020}", label, value=text)


@pytest.mark.parametrize("evidence", LANES, ids=str, indirect=True)
def test_nothing_secret_is_written_anywhere(evidence: Evidence) -> None:
    """Rotations that succeed, that fail by every kind of mistake in a value, and that die: no value in any form."""
    rotations = evidence.rotations
    rotate(rotations)
    rotate(rotations)
    live = rotations.world.store.value_of(AWSCURRENT)
    assert live is not None
    mistakes = [json.dumps({**json.loads(live), **mistake}) for mistake in MISTAKES]
    failed = 0
    for mistake in (*mistakes, live[:-1], json.dumps([json.loads(live)["password"], "Another-Secret.1"])):
        put_current(rotations, mistake)
        rotations.world.start_rotation()
        failed += rotations.run()[0] == 1
        rotations.people.strip(0)
    assert failed >= len(MISTAKES)
    put_current(rotations, live)
    rotations.world.start_rotation()
    assert rotations.run(at=9)[0] == -signal.SIGKILL
    assert rotations.run()[0] == 0
    texts = evidence.texts()
    assert "RefusedError" in texts["function"]
    assert '"StepDuration"' in texts["function"]
    assert sum(map(len, texts.values())) > 10_000
    assert len(evidence.values()) > 10
    assert evidence.leaks() == set()


@pytest.mark.parametrize("evidence", [lane for lane in LANES if lane[1] != "admin_reset"], ids=str, indirect=True)
def test_a_leaking_adapter_is_caught(evidence: Evidence) -> None:
    """One that sends a password as it is, is found out by the server's log."""
    rotations = evidence.rotations
    rotations.variant = "leaking"
    rotate(rotations)
    assert "raw" in {form for name, form in evidence.leaks() if name != "function"}

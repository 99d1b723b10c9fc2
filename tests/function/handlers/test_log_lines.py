"""What functions log, for people and dashboards: the contract's fields, and no others."""

from __future__ import annotations

import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.steps import Step
from rotating_rds_function.domain.versions import AWSPENDING, Times
from rotating_rds_function.handlers.probe import handler as probe
from tests.support.deployed_function import NEW, Context, Deployed, wrong_password
from tests.support.secrets_manager_api import ARN
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    import pytest

NOW = 1_800_000_000.0
SCHEMA: dict[str, Any] = json.loads((ROOT / "lambda" / "contract.schema.json").read_text(encoding="utf-8"))
# What every record has; Lambda's JSON format makes fields of the rest.
_OF_EVERY_RECORD = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the fields of each line that was logged."""
    records = [vars(record) for record in caplog.records if record.name == "rotating_rds"]
    return [{name: value for name, value in record.items() if name not in _OF_EVERY_RECORD} for record in records]


def hold(found: list[dict[str, Any]], definition: str, *, seldom: set[str]) -> None:
    """Hold lines against the contract: each is one of its lines, and together they have every field but some."""
    for line in found:
        Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{definition}"}).validate(line)
    fields = {name for line in found for name in line}
    assert SCHEMA["$defs"][definition]["properties"].keys() - fields == seldom


def test_the_lines_of_a_rotation_are_the_contract_s(deployed: Deployed, caplog: pytest.LogCaptureFixture) -> None:
    """One that succeeds, one that is repeated, and one that fails."""
    for step in (*Step, Step.FINISH):
        deployed.invoke(step)
    with contextlib.suppress(RotationError):
        deployed.invoke("no step")
    assert {line["outcome"] for line in lines(caplog)} == {"succeeded", "already_done", "failed"}
    hold(lines(caplog), "stepLine", seldom=set())


def test_the_lines_of_the_probe_are_the_contract_s(deployed: Deployed, caplog: pytest.LogCaptureFixture) -> None:
    """Of a credential that logs in, and of one that does not; the rest is of pairs, and of MySQL."""
    deployed.secret.labels[NEW].discard(AWSPENDING)
    deployed.secret.times = Times(NOW, created=NOW - 86_400, due=NOW + 86_400)
    probe({"secrets": [ARN, "arn:elsewhere"]}, Context())
    wrong_password(deployed)
    probe({"secrets": [ARN]}, Context())
    assert {line["outcome"] for line in lines(caplog)} == {"succeeded", "failed", "unexamined"}
    hold(lines(caplog), "probeLine", seldom={"differences", "retained_hours"})

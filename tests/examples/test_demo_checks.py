"""Each check of the demo holds for a good run, and fails by itself when what it is about is missing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from examples.demo.audit import ADMINISTRATOR, DEPLOYMENT, OUTSIDER, Reader
from examples.demo.checks import CHECKS
from examples.demo.evidence import Evidence
from examples.demo.rotations import Rotation
from examples.demo.traffic import Connect, Traffic
from localcloud.control import RotationRecord, RotationStep

if TYPE_CHECKING:
    from collections.abc import Callable

ERROR = "PrivilegeError: not allowed"
HELD_AT = 100.0


def rotation(before: str, after: str, *, outcome: str = "succeeded", gap: float = 3.0) -> Rotation:
    """Make a rotation whose password changed at second 100."""
    steps = (
        RotationStep("createSecret", HELD_AT - 0.2, 0.1, None),
        RotationStep("setSecret", HELD_AT - 0.1, 0.1, None),
        RotationStep("finishSecret", HELD_AT + gap, 0.1, None),
    )
    return Rotation("a rotation", before, after, (RotationRecord("arn", after, 1, outcome, steps),))


def traffic(*, opened: int = 200, in_the_gap: int = 20, retries: int = 1) -> Traffic:
    """Make a run in which some connections were asked for in the gap."""
    began = [HELD_AT + 1.0] * in_the_gap + [HELD_AT - 50.0] * (opened - in_the_gap)
    connects = tuple(Connect(moment, 0.1, "connected", retries, "v") for moment in began)
    return Traffic(connects=connects, placed_orders=opened, stopped_in_order=True)


def good_run() -> Evidence:
    """Make evidence with which every check holds, though only just."""
    held, repaired = rotation("v2", "v3"), rotation("v3", "v4")
    return Evidence(
        rotations=[rotation("v0", "v1"), rotation("v1", "v2"), held, repaired],
        held=held,
        repaired=repaired,
        broken_step=("createSecret", ERROR),
        traffic=traffic(),
        consumer_role="app",
        function_role="function",
        provision_role="provision",
        probe_role="probe",
        readers=(
            Reader("app", 9, 0),
            Reader("function", 9, 0),
            Reader("provision", 1, 0),
            Reader("probe", 1, 0),
            Reader(ADMINISTRATOR, 1, 0),
            Reader(DEPLOYMENT, 1, 0),
            Reader(OUTSIDER, 0, 1),
        ),
        news_of_refusal="Reading a credential ... was refused",
        news_of_read="A credential ... was read",
        outsider_error="AccessDeniedException",
        news_of_failure="RotationFailed: ...",
        news_of_alarm="{...}",
        alarms=("errors",),
        processes=9,
        stacks_left=[],
        processes_left=[],
    )


def failing(evidence: Evidence) -> list[str]:
    """Name the checks that do not hold; what was found can be shown in any case."""
    assert all(check.found(evidence) for check in CHECKS)
    return [check.sentence for check in CHECKS if not check.holds(evidence)]


def test_a_good_run_passes_every_check() -> None:
    """The figures are the least that will do."""
    assert failing(good_run()) == []


def test_a_run_that_saw_nothing_passes_no_check() -> None:
    """Absence of evidence is a failure."""
    assert len(failing(Evidence())) == len(CHECKS)


def spoil(**changes: object) -> Callable[[Evidence], None]:
    """Replace parts of the evidence."""

    def apply(evidence: Evidence) -> None:
        for name, value in changes.items():
            setattr(evidence, name, value)

    return apply


READ_BY_NOBODY_ELSE = (
    "The trail shows reads by application, functions, deployment and that administrator, and by nobody else"
)
SHORT_HOLD = rotation("v2", "v3", gap=2.9)
FAILED_REPAIR = rotation("v3", "v3", outcome="failed")


@pytest.mark.parametrize(
    ("spoiler", "sentences"),
    [
        (spoil(rotations=[rotation("v0", "v1")]), ["Every rotation ended with its new version current"]),
        (spoil(traffic=traffic(opened=199)), ["At least 200 connections were opened"]),
        (spoil(traffic=traffic(in_the_gap=19)), ["At least 20 of them were asked for in that gap"]),
        (spoil(traffic=traffic(retries=0)), ["Refused logins were retried"]),
        (spoil(traffic=dataclasses.replace(traffic(), failed_orders=1)), ["Nothing failed for the application"]),
        (spoil(traffic=dataclasses.replace(traffic(), placed_orders=0)), ["Nothing failed for the application"]),
        (
            spoil(traffic=dataclasses.replace(traffic(), stopped_in_order=False)),
            ["The application stopped in good order"],
        ),
        (spoil(held=SHORT_HOLD), ["One rotation was held for 3 s between setSecret and finishSecret"]),
        (spoil(outsider_error=""), ["An outsider was denied the secret"]),
        (
            spoil(readers=good_run().readers[:-1]),
            ["The trail shows the outsider's denied read"],
        ),
        (
            spoil(readers=(*good_run().readers, Reader("stranger", 1, 0))),
            [READ_BY_NOBODY_ELSE],
        ),
        (spoil(news_of_refusal=""), ["On-call was told of the outsider's refused read"]),
        (spoil(news_of_read=""), ["On-call was told of the administrator's read, which nobody declared"]),
        (
            spoil(broken_step=("createSecret", "Task timed out after 30 seconds")),
            ["A rotation without a permission failed, naming the cause"],
        ),
        (spoil(news_of_failure=""), ["On-call was told of the failed rotation"]),
        (spoil(alarms=()), ["The alarm on the function's errors went off, and on-call was told"]),
        (spoil(news_of_alarm=""), ["The alarm on the function's errors went off, and on-call was told"]),
        (spoil(repaired=FAILED_REPAIR), ["After the repair the same rotation succeeded"]),
        (spoil(stacks_left=["rotating-rds-local-orders"]), ["Every stack is gone"]),
        (spoil(processes_left=["4711 postgres"]), ["No process is left"]),
    ],
)
def test_what_is_missing_fails_the_check_about_it(spoiler: Callable[[Evidence], None], sentences: list[str]) -> None:
    """By name, and no other one."""
    evidence = good_run()
    spoiler(evidence)
    assert failing(evidence) == sentences

"""What must hold, one row each: the sentence, the condition, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from examples.demo.acts import ENOUGH_CONNECTIONS, HELD_SECONDS
from examples.demo.audit import ADMINISTRATOR, DEPLOYMENT, OUTSIDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.demo.evidence import Evidence

_ENOUGH_IN_THE_GAP = 20
_ROTATIONS = 4  # first, second, held, repaired


@dataclass(frozen=True)
class Check:
    """A condition on the evidence.

    :param ends: Whether it is about the tear-down, which a kept local cloud does not have.
    """

    sentence: str
    holds: Callable[[Evidence], bool]
    found: Callable[[Evidence], str]
    ends: bool = False


def in_the_gap(evidence: Evidence) -> int:
    """Count the connections that were asked for while no current version logged in, and came about."""
    return len(evidence.traffic.opened_of(*evidence.held.gap)) if evidence.held and evidence.held.succeeded else 0


def _gap_seconds(evidence: Evidence) -> float:
    if evidence.held is None or not evidence.held.succeeded:
        return 0.0
    begin, end = evidence.held.gap
    return end - begin


def _retries(evidence: Evidence) -> int:
    return sum(connect.retries for connect in evidence.traffic.connects)


def _readers(evidence: Evidence) -> set[str]:
    return {reader.role for reader in evidence.readers if reader.granted}


def _expected_readers(evidence: Evidence) -> set[str]:
    functions = {evidence.function_role, evidence.provision_role, evidence.probe_role}
    return {evidence.consumer_role, ADMINISTRATOR, DEPLOYMENT, *functions}


def _denials(evidence: Evidence) -> int:
    return sum(reader.denied for reader in evidence.readers if reader.role == OUTSIDER)


CHECKS: tuple[Check, ...] = (
    Check(
        "Every rotation ended with its new version current",
        lambda seen: len(seen.rotations) == _ROTATIONS and all(rotation.succeeded for rotation in seen.rotations),
        lambda seen: f"{sum(rotation.succeeded for rotation in seen.rotations)} of {_ROTATIONS}",
    ),
    Check(
        f"At least {ENOUGH_CONNECTIONS} connections were opened",
        lambda seen: len(seen.traffic.opened) >= ENOUGH_CONNECTIONS,
        lambda seen: f"{len(seen.traffic.opened)} opened",
    ),
    Check(
        f"One rotation was held for {HELD_SECONDS:g} s between setSecret and finishSecret",
        lambda seen: _gap_seconds(seen) >= HELD_SECONDS,
        lambda seen: f"{_gap_seconds(seen):.2f} s",
    ),
    Check(
        f"At least {_ENOUGH_IN_THE_GAP} of them were asked for in that gap",
        lambda seen: in_the_gap(seen) >= _ENOUGH_IN_THE_GAP,
        lambda seen: f"{in_the_gap(seen)} in the gap",
    ),
    Check(
        "Refused logins were retried",
        lambda seen: _retries(seen) > 0,
        lambda seen: f"{_retries(seen)} retries",
    ),
    Check(
        "Nothing failed for the application",
        lambda seen: bool(seen.traffic.placed_orders) and not seen.traffic.failures,
        lambda seen: f"{seen.traffic.failures} failures, {seen.traffic.placed_orders} orders placed",
    ),
    Check(
        "The application stopped in good order",
        lambda seen: seen.traffic.stopped_in_order,
        lambda seen: "stopped" if seen.traffic.stopped_in_order else "did not stop by itself",
    ),
    Check(
        "An outsider was denied the secret",
        lambda seen: seen.outsider_error == "AccessDeniedException",
        lambda seen: {None: "not tried", "": "the read succeeded"}.get(seen.outsider_error, str(seen.outsider_error)),
    ),
    Check(
        "The trail shows the outsider's denied read",
        lambda seen: _denials(seen) > 0,
        lambda seen: f"{_denials(seen)} denied",
    ),
    Check(
        "On-call was told of the outsider's refused read",
        lambda seen: bool(seen.news_of_refusal),
        lambda seen: "message received" if seen.news_of_refusal else "nothing received",
    ),
    Check(
        "On-call was told of the administrator's read, which nobody declared",
        lambda seen: bool(seen.news_of_read),
        lambda seen: "message received" if seen.news_of_read else "nothing received",
    ),
    Check(
        "The trail shows reads by application, functions, deployment and that administrator, and by nobody else",
        lambda seen: _readers(seen) == _expected_readers(seen),
        lambda seen: f"{len(_readers(seen))} readers",
    ),
    Check(
        "A rotation without a permission failed, naming the cause",
        lambda seen: seen.broken_step is not None and seen.broken_step[1].startswith("PrivilegeError:"),
        lambda seen: seen.broken_step[0] if seen.broken_step else "no failure",
    ),
    Check(
        "On-call was told of the failed rotation",
        lambda seen: bool(seen.news_of_failure),
        lambda seen: "message received" if seen.news_of_failure else "nothing received",
    ),
    Check(
        "The alarm on the function's errors went off, and on-call was told",
        lambda seen: bool(seen.alarms and seen.news_of_alarm),
        lambda seen: f"{len(seen.alarms)} in ALARM, {'message' if seen.news_of_alarm else 'nothing'} received",
    ),
    Check(
        "After the repair the same rotation succeeded",
        lambda seen: seen.repaired is not None and seen.repaired.succeeded,
        lambda seen: f"after {seen.repaired.attempts} attempts" if seen.repaired else "not reached",
    ),
    Check(
        "Every stack is gone",
        lambda seen: seen.stacks_left == [],
        lambda seen: "not reached" if seen.stacks_left is None else ", ".join(seen.stacks_left) or "none left",
        ends=True,
    ),
    Check(
        "No process is left",
        lambda seen: seen.processes > 0 and seen.processes_left == [],
        lambda seen: (
            "not reached"
            if seen.processes_left is None
            else ", ".join(seen.processes_left) or f"none of {seen.processes}"
        ),
        ends=True,
    ),
)

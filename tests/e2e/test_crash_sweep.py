"""The rotation function killed before and after each of its external calls, on real servers.

The points are those of a recorded run. Each time a process is killed with SIGKILL, so that no handler, no `finally` and
no driver gets to tidy up; then the rotation is repeated with the same token, as Secrets Manager does.
"""

from __future__ import annotations

import itertools
import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.support.deployment import Deployment
    from tests.support.doomed_function import Call
    from tests.support.manual_rotation import ManualRotations

# What the function's session says to the server, beside what the driver says for it.
_STATEMENT = re.compile(r"LOG: +(?:statement|execute <unnamed>): (.*)")


def recorded_calls(rotations: ManualRotations) -> list[Call]:
    """Return the external calls of an undisturbed rotation."""
    rotation = rotations.start()
    exit_code, calls = rotation.run()
    assert exit_code == 0
    assert rotation.has_ended_well
    return calls


def test_the_recorded_run_misses_no_statement_of_the_server_log(paused: Deployment, by_hand: ManualRotations) -> None:
    """The points to die at are all there are: the journal has what the server logged, in its order."""
    (database,) = paused.cloud.control.databases()
    log = Path(database.log_file)
    rotation = by_hand.start()
    before = len(log.read_text())
    _, calls = rotation.run()
    logged = [" ".join(statement.split()[:2]) for statement in _STATEMENT.findall(log.read_text()[before:])]
    assert [call.name for call in calls if call.kind == "statement"] == logged
    assert len(logged) >= 5


def test_the_recorded_run_misses_no_call_of_the_trail(paused: Deployment, by_hand: ManualRotations) -> None:
    """Likewise for Secrets Manager: the journal has what the trail recorded of the function's role."""
    rotation = by_hand.start()
    before = set(calls_in_trail(paused))
    _, calls = rotation.run()
    new = [name for event, name in calls_in_trail(paused).items() if event not in before]
    assert sorted(call.name for call in calls if call.kind == "store") == sorted(new)


def calls_in_trail(deployment: Deployment) -> dict[str, str]:
    """Event id to event name of every call of Secrets Manager that the function's role made."""
    logs = deployment.cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=deployment.outputs["TrailLogGroupName"])
    events = [json.loads(entry["message"]) for page in pages for entry in page["events"]]
    return {
        event["eventID"]: event["eventName"]
        for event in events
        if event["eventSource"] == "secretsmanager.amazonaws.com"
        and deployment.function_role in event["userIdentity"].get("arn", "")
    }


def sweep(rotations: ManualRotations, points: Iterable[tuple[int, bool]], variant: str = "sound") -> None:
    """Kill the function at each point, then repeat the rotation and see it end well.

    :param points: index of an external call, and whether to die after it instead of before.
    """
    for index, after in points:
        rotation = rotations.start(variant)
        exit_code, calls = rotation.run(at=index, after=after)
        where = f"Killed {'after' if after else 'before'} call {index}, {calls[-1]},"
        assert exit_code == -signal.SIGKILL, f"{where} the function lives."
        assert rotation.some_value_logs_in, f"{where} neither AWSCURRENT nor AWSPENDING logs in."
        assert rotation.run()[0] == 0, f"{where} the repetition failed."
        assert rotation.has_ended_well, f"{where} the repetition did not end the rotation."


def test_it_converges_wherever_it_is_killed(by_hand: ManualRotations, tell: Callable[[str], None]) -> None:
    """Before and after each external call: some labelled value logs in, and a repetition ends the rotation."""
    calls = recorded_calls(by_hand)
    points = list(itertools.product(range(len(calls)), (False, True)))
    sweep(by_hand, points)
    tell(f"crash sweep: killed at {len(points)} points, converged each time")


@pytest.mark.parametrize(("variant", "last_effect"), [("no roll-forward", "COMMIT"), ("no retry", "PutSecretValue")])
def test_the_sweep_catches_a_function_that_is_not_idempotent(
    by_hand: ManualRotations, variant: str, last_effect: str
) -> None:
    """A function that does not know what an earlier run has done fails when it is repeated after that effect."""
    calls = recorded_calls(by_hand)
    effect = next(index for index, call in enumerate(calls) if call.name == last_effect)
    points = [(index, True) for index in range(effect, effect + 3)]  # a variant may make calls that the sound one lacks
    with pytest.raises(AssertionError, match=r"the repetition failed"):
        sweep(by_hand, points, variant)
    assert by_hand.resume().run()[0] == 0

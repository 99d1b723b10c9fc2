"""Which events a rule sees.

AWS: a rule in state ENABLED sees no read-only management events that come through CloudTrail; the state
ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS sees them too ("Receiving read-only management events from AWS services",
EventBridge User Guide). What counts there is the name: Describe, Get and List; other reads, such as
BatchGetSecretValue, reach an ENABLED rule as well. ministack shows an ENABLED rule everything and ignores rules in the
other state.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator

_logger = logging.getLogger("localcloud.events")

_view_of = patches.expect(eventbridge, "_pattern_event_view", "(event)")
_matches = patches.expect(eventbridge, "_matches_pattern_view", "(pattern_str, view, owner='rule')")

_ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
_READ_NAMES = ("Describe", "Get", "List")
# Their names begin with Get, but EventBridge counts them among the changes (same page).
_NOT_READ_ONLY = ("GetFederationToken", "GetSessionToken")


def install(_: Emulator) -> None:
    """Dispatch events by the state of each rule."""
    patches.require(eventbridge, "_rules", "_targets")
    patches.replace(eventbridge, "_dispatch_event", "(event, view=None)", _dispatch)


def _dispatch(_: Callable[..., None], event: dict[str, Any], view: Any = None) -> None:
    view = view or _view_of(event)
    states = {_ALL} if _is_read_only(event) else {_ALL, "ENABLED"}
    path = set(event.get("_DispatchPath") or [])
    for key, rule in list(eventbridge._rules.items()):
        if (
            rule.get("EventBusName", "default") != event.get("EventBusName", "default")
            or rule.get("State") not in states
        ):
            continue
        if key in path:
            _logger.warning("The rule %s would trigger itself.", key)
        elif rule.get("EventPattern") and _matches(rule["EventPattern"], view, f"rule {key}"):
            for target in list(eventbridge._targets.get(key, [])):
                eventbridge._invoke_target(target, event, rule, view)  # looked up late: a hook wraps it


def _is_read_only(event: dict[str, Any]) -> bool:
    if event.get("DetailType") != "AWS API Call via CloudTrail":
        return False
    detail = json.loads(event.get("Detail") or "{}")
    name = str(detail.get("eventName"))
    return detail.get("readOnly") is True and name.startswith(_READ_NAMES) and name not in _NOT_READ_ONLY

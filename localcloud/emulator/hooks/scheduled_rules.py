"""Rules with a schedule, `rate(...)` or `cron(...)`, by the emulator's clock.

ministack looks every ten seconds of the machine's clock. The countdown of a rate begins when the rule is created
("Creating a rule that runs on a schedule", EventBridge User Guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import eventbridge

from localcloud.emulator import clock, patches

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator

_tick = patches.expect(eventbridge, "_tick_scheduled_rules", "()")
_rate_seconds = patches.expect(eventbridge, "_parse_rate_seconds", "(expr)")
_cron_fields = patches.expect(eventbridge, "_parse_cron_fields", "(expr)")
_cron_next = patches.expect(eventbridge, "_cron_next_fire", "(fields, after_dt)")


def install(emulator: Emulator) -> None:
    """Enter the rules into the timetable instead."""
    patches.require(eventbridge, "_rules", "_rule_last_fired")
    patches.replace(eventbridge, "start_scheduler", "()", lambda _: None)
    emulator.timetable.add(_upcoming, _fire)


def _fire() -> None:
    """Fire what is due; a rule that was deleted and is created again counts from its creation."""
    for key in set(eventbridge._rule_last_fired) - set(eventbridge._rules._data):
        del eventbridge._rule_last_fired[key]
    _tick()


def _upcoming() -> float | None:
    scheduled = [
        (key, rule)
        for key, rule in list(eventbridge._rules._data.items())
        if rule.get("ScheduleExpression") and rule.get("State") == "ENABLED"
    ]
    return min((_next(key, rule) for key, rule in scheduled), default=None)


def _next(key: tuple[str, str, str], rule: dict[str, Any]) -> float:
    last = eventbridge._rule_last_fired.get(key)
    if last is None:
        return clock.now()  # ministack begins to count when it first sees the rule
    seconds = _rate_seconds(rule["ScheduleExpression"])
    if seconds is not None:
        return float(last + seconds)
    fields = _cron_fields(rule["ScheduleExpression"])
    moment = _cron_next(fields, clock.utc(last)) if fields else None
    return moment.timestamp() if moment else float("inf")

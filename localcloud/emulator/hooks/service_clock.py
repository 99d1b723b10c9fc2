"""The services' clock is the emulator's, which tests may move.

ministack's services read the machine's clock. Those whose dates somebody watches (secrets, keys, trails, logs,
metrics, alarms, rules, notifications) read the emulator's instead; queues and sessions stay with the machine's, so that
no message and no credential expires because a month passed in a minute. Requests are signed by processes whose clock is
the machine's and by functions whose clock is or was the emulator's: all are accepted.
"""

from __future__ import annotations

import time
from datetime import timedelta
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import sigv4
from ministack.services import (
    cloudtrail,
    cloudwatch,
    cloudwatch_logs,
    eventbridge,
    iam,
    kms,
    rds,
    secretsmanager,
    sns,
    sqs,
)
from ministack.services.cloudformation import provisioners

from localcloud.emulator import clock, patches

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from time import struct_time

    from localcloud.emulator.emulator import Emulator

_signed_at = patches.expect(sigv4, "_amz_datetime", "(value)")

_MOVED = (
    cloudtrail,
    cloudwatch,
    cloudwatch_logs,
    eventbridge,
    iam,
    kms,
    provisioners,
    rds,
    secretsmanager,
    sns,
)


class _ServiceTime:
    """The module `time`, as far as services see it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        """Return the emulator's time."""
        return clock.now()

    def gmtime(self, seconds: float | None = None) -> struct_time:
        """Return a moment, by default the emulator's present."""
        return time.gmtime(clock.now() if seconds is None else seconds)


def install(_: Emulator) -> None:
    """Give the services their clock."""
    for module in _MOVED:
        patches.require(module, "time")
        module.time = _ServiceTime()
    # Who compares dates in an answer with the answer's own date compares two of the same clock.
    patches.require(app, "formatdate")
    app.formatdate = lambda *, usegmt: formatdate(clock.now(), usegmt=usegmt)
    patches.replace(sqs, "_ensure_msg_fields", "(m)", _date_message)
    patches.replace(sigv4, "request_time_failure", "(signature, *, now=None)", _time_failure)


def _date_message(original: Callable[..., None], m: dict[str, Any]) -> None:
    """Date a message by the queue's clock, which a rule or a topic has dated by its own."""
    original(m)
    if m["sent_at"] > time.time() + clock.ahead() / 2:
        m |= {"sent_at": m["sent_at"] - clock.ahead(), "visible_at": m["visible_at"] - clock.ahead()}


def _time_failure(original: Callable[..., Any], signature: Any, *, now: datetime | None = None) -> Any:
    """Judge the time of a signature by the moment nearest to it between the machine's clock and the emulator's."""
    signed, machine = _signed_at(signature.amz_date), now or clock.utc(time.time())
    if signed is None:
        return None
    return original(signature, now=min(max(signed, machine), machine + timedelta(seconds=clock.ahead())))

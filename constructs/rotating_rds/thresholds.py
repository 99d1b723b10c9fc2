"""From when on to worry."""

from __future__ import annotations

from dataclasses import dataclass, field

from aws_cdk import Duration


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What alarms of a database compare with.

    :param overdue: how long after it was due a rotation may still be missing; a day unless given, which is longer than
        Secrets Manager repeats a rotation that failed. A rotation that is switched off counts as due since then.
    :param pending: how long a rotation that has begun may take to end; an hour unless given.
    :param retained: how long an old password may outlive its time; a day unless given, in which the probe tries again.
    :param certificate: how long before its end an authority or certificate of the server is to be replaced; 90 days
        unless given.
    :param silence: for how long no examination may be complete; 36 hours unless given, counted in steps of 6 hours.
    """

    overdue: Duration = field(default_factory=lambda: Duration.days(1))
    pending: Duration = field(default_factory=lambda: Duration.hours(1))
    retained: Duration = field(default_factory=lambda: Duration.days(1))
    certificate: Duration = field(default_factory=lambda: Duration.days(90))
    silence: Duration = field(default_factory=lambda: Duration.hours(36))

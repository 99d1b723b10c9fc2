"""What alarms look for in the credentials of a database, and what they say to people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds.engine import Engine
    from rotating_rds.metrics import RotationMetrics
    from rotating_rds.rotation import Rotation
    from rotating_rds.thresholds import Thresholds

SILENCE_STEP: Final = Duration.hours(6)
"""The period in which examinations are counted, and hence a unit of silence."""

_MINUTE: Final = Duration.minutes(1)
"""So that an examination after a repair counts apart from the one before."""

_AT_LEAST: Final = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_LESS: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

_NO_NEWS: Final = cloudwatch.TreatMissingData.NOT_BREACHING
"""Between rotations the function does not run, and an absent metric is no news."""

_UNCHANGED: Final = cloudwatch.TreatMissingData.IGNORE
"""What the probe has found is so until it finds something else."""

_UNKNOWN: Final = cloudwatch.TreatMissingData.MISSING
"""Every alarm begins with insufficient data: only who goes back to it tells, and no new database with a false alarm."""


class Severity(Enum):
    """How soon somebody has to look."""

    CRITICAL = auto()
    """Applications cannot log in, or will not be able to."""

    WARNING = auto()
    """Nothing fails yet."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to look for.

    :param name: of the alarm, as a construct's id.
    :param metric: what tells.
    :param sentence: what an alarm means, with a place for the database's id.
    :param paragraph: of the runbook.
    :param threshold: compared with.
    :param comparison: which makes the alarm.
    :param missing: how the absence of data is taken.
    :param concerns: whether it can be found about a credential that rotates so.
    """

    name: str
    metric: Callable[[RotationMetrics], cloudwatch.Metric]
    sentence: str
    paragraph: str
    severity: Severity = Severity.WARNING
    threshold: Callable[[Thresholds], float] = lambda _: 1
    comparison: cloudwatch.ComparisonOperator = _AT_LEAST
    missing: cloudwatch.TreatMissingData = _UNCHANGED
    periods: Callable[[Thresholds], int] = lambda _: 1
    concerns: Callable[[Rotation, Engine], bool] = lambda _rotation, _engine: True


FINDINGS: Final = (
    Finding(
        name="FunctionErrors",
        metric=lambda metrics: metrics.function_errors(),
        sentence="A step of the rotation of {database} failed; Secrets Manager repeats it.",
        paragraph="Function errors",
        missing=_NO_NEWS,
    ),
    Finding(
        name="FunctionThrottles",
        metric=lambda metrics: metrics.function_throttles(),
        sentence="The rotation function of {database} had no concurrency left.",
        paragraph="Function throttles",
        missing=_NO_NEWS,
    ),
    Finding(
        name="LoginFails",
        metric=lambda metrics: metrics.login_failures(period=_MINUTE),
        sentence="A credential of {database} does not log in: new connections of applications fail.",
        paragraph="Credential does not log in",
        severity=Severity.CRITICAL,
    ),
    Finding(
        name="RotationStuck",
        metric=lambda metrics: metrics.pending_hours(period=_MINUTE),
        sentence="A rotation of {database} began and has not ended: it may have changed the password already.",
        paragraph="Rotation stuck",
        severity=Severity.CRITICAL,
        threshold=lambda thresholds: thresholds.pending.to_seconds() / 3600,
    ),
    Finding(
        name="RotationOverdue",
        metric=lambda metrics: metrics.overdue_hours(period=_MINUTE),
        sentence="A credential of {database} was due and has not rotated, or its rotation is switched off.",
        paragraph="Rotation overdue",
        threshold=lambda thresholds: thresholds.overdue.to_seconds() / 3600,
    ),
    Finding(
        name="CertificateEnds",
        metric=lambda metrics: metrics.certificate_days(period=_MINUTE),
        sentence="A certificate that proves the identity of {database} ends soon: from then on nobody connects.",
        paragraph="Certificate ends",
        threshold=lambda thresholds: thresholds.certificate.to_seconds() / 86_400,
        comparison=_LESS,
    ),
    Finding(
        name="PrivilegesDiffer",
        metric=lambda metrics: metrics.privilege_differences(period=_MINUTE),
        sentence="The two logins of a user of {database} may do different things: a rotation changes that, or fails.",
        paragraph="Privileges differ",
        concerns=lambda rotation, _engine: rotation.strategy.alternates,
    ),
    Finding(
        name="PasswordRetained",
        metric=lambda metrics: metrics.retained_hours(period=_MINUTE),
        sentence="An old password of a user of {database} still logs in though its time is over.",
        paragraph="Old password retained",
        threshold=lambda thresholds: thresholds.retained.to_seconds() / 3600,
        concerns=lambda rotation, engine: rotation.strategy.retains(engine),
    ),
    Finding(
        name="ProbeIncomplete",
        metric=lambda metrics: metrics.probe_runs(period=_MINUTE),
        sentence="A credential of {database} could not be examined: nobody knows whether it logs in.",
        paragraph="Probe incomplete",
        comparison=_LESS,
    ),
    Finding(
        name="ProbeSilent",
        metric=lambda metrics: metrics.probe_completions(period=SILENCE_STEP),
        sentence="Nobody knows whether the credentials of {database} log in: the probe does not run.",
        paragraph="Probe silent",
        comparison=_LESS,
        missing=_UNKNOWN,
        periods=lambda thresholds: max(1, -(-int(thresholds.silence.to_seconds()) // int(SILENCE_STEP.to_seconds()))),
    ),
)
"""In the order in which a person would want to read them."""

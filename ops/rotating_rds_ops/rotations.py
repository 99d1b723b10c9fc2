"""Rotating on demand, and watching it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from rotating_rds_ops.credentials import again
from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential

_POLL_SECONDS = 1.0
# CloudWatch Logs may show a line that much later than it was written.
_LOG_DELAY_SECONDS = 20.0
_PATIENCE_FOR_LINES = 8.0
_LAST_STEP = "finishSecret"
# Secrets Manager repeats every failed rotation; these causes stay until somebody does something about them.
_LASTING_CAUSES = frozenset({"authentication", "privilege", "refused", "tls", "wrong_state"})


class RotationFailedError(OperationError):
    """A rotation did not end.

    :param cause: of the last step that failed, by the table in docs/architecture.md; None if none did.
    """

    def __init__(self, sentence: str, cause: str | None) -> None:
        super().__init__(sentence)
        self.cause = cause


@dataclass(frozen=True)
class Step:
    """A step of a rotation as its log line tells it.

    :param fresh: whether it happened since the rotation was asked for; a repeated one has failed before.
    """

    name: str
    outcome: str
    seconds: float
    cause: str | None
    sentence: str | None
    fresh: bool

    @property
    def needs_somebody(self) -> bool:
        """Whether it failed just now, so that repeating it does not help."""
        return self.fresh and self.outcome == "failed" and self.cause in _LASTING_CAUSES


class Begun(NamedTuple):
    """A rotation that was asked for.

    :param at: when it was, by the clock of Secrets Manager, in seconds since the epoch.
    :param earlier: ids of the log events that earlier attempts at it have left.
    """

    version: str
    at: float
    earlier: frozenset[str] = frozenset()


def begin(aws: Aws, credential: Credential) -> Begun:
    """Start a rotation, or have the one repeated that has not ended.

    :raises OperationError: if nothing rotates the credential.
    """
    if not credential.rotates:
        raise OperationError(
            f"The rotation of {credential.name} is switched off: deploy its stack again, or switch it on with "
            "`aws secretsmanager rotate-secret` and its rotation rules."
        )
    stuck = credential.stages["AWSPENDING"] if credential.pending else None
    earlier = frozenset(_events(aws, credential, stuck, since=0.0)) if stuck is not None else frozenset()
    try:
        answer = aws.secrets.rotate_secret(SecretId=credential.arn)
    except aws.secrets.exceptions.InvalidRequestException as error:
        # "A previous rotation isn't complete. That rotation will be reattempted."
        if stuck is None:
            raise OperationError(
                f"Secrets Manager does not rotate {credential.name} now ({error}): try again in a minute."
            ) from error
        return Begun(stuck, _asked_at(error.response), earlier)
    return Begun(answer["VersionId"], _asked_at(answer))


def _asked_at(answer: Any) -> float:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()


def watch(
    aws: Aws, credential: Credential, begun: Begun, *, seconds: float, tell: Callable[[Step], None]
) -> Credential:
    """Wait for the end of a rotation, and return the credential as it is then.

    :param tell: gets every step when its log line can be read.
    :raises RotationFailedError: with the cause, if it did not succeed in time, or cannot by itself.
    """
    last: Step | None = None
    steps = _steps(aws, credential, begun)
    ended: Credential | None = None
    deadline = time.time() + seconds
    while True:
        for step in next(steps):
            tell(step)
            last = step
            if step.needs_somebody:
                raise _why(credential, last, seconds)
        now = again(aws, credential)
        if ended is None and now.stages.get("AWSCURRENT") == begun.version and not now.pending:
            # Log lines come a little later than what they tell of.
            ended, deadline = now, time.time() + _PATIENCE_FOR_LINES
        if ended is not None and ((last is not None and last.name == _LAST_STEP) or time.time() > deadline):
            return ended
        if time.time() > deadline:
            raise _why(credential, last, seconds)
        time.sleep(_POLL_SECONDS)


def _why(credential: Credential, failed: Step | None, seconds: float) -> RotationFailedError:
    if failed is None or failed.outcome != "failed":
        return RotationFailedError(
            f"The rotation of {credential.name} did not end within {seconds:g} seconds, and no step of it failed: see "
            "'Rotation stuck' in docs/runbook.md.",
            None,
        )
    return RotationFailedError(
        f"The rotation of {credential.name} fails in {failed.name} ({failed.cause}): {failed.sentence} "
        "See 'Rotation failed' in docs/runbook.md.",
        failed.cause,
    )


def _steps(aws: Aws, credential: Credential, begun: Begun) -> Iterator[list[Step]]:
    """Yield again and again what came since; the log of a rotation that is repeated begins a little earlier."""
    seen: set[str] = set()
    while True:
        found = []
        for event_id, event in _events(aws, credential, begun.version, since=begun.at - _LOG_DELAY_SECONDS).items():
            if event_id not in seen:
                seen.add(event_id)
                fresh = event_id not in begun.earlier and event["timestamp"] / 1000 >= begun.at
                found.append(_step(json.loads(event["message"]), fresh=fresh))
        yield found


def _events(aws: Aws, credential: Credential, version: str, *, since: float) -> dict[str, Any]:
    """Return what the log says of the rotation to a version, by the ids of its events."""
    if credential.function is None:
        return {}
    logging = aws.functions.get_function_configuration(FunctionName=credential.function).get("LoggingConfig", {})
    answer = aws.logs.filter_log_events(
        logGroupName=logging["LogGroup"], startTime=int(since * 1000), filterPattern=f'{{ $.token = "{version}" }}'
    )
    return {event["eventId"]: event for event in answer["events"]}


def _step(line: dict[str, Any], *, fresh: bool) -> Step:
    return Step(line["step"], line["outcome"], line["seconds"], line.get("cause"), line.get("message"), fresh)

"""Rotating on demand, and watching it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

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


@dataclass(frozen=True)
class Step:
    """A step of a rotation as its log line tells it."""

    name: str
    outcome: str
    seconds: float
    cause: str | None
    sentence: str | None


def begin(aws: Aws, credential: Credential) -> str:
    """Start a rotation, or have the one repeated that has not ended, and return its version.

    :raises OperationError: if nothing rotates the credential.
    """
    if not credential.rotates:
        raise OperationError(
            f"The rotation of {credential.name} is switched off: deploy its stack again, or switch it on with "
            "`aws secretsmanager rotate-secret` and its rotation rules."
        )
    stuck = credential.stages["AWSPENDING"] if credential.pending else None
    try:
        return aws.secrets.rotate_secret(SecretId=credential.arn)["VersionId"]
    except aws.secrets.exceptions.InvalidRequestException as error:
        # "A previous rotation isn't complete. That rotation will be reattempted."
        if stuck is None:
            raise OperationError(
                f"Secrets Manager does not rotate {credential.name} now ({error}): try again in a minute."
            ) from error
        return stuck


def watch(
    aws: Aws, credential: Credential, version: str, *, seconds: float, tell: Callable[[Step], None]
) -> Credential:
    """Wait for the end of a rotation, and return the credential as it is then.

    :param tell: gets every step when its log line can be read.
    :raises OperationError: with the cause, if it did not succeed in time.
    """
    began, last = time.time(), None
    steps = _steps(aws, credential, version, since=began - _POLL_SECONDS)
    ended: Credential | None = None
    deadline = began + seconds
    while True:
        for step in next(steps):
            tell(step)
            last = step
        now = again(aws, credential)
        if ended is None and now.stages.get("AWSCURRENT") == version and not now.pending:
            # Log lines come a little later than what they tell of.
            ended, deadline = now, time.time() + _PATIENCE_FOR_LINES
        if ended is not None and ((last is not None and last.name == _LAST_STEP) or time.time() > deadline):
            return ended
        if time.time() > deadline:
            raise OperationError(_why(credential, last, seconds))
        time.sleep(_POLL_SECONDS)


def _why(credential: Credential, failed: Step | None, seconds: float) -> str:
    if failed is None or failed.outcome != "failed":
        return (
            f"The rotation of {credential.name} did not end within {seconds:g} seconds, and no step of it failed: see "
            "'Rotation stuck' in docs/runbook.md."
        )
    return (
        f"The rotation of {credential.name} fails in {failed.name} ({failed.cause}): {failed.sentence} "
        "See 'Rotation failed' in docs/runbook.md."
    )


def _steps(aws: Aws, credential: Credential, version: str, *, since: float) -> Iterator[list[Step]]:
    """Yield again and again what came since."""
    if credential.function is None:
        while True:
            yield []
    logging = aws.functions.get_function_configuration(FunctionName=credential.function).get("LoggingConfig", {})
    seen: set[str] = set()
    while True:
        found = []
        answer = aws.logs.filter_log_events(
            logGroupName=logging["LogGroup"],
            startTime=int((since - _LOG_DELAY_SECONDS) * 1000),
            filterPattern=f'{{ $.token = "{version}" }}',
        )
        for event in answer["events"]:
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                line = json.loads(event["message"])
                found.append(
                    Step(line["step"], line["outcome"], line["seconds"], line.get("cause"), line.get("message"))
                )
        yield found

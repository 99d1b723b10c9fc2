"""What a step leaves behind for people and alarms: one log line, one line of metrics."""

from __future__ import annotations

import json
import logging
from typing import Any, Final, NamedTuple

NAMESPACE: Final = "RotatingRDS"
_METRICS: Final = {"StepDuration": "Milliseconds", "StepFailures": "Count", "StepAttempts": "Count"}
UNKNOWN: Final = "unknown"

# At DEBUG they write requests and answers, values of secrets among them, whatever level the function is set to.
_WIRE_LOGGERS: Final = ("boto3", "botocore", "urllib3")

logger = logging.getLogger("rotating_rds")
logger.setLevel(logging.INFO)


def quiet_wire_logs() -> None:
    """Keep the SDK from logging what it sends and receives."""
    for name in _WIRE_LOGGERS:
        logging.getLogger(name).setLevel(logging.INFO)


class StepReport(NamedTuple):
    """One step as it ended; the field names are those of the log line, by `$defs/stepLine` of the contract.

    :param outcome: succeeded, already_done or failed.
    :param cause: of a failure; None otherwise.
    :param secret: ARN of the secret.
    :param token: what the invocation belongs to: the version that a rotation makes, or a request of CloudFormation.
    """

    step: str
    outcome: str
    cause: str | None
    seconds: float
    attempts: int
    secret: str
    token: str
    database: str = UNKNOWN
    engine: str = UNKNOWN
    strategy: str = UNKNOWN

    def log(self, sentence: str | None) -> None:
        """Write the log line; Lambda's JSON format makes fields of it.

        :param sentence: what failed; None if nothing did.
        """
        level = logging.INFO if sentence is None else logging.ERROR
        fields = {name: value for name, value in self._asdict().items() if value is not None}
        logger.log(level, "%s %s", self.step, sentence or self.outcome, extra=fields)

    def metrics(self, milliseconds_since_epoch: int) -> str:
        """Return the step's metrics as a line of CloudWatch's embedded metric format."""
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["Database"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, unit in _METRICS.items()],
        }
        line: dict[str, Any] = {
            "_aws": {"Timestamp": milliseconds_since_epoch, "CloudWatchMetrics": [directive]},
            "Database": self.database,
            "Step": self.step,
            "StepDuration": round(self.seconds * 1000, 3),
            "StepFailures": int(self.cause is not None),
            "StepAttempts": self.attempts,
        }
        return json.dumps(line, separators=(",", ":"))

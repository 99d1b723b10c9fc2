"""What every handler shares: its time, its ports to the outside, and the last look at what went wrong."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

from rotating_rds_function.adapters import secrets_manager, tls
from rotating_rds_function.adapters.boundary import RedactingDatabase, RedactingStore
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES, open_database
from rotating_rds_function.adapters.redaction import Redactor
from rotating_rds_function.adapters.reporting import StepReport, quiet_wire_logs
from rotating_rds_function.domain.endpoints import VARIABLE, parse_endpoints
from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

    from rotating_rds_function.domain.ports import Database, SecretStore
    from rotating_rds_function.domain.progress import Progress
    from rotating_rds_function.domain.targets import Target

_RESERVE: Final = 1.5
"""Seconds of the function's time that are kept for the report of a failure."""


class LambdaContext(Protocol):
    """What handlers use of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""


class Edges(NamedTuple):
    """Ports whose errors tell no secret, and what the function was deployed for."""

    store: SecretStore
    deployment: Deployment
    connect: Callable[[Target], Database]


@dataclass(frozen=True)
class Invocation:
    """One invocation of a handler.

    :param deadline: when its report has to begin.
    :param started: on the clock.
    """

    clock: SystemClock
    deadline: Deadline
    started: float
    redactor: Redactor = field(default_factory=Redactor)

    @classmethod
    def begin(cls, context: LambdaContext) -> Self:
        """Take the time."""
        quiet_wire_logs()
        clock = SystemClock()
        deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - _RESERVE)
        return cls(clock, deadline, clock.now())

    def edges(self) -> Edges:
        """Put the ports together from the environment.

        :raises ConfigurationError: if it is not what the contract describes.
        """
        endpoints = parse_endpoints(os.environ.get(VARIABLE))
        trust = tls.trust(os.environ.get(tls.CA_BUNDLE_VARIABLE))
        return Edges(
            store=RedactingStore(secrets_manager.SecretsManagerStore(secrets_manager.client()), self.redactor),
            deployment=Deployment(endpoints, ENGINES, STRATEGIES),
            connect=lambda target: RedactingDatabase(
                open_database(target, trust=trust, deadline=self.deadline), self.redactor
            ),
        )

    def publish(
        self, progress: Progress, result: StrEnum | RotationError, *, step: str, secret: str, token: str
    ) -> None:
        """Write the log line and the metrics.

        :param result: how it ended, by an outcome or an error.
        :param secret: ARN of the secret that it was about.
        :param token: what names the request among those about this secret.
        """
        failure = result if isinstance(result, RotationError) else None
        target = progress.target
        known = {"database": target.database, "engine": target.engine} if target else {}
        report = StepReport(
            step=step,
            outcome="failed" if failure else str(result),
            cause=failure.cause if failure else None,
            seconds=round(self.clock.now() - self.started, 6),
            attempts=progress.attempts,
            secret=secret,
            token=token,
            **known,
            **({"strategy": target.strategy} if target and target.strategy else {}),
        )
        report.log(str(failure) if failure else None)
        print(report.metrics(time.time_ns() // 1_000_000), flush=True)  # noqa: T201 - EMF is read from standard output

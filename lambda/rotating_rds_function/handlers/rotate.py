"""The handler that Secrets Manager invokes, once for each step of a rotation."""

from __future__ import annotations

import os
import time
from typing import Final, Protocol

from rotating_rds_function.adapters import secrets_manager, tls
from rotating_rds_function.adapters.boundary import RedactingDatabase, RedactingStore
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.engines import ENGINES, open_database
from rotating_rds_function.adapters.redaction import Redactor
from rotating_rds_function.adapters.reporting import UNKNOWN, StepReport, quiet_wire_logs
from rotating_rds_function.domain.endpoints import VARIABLE, parse_endpoints
from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.patience import Deadline
from rotating_rds_function.domain.rotation import Outcome, Progress, Rotation
from rotating_rds_function.domain.steps import StepRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment

_RESERVE: Final = 1.5
"""Seconds of the function's time that are kept for the report of a failure."""


class LambdaContext(Protocol):
    """What the handler uses of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda stops the function."""


def handler(event: object, context: LambdaContext) -> None:
    """Run one step of a rotation.

    :raises RotationError: if it failed; Lambda reports type and sentence, and Secrets Manager tries again.
    """
    quiet_wire_logs()
    clock, redactor, progress = SystemClock(), Redactor(), Progress()
    deadline = Deadline(clock, context.get_remaining_time_in_millis() / 1000 - _RESERVE)
    started = clock.now()
    request: StepRequest | None = None
    result: Outcome | RotationError
    try:
        request = StepRequest.parse(event)
        result = compose(clock, deadline, redactor).run(request, progress)
    except Exception as error:  # noqa: BLE001 - whatever it is must be reported, and must not leak
        result = redactor.presentable(error)
    _publish(request, progress, result, clock.now() - started)
    if isinstance(result, RotationError):
        raise result  # out here, where the original is not its context


def compose(clock: SystemClock, deadline: Deadline, redactor: Redactor) -> Rotation:
    """Put the rotation together from the environment.

    :raises ConfigurationError: if the environment is not what the contract describes.
    """
    endpoints = parse_endpoints(os.environ.get(VARIABLE))
    trust = tls.trust(os.environ.get(tls.CA_BUNDLE_VARIABLE))
    return Rotation(
        store=RedactingStore(secrets_manager.SecretsManagerStore(secrets_manager.client()), redactor),
        deployment=Deployment(endpoints, ENGINES, STRATEGIES),
        connect=lambda target: RedactingDatabase(open_database(target, trust=trust, deadline=deadline), redactor),
        clock=clock,
        deadline=deadline,
    )


def _publish(request: StepRequest | None, progress: Progress, result: Outcome | RotationError, seconds: float) -> None:
    failure = result if isinstance(result, RotationError) else None
    target = progress.target
    report = StepReport(
        step=request.step if request else UNKNOWN,
        outcome="failed" if failure else str(result),
        cause=failure.cause if failure else None,
        seconds=round(seconds, 6),
        attempts=progress.attempts,
        secret=request.secret_id if request else UNKNOWN,
        token=request.token if request else UNKNOWN,
        **({"database": target.database, "engine": target.engine, "strategy": target.strategy} if target else {}),
    )
    report.log(str(failure) if failure else None)
    print(report.metrics(time.time_ns() // 1_000_000), flush=True)  # noqa: T201 - EMF is read from standard output

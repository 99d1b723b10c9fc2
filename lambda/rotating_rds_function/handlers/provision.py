"""The handler by which CloudFormation makes users, through the Provider framework of the CDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.reporting import UNKNOWN, StepReport
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionProgress, ProvisionRequest
from rotating_rds_function.handlers.invocation import Invocation

if TYPE_CHECKING:
    from rotating_rds_function.domain.errors import RotationError
    from rotating_rds_function.handlers.invocation import LambdaContext

_STEP: Final = "provision"


def handler(event: object, context: LambdaContext) -> dict[str, str]:
    """Make, change or remove one user.

    :returns: the user's name for CloudFormation.
    :raises RotationError: if it failed; the framework hands type and sentence on to CloudFormation, which rolls back.
    """
    invocation, progress = Invocation.begin(context), ProvisionProgress()
    request: ProvisionRequest | None = None
    failure: RotationError | None = None
    try:
        request = ProvisionRequest.parse(event)
        edges = invocation.edges()
        Provisioning(edges.store, edges.deployment, edges.connect, invocation.clock, invocation.deadline).run(
            request, progress
        )
    except Exception as error:  # noqa: BLE001 - whatever it is must be reported, and must not leak
        failure = invocation.redactor.presentable(error)
    _publish(invocation, request, progress, failure)
    if failure is not None:
        raise failure  # out here, where the original is not its context
    return {} if request is None else {"PhysicalResourceId": request.physical_id}


def _publish(
    invocation: Invocation,
    request: ProvisionRequest | None,
    progress: ProvisionProgress,
    failure: RotationError | None,
) -> None:
    target = progress.target
    report = StepReport(
        step=_STEP,
        outcome="failed" if failure else "succeeded",
        cause=failure.cause if failure else None,
        seconds=invocation.seconds,
        attempts=progress.attempts,
        secret=request.secret_id if request else UNKNOWN,
        token=UNKNOWN,
        **({"database": target.database, "engine": target.engine} if target else {}),
    )
    invocation.publish(report, failure)

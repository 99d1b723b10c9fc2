"""The handler by which CloudFormation makes users, through the Provider framework of the CDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.reporting import UNKNOWN
from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.provisioning import Provisioning, ProvisionOutcome
from rotating_rds_function.domain.requests import ProvisionRequest
from rotating_rds_function.handlers.invocation import Invocation

if TYPE_CHECKING:
    from rotating_rds_function.handlers.invocation import LambdaContext

_STEP: Final = "provision"


def handler(event: object, context: LambdaContext) -> dict[str, str]:
    """Make, change or remove one user.

    :returns: the user's name for CloudFormation.
    :raises RotationError: if it failed; the framework hands type and sentence on to CloudFormation, which rolls back.
    """
    invocation, progress = Invocation.begin(context), Progress()
    request: ProvisionRequest | None = None
    result: ProvisionOutcome | RotationError
    try:
        request = ProvisionRequest.parse(event)
        edges = invocation.edges()
        provisioning = Provisioning(edges.store, edges.deployment, edges.connect, invocation.clock, invocation.deadline)
        result = provisioning.run(request, progress)
    except Exception as error:  # noqa: BLE001 - whatever it is must be reported, and must not leak
        result = invocation.redactor.presentable(error)
    _publish(invocation, request, progress, result)
    if isinstance(result, RotationError):
        raise result  # out here, where the original is not its context
    assert request is not None, "without a request, there is no other result than an error"  # noqa: S101
    return {"PhysicalResourceId": request.physical_id}


def _publish(
    invocation: Invocation,
    request: ProvisionRequest | None,
    progress: Progress,
    result: ProvisionOutcome | RotationError,
) -> None:
    user = request.user if request else None
    invocation.publish(
        progress,
        result,
        step=_STEP,
        secret=user.secret_id if user else UNKNOWN,
        token=request.request_id if request else UNKNOWN,
    )

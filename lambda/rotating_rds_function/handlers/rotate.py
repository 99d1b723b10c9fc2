"""The handler that Secrets Manager invokes, once for each step of a rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.adapters.reporting import UNKNOWN
from rotating_rds_function.domain.errors import RotationError
from rotating_rds_function.domain.progress import Progress
from rotating_rds_function.domain.rotation import Outcome, Rotation
from rotating_rds_function.domain.steps import StepRequest
from rotating_rds_function.handlers.invocation import Invocation

if TYPE_CHECKING:
    from rotating_rds_function.handlers.invocation import LambdaContext


def handler(event: object, context: LambdaContext) -> None:
    """Run one step of a rotation.

    :raises RotationError: if it failed; Lambda reports type and sentence, and Secrets Manager tries again.
    """
    invocation, progress = Invocation.begin(context), Progress()
    request: StepRequest | None = None
    result: Outcome | RotationError
    try:
        request = StepRequest.parse(event)
        edges = invocation.edges()
        rotation = Rotation(edges.store, edges.deployment, edges.connect, invocation.clock, invocation.deadline)
        result = rotation.run(request, progress)
    except Exception as error:  # noqa: BLE001 - whatever it is must be reported, and must not leak
        result = invocation.redactor.presentable(error)
    invocation.publish(
        progress,
        result,
        step=request.step if request else UNKNOWN,
        secret=request.secret_id if request else UNKNOWN,
        token=request.token if request else UNKNOWN,
    )
    if isinstance(result, RotationError):
        raise result  # out here, where the original is not its context

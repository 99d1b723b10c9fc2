"""The handler that finds out whether credentials are what their users need."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rotating_rds_function.adapters.health_reporting import HealthReport
from rotating_rds_function.domain.probe import Health, Probe, ProbeRequest
from rotating_rds_function.handlers.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotating_rds_function.domain.errors import RotationError
    from rotating_rds_function.handlers.invocation import LambdaContext


def handler(event: object, context: LambdaContext) -> dict[str, list[dict[str, Any]]]:
    """Examine the credentials that the event names, each whatever became of the others.

    :returns: what was found out, one entry a credential, in the event's order; no value of a secret.
    :raises RotationError: if the event or the environment is not what the contract describes.
    """
    invocation = Invocation.begin(context)
    try:
        request = ProbeRequest.parse(event)
        edges = invocation.edges()
    except Exception as error:  # noqa: BLE001 - whatever it is must not leak
        failure = invocation.redactor.presentable(error)
    else:
        probe = Probe(edges.store, edges.deployment, edges.connect, invocation.clock, invocation.deadline)
        databases = edges.deployment.endpoints
        return {"credentials": [_report(invocation, probe, secret, databases) for secret in request.secret_ids]}
    raise failure


def _report(invocation: Invocation, probe: Probe, secret: str, databases: Iterable[str]) -> dict[str, Any]:
    try:
        health = probe.examine(secret)
    except Exception as error:  # noqa: BLE001 - the other credentials shall be looked at as well
        health = Health(secret, unexamined=invocation.redactor.presentable(error))
    else:
        health = replace(
            health,
            failure=_presentable(invocation, health.failure),
            unexamined=_presentable(invocation, health.unexamined),
        )
    report = HealthReport(health, databases)
    report.log()
    for line in report.metrics(time.time_ns() // 1_000_000):
        print(line, flush=True)  # noqa: T201 - EMF is read from standard output
    return report.fields


def _presentable(invocation: Invocation, error: RotationError | None) -> RotationError | None:
    return None if error is None else invocation.redactor.presentable(error)

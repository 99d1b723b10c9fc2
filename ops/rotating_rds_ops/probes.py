"""Having the probe of a deployment examine credentials: the one way to know that they log in without reading them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential

HANDLER = "rotating_rds_function.handlers.probe.handler"


@dataclass(frozen=True)
class Examination:
    """What the probe said about a credential.

    :param outcome: succeeded, failed, or unexamined.
    :param sentence: why, if it is not the first.
    :param differences: between the two logins of a pair.
    :param certificate_days: until the first certificate of the server ends.
    """

    credential: Credential
    outcome: str
    cause: str | None
    sentence: str | None
    differences: tuple[str, ...]
    certificate_days: float | None

    @property
    def healthy(self) -> bool:
        """Whether it logs in, and a pair is one."""
        return self.outcome == "succeeded" and not self.differences


def examine(aws: Aws, credentials: Iterable[Credential]) -> list[Examination]:
    """Have credentials examined now, each by the probe of its own deployment.

    :raises OperationError: if a deployment has no probe, or the probe does not answer.
    """
    by_probe: dict[str, list[Credential]] = defaultdict(list)
    find = cache(lambda arn: probe_of(aws, arn))
    for credential in credentials:
        by_probe[find(credential.arn)].append(credential)
    return [found for probe, asked in by_probe.items() for found in _ask(aws, probe, asked)]


def probe_of(aws: Aws, secret: str) -> str:
    """Return the name of the function that examines a secret: the one of the stack that made it.

    :raises OperationError: if that stack has none.
    """
    try:
        resources = aws.stacks.describe_stack_resources(PhysicalResourceId=secret)["StackResources"]
    except aws.stacks.exceptions.ClientError:
        resources = []
    functions = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::Lambda::Function"]
    for name in functions:
        configuration = aws.functions.get_function_configuration(FunctionName=name)
        if configuration.get("Handler") == HANDLER:
            return name
    raise OperationError(
        f"The stack of the secret {secret} has no probe: call add_alarms() on its database, and deploy it."
    )


def _ask(aws: Aws, probe: str, credentials: list[Credential]) -> list[Examination]:
    request = json.dumps({"secrets": [credential.arn for credential in credentials]})
    answer = aws.functions.invoke(FunctionName=probe, Payload=request)
    told: Any = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise OperationError(f"The probe {probe} failed: {told.get('errorMessage', 'without a word')}.")
    return [_read(*pair) for pair in zip(credentials, told["credentials"], strict=True)]


def _read(credential: Credential, told: dict[str, Any]) -> Examination:
    return Examination(
        credential=credential,
        outcome=told["outcome"],
        cause=told.get("cause"),
        sentence=told.get("sentence"),
        differences=tuple(told.get("differences", ())),
        certificate_days=told.get("certificate_days"),
    )

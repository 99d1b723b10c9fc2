"""Having the probe of a deployment examine credentials: the one way to know that they log in without reading them."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential

# A probe looks every 7 days at least, and may be a day late.
_LONGEST_BETWEEN_LOOKS = 8 * 86_400.0
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


@dataclass(frozen=True)
class LastLook:
    """What the probe found out when it looked at a credential last.

    :param outcome: as of :class:`Examination`.
    """

    outcome: str
    cause: str | None
    at: datetime


def last_looks(aws: Aws, credentials: Iterable[Credential]) -> dict[str, LastLook]:
    """Return the last look at each credential, by the ARN of its secret, as the probes' logs tell; none is no entry."""
    asked = {credential.arn for credential in credentials}
    found: dict[str, LastLook] = {}
    for event in chain.from_iterable(_lines(aws, probe) for probe in _probes_of(aws, asked)):
        line = json.loads(event["message"])
        look = LastLook(line["outcome"], line.get("cause"), datetime.fromtimestamp(event["timestamp"] / 1000, UTC))
        if line["secret"] in asked and (line["secret"] not in found or found[line["secret"]].at <= look.at):
            found[line["secret"]] = look
    return found


def _probes_of(aws: Aws, secrets: Iterable[str]) -> set[str]:
    found = set()
    for secret in secrets:
        with suppress(OperationError):  # a database without a probe is none that has been looked at
            found.add(probe_of(aws, secret))
    return found


def _lines(aws: Aws, probe: str) -> Iterator[Any]:
    group = aws.functions.get_function_configuration(FunctionName=probe)["LoggingConfig"]["LogGroup"]
    since = int((time.time() - _LONGEST_BETWEEN_LOOKS) * 1000)
    pages = aws.logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=since, filterPattern='{ $.step = "probe" }'
    )
    for page in pages:
        yield from page["events"]


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

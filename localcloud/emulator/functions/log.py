"""What an invocation leaves in CloudWatch Logs, in the function's log format.

Lambda writes as the function's role: without logs:CreateLogStream and logs:PutLogEvents there is no log ("Lambda
execution role", Lambda Developer Guide). Source: "Log formats" and the platform events of the Telemetry API in the same
guide. The memory that was used is left out of the report: it is not measured.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.services import cloudwatch_logs, iam

from localcloud.emulator import clock, patches
from localcloud.emulator.functions.environment import DEFAULT_MEMORY, log_format, log_group, stream_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    Frame = tuple[list[str], list[str]]

_create_group = patches.expect(cloudwatch_logs, "_create_log_group", "(data)")
_role_policies = patches.expect(iam_evaluator, "_gather_role_policies", "(role_name, account_id)")
_boundary = patches.expect(iam_evaluator, "_permissions_boundary", "(store, name, account_id)")
_evaluate = patches.expect(iam_evaluator, "evaluate", "(ctx, policies, *limits)")
_create_stream = patches.expect(cloudwatch_logs, "_create_log_stream", "(data)")


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What the platform reports of one invocation.

    :param config: the function's configuration.
    :param failed: whether it ended with an error.
    :param milliseconds: how long it took.
    """

    config: dict[str, Any]
    request_id: str
    failed: bool
    milliseconds: int

    @property
    def version(self) -> str:
        """The function's version."""
        return str(self.config.get("Version", "$LATEST"))

    @property
    def memory(self) -> int:
        """The function's memory in MB."""
        return int(self.config.get("MemorySize", DEFAULT_MEMORY))


def write(invocation: Invocation, lines: Iterable[str]) -> None:
    """Write what a function wrote between the platform's own lines, if its role may."""
    start, end = _FRAMES[log_format(invocation.config)](invocation)
    stream = stream_name(invocation.config, invocation.request_id.replace("-", ""))
    place = {"logGroupName": log_group(invocation.config), "logStreamName": stream}
    if not _may_write(invocation.config, f"log-group:{place['logGroupName']}:log-stream:{stream}"):
        return
    _create_group(place)  # answers an error when it exists, as the stream's does: fine
    _create_stream(place)
    stamp = int(clock.now() * 1000)
    events = [{"timestamp": stamp, "message": line} for line in (*start, *lines, *end)]
    cloudwatch_logs._put_log_events({**place, "logEvents": events})  # noqa: SLF001  # looked up late: hooks wrap it


def _may_write(config: dict[str, Any], stream: str) -> bool:
    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    role = config["Role"].rsplit("/", 1)[-1]
    return all(
        _evaluate(
            iam_evaluator.EvalContext(
                principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/{config['FunctionName']}",
                principal_type="AssumedRole",
                principal_account=account,
                action=action,
                resource_arn=f"arn:aws:logs:{region}:{account}:{stream}",
                region=region,
            ),
            _role_policies(role, account),
            *_boundary(iam._roles, role, account),  # noqa: SLF001  # no public accessor
        ).decision
        == "Allow"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    )


def _text(invocation: Invocation) -> Frame:
    identity, milliseconds = f"RequestId: {invocation.request_id}", invocation.milliseconds
    report = (
        f"REPORT {identity}\tDuration: {milliseconds} ms\tBilled Duration: {milliseconds} ms\t"
        f"Memory Size: {invocation.memory} MB"
    )
    return [f"START {identity} Version: {invocation.version}"], [f"END {identity}", report]


def _json(invocation: Invocation) -> Frame:
    milliseconds = invocation.milliseconds
    metrics = {
        "durationMs": milliseconds,
        "billedDurationMs": milliseconds,
        "memorySizeMB": invocation.memory,
    }
    ended = clock.now()
    start = {"requestId": invocation.request_id, "version": invocation.version}
    status = "error" if invocation.failed else "success"
    report = {"requestId": invocation.request_id, "metrics": metrics, "status": status}
    return (
        [_event("platform.start", start, ended - milliseconds / 1000)],
        [_event("platform.report", report, ended)],
    )


def _event(kind: str, record: dict[str, Any], timestamp: float) -> str:
    return json.dumps({"time": clock.iso(timestamp), "type": kind, "record": record})


_FRAMES = {"Text": _text, "JSON": _json}

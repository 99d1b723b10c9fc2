"""What an invocation leaves in CloudWatch Logs, in the function's log format.

Source: "Log formats" and the platform events of the Telemetry API in the Lambda Developer Guide.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch_logs

from localcloud.emulator import clock, patches
from localcloud.emulator.functions.environment import log_format, log_group, stream_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_create_group = patches.expect(cloudwatch_logs, "_create_log_group", "(data)")
_create_stream = patches.expect(cloudwatch_logs, "_create_log_stream", "(data)")


def write(config: dict[str, Any], request_id: str, lines: Iterable[str], *, failed: bool, milliseconds: int) -> None:
    """Write the lines of one invocation between the platform's own."""
    start, end = _PLATFORM[log_format(config)](config, request_id, failed, milliseconds)
    place = {"logGroupName": log_group(config), "logStreamName": stream_name(config, request_id.replace("-", ""))}
    _create_group(place)  # answers an error when it exists, as the stream's does: fine
    _create_stream(place)
    stamp = int(clock.now() * 1000)
    events = [{"timestamp": stamp, "message": line} for line in (*start, *lines, *end)]
    cloudwatch_logs._put_log_events({**place, "logEvents": events})  # noqa: SLF001  # looked up late: hooks wrap it


def _text(
    config: dict[str, Any],
    request_id: str,
    _failed: bool,
    milliseconds: int,  # noqa: FBT001  # rows of one table
) -> tuple[list[str], list[str]]:
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds} ms\tBilled Duration: {milliseconds} ms\t"
        f"Memory Size: {config.get('MemorySize', 128)} MB"
    )
    start = f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"
    return [start], [f"END RequestId: {request_id}", report]


def _json(
    config: dict[str, Any],
    request_id: str,
    failed: bool,
    milliseconds: int,  # noqa: FBT001  # rows of one table
) -> tuple[list[str], list[str]]:
    start = {"requestId": request_id, "version": config.get("Version", "$LATEST")}
    metrics = {
        "durationMs": milliseconds,
        "billedDurationMs": milliseconds,
        "memorySizeMB": config.get("MemorySize", 128),
    }
    report = {"requestId": request_id, "metrics": metrics, "status": "error" if failed else "success"}
    return [_event("platform.start", start)], [_event("platform.report", report)]


def _event(kind: str, record: dict[str, Any]) -> str:
    return json.dumps({"time": clock.iso(clock.now()), "type": kind, "record": record})


_PLATFORM = {"Text": _text, "JSON": _json}

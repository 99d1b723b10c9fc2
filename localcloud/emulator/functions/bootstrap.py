"""The process of a function, run by the interpreter that plays Lambda's runtime, with the standard library alone.

One JSON line on standard input is one invocation; one JSON line on the original standard output is its outcome. What
the function itself writes goes to standard error, where a line with the request's id ends each invocation's log.

Behaviour as AWS's runtime interface client for Python shows it: the import error of a handler, the error document, the
logging set-up and the JSON log format ("Using Lambda advanced logging controls with Python", Lambda Developer Guide).
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Document = dict[str, Any]

END_OF_LOG = "\x1e"

_PLAIN_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"aws_request_id", "message", "taskName"}


class Context:
    """What a handler receives beside its event."""

    def __init__(self, invocation: Document) -> None:
        self.aws_request_id = invocation["request_id"]
        self.invoked_function_arn = invocation["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = invocation["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function is killed, never less than 0."""
        return max(0, int((self._deadline - time.time()) * 1000))


class RequestId(logging.Filter):
    """Stamps records with the request that is being served."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        record.aws_request_id = self.current
        return True


class JsonFormatter(logging.Formatter):
    """Renders a record as one JSON object; `extra` fields become members of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": vars(record)["aws_request_id"] or None,
            **self._failure(record),
        }
        extras = {key: value for key, value in vars(record).items() if key not in _PLAIN_RECORD and key not in line}
        members = {key: value for key, value in (line | extras).items() if value is not None}
        return json.dumps(members, default=str, ensure_ascii=False)

    def _failure(self, record: logging.LogRecord) -> Document:
        if not record.exc_info or record.exc_info[0] is None:
            return {}
        kind, error, trace = record.exc_info
        return {
            "stackTrace": traceback.format_tb(trace),
            "errorType": kind.__name__,
            "errorMessage": str(error),
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
        }


class TextFormatter(logging.Formatter):
    """Lambda's plain format."""

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )


def main() -> None:
    """Serve invocations until standard input ends."""
    requests, outcomes = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    set_clock = clockwork(sys.argv[1:])
    request_id = set_up_logging()
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    handler, failure = load(os.environ["_HANDLER"])
    for line in requests:
        invocation = json.loads(line)
        set_clock(invocation["now"])
        request_id.current = invocation["request_id"]
        if handler is None:
            finish(outcomes, failed(failure or {}, request_id.current), request_id.current)
            return
        finish(outcomes, serve(handler, invocation), request_id.current)


def clockwork(folders: list[str]) -> Callable[[float], None]:
    """Return what sets this process's clock: to the emulator's if that was moved, else not at all.

    :param folders: where time-machine lies, out of sight of the function.
    """
    if not folders:
        return lambda _: None
    sys.path += folders
    travel = importlib.import_module("time_machine").travel
    del sys.path[-len(folders) :]
    move: Callable[[float], None] = travel(time.time(), tick=True).start().move_to
    return move


def set_up_logging() -> RequestId:
    """Give the root logger Lambda's handler and return the filter that knows the request."""
    structured = os.environ["AWS_LAMBDA_LOG_FORMAT"] == "JSON"
    request_id = RequestId()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if structured else TextFormatter())
    handler.addFilter(request_id)
    logging.getLogger().addHandler(handler)
    if structured:
        level = os.environ["AWS_LAMBDA_LOG_LEVEL"].replace("TRACE", "DEBUG").replace("FATAL", "CRITICAL")
        logging.getLogger().setLevel(level)
    return request_id


def load(path: str) -> tuple[Callable[..., Any] | None, Document | None]:
    """Import the handler and return it, or the error document that every invocation gets."""
    module, _, name = path.replace("/", ".").rpartition(".")
    try:
        return getattr(importlib.import_module(module), name), None
    except ImportError as error:
        return None, document("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}")
    except AttributeError:
        return None, document("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
    except Exception as error:  # noqa: BLE001  # whatever the function's module does
        return None, of_exception(error)


def serve(handler: Callable[..., Any], invocation: Document) -> Document:
    """Run the handler once."""
    try:
        result = handler(invocation["event"], Context(invocation))
    except Exception as error:  # noqa: BLE001  # whatever the function does
        return failed(of_exception(error), invocation["request_id"])
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return failed(
            document("Runtime.MarshalError", f"Unable to marshal response: {error}"), invocation["request_id"]
        )


def failed(error: Document, request_id: str) -> Document:
    """Log an error as the runtime does and return the outcome that carries it."""
    if os.environ["AWS_LAMBDA_LOG_FORMAT"] == "JSON":
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        sys.stdout.write(json.dumps({"timestamp": stamp, "level": "ERROR", "requestId": request_id, **error}) + "\n")
    else:
        lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
        sys.stdout.write("\n".join([*lines, *(line.rstrip() for line in error["stackTrace"]), ""]))
    return {"error": {**error, "requestId": request_id}}


def document(kind: str, message: str, stack: Iterable[str] = ()) -> Document:
    """Return an error as Lambda's Invoke answers it."""
    return {"errorMessage": message, "errorType": kind, "stackTrace": list(stack)}


def of_exception(error: BaseException) -> Document:
    """Return the document of an exception; this file's own frame is left out."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return document(type(error).__name__, str(error), traceback.format_list(frames))


def finish(outcomes: TextIO, outcome: Document, request_id: str) -> None:
    """End the log of an invocation, then report the outcome."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, f"{END_OF_LOG}{request_id}\n".encode())
    outcomes.write(json.dumps(outcome) + "\n")
    outcomes.flush()


if __name__ == "__main__":
    main()

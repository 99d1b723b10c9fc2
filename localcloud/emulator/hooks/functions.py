"""Lambda functions in Python.

AWS runs them with boto3 and the bundle alone, in an environment of known variables; ministack runs them in the
emulator's own interpreter with the host's environment, so that a missing dependency goes unnoticed, answers every
failure as `Runtime.HandlerError` and knows no JSON log format. AWS emits the metrics of every execution, ministack of
the Invoke API's only.

A custom resource whose function fails without an answer keeps a deployment on AWS waiting for an hour. Here it fails at
once: the wait would prove nothing.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.services import eventbridge, lambda_svc
from ministack.services.cloudformation import custom_resource

from localcloud.emulator import clock, patches
from localcloud.emulator.functions import log
from localcloud.emulator.functions.worker import FunctionWorker, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.emulator.emulator import Emulator

    Result = dict[str, Any]

_acquire = patches.expect(
    lambda_svc, "acquire_worker", "(func_name, config, code_zip, qualifier='$LATEST', max_concurrency=None)"
)
_release = patches.expect(lambda_svc, "release_worker", "(worker)")
_reap_idle = patches.expect(lambda_svc, "_ensure_reaper_thread", "()")
_deliver = patches.expect(custom_resource, "deliver_response", "(token, response)")
_find = patches.expect(lambda_svc, "_get_func_record_for_ref", "(function_ref)")
_record_for = patches.expect(lambda_svc, "_execution_record_for_config", "(func, config)")
_emit_metrics = patches.expect(lambda_svc, "_emit_lambda_metrics", "(function_name, duration_ms, error, throttle)")

_logger = logging.getLogger("localcloud.functions")

_running: set[object] = set()
_lock = threading.Lock()


def install(emulator: Emulator) -> None:
    """Run functions in Lambda's runtime and measure every execution, for whose end a moved clock waits."""
    settings = emulator.settings
    emulator.timetable.wait_for(lambda: bool(_running))
    machine = Machine(settings.runtime_python, settings.gateway_url, emulator.databases.authority.certificate)

    def worker_class(original: Callable[..., Any], config: dict[str, Any]) -> Any:
        return functools.partial(FunctionWorker, machine) if _is_python(config) else original(config)

    patches.expect(lambda_runtime, "Worker", "(func_name, config, code_zip)")
    patches.replace(lambda_runtime, "_worker_class_for", "(config)", worker_class)
    patches.replace(lambda_svc, "_execute_function_warm", "(func, event, request_id)", _execute)
    dispatch_signature = "(func, config, event, request_id, started)"
    patches.replace(lambda_svc, "_execute_function_dispatch", dispatch_signature, _measured)
    patches.replace(eventbridge, "_dispatch_to_lambda", "(arn, payload)", _by_a_rule)
    metrics_signature = "(function_name, duration_ms, error, throttle)"
    patches.replace(lambda_svc, "_emit_lambda_metrics", metrics_signature, _throttles_only)
    log_signature = "(func, request_id, log_text, error, duration_ms, *, log_source=None)"
    patches.replace(lambda_svc, "_emit_lambda_logs", log_signature, _write_log)
    patches.replace(lambda_svc, "_execute_function_with_config_scope", "(func, event)", _answering)


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _execute(original: Callable[..., Result], func: dict[str, Any], event: Any, request_id: str) -> Result:
    config = func.get("config") or func
    if not _is_python(config) or not func.get("code_zip"):
        return original(func, event, request_id)
    _reap_idle()
    worker, _ = _acquire(config["FunctionName"], config, func["code_zip"], qualifier=config.get("Version", "$LATEST"))
    try:
        result: Result = worker.invoke(event, request_id)
        return result
    finally:
        _release(worker)


@contextlib.contextmanager
def _under_way() -> Iterator[None]:
    execution = object()
    with _lock:
        _running.add(execution)
    try:
        yield
    finally:
        with _lock:
            _running.discard(execution)


def _by_a_rule(_original: Callable[..., None], arn: str, payload: str) -> None:
    """Invoke a function in a thread of its own; it counts as running from now on, not from when the thread gets to."""
    record, config, name = _find(arn)
    if record is None:
        _logger.warning("The target of a rule, the function %s, does not exist.", name)
        return
    execution, event = _record_for(record, config), json.loads(payload)
    requested = contextlib.ExitStack()
    requested.enter_context(_under_way())

    def execute() -> None:
        with requested:
            lambda_svc._execute_function_with_config_scope(execution, event)

    threading.Thread(target=execute, name="rule-target", daemon=True).start()


def _measured(
    original: Callable[..., Result], func: dict[str, Any], config: dict[str, Any], *invocation: Any
) -> Result:
    started = invocation[-1]
    with _under_way():
        result = original(func, config, *invocation)
    milliseconds = (clock.now() - started) * 1000
    _emit_metrics(config["FunctionName"], milliseconds, error=bool(result.get("error")), throttle=False)
    return result


def _throttles_only(
    original: Callable[..., None], function_name: str, duration_ms: float, *, error: bool, throttle: bool
) -> None:
    """Keep the Invoke API from counting what `_measured` has counted."""
    if throttle:
        original(function_name, duration_ms, error=error, throttle=throttle)


def _write_log(
    _original: Callable[..., None],
    func: dict[str, Any],
    request_id: str,
    log_text: str,
    *outcome: Any,
    **_executor: Any,
) -> None:
    failed, milliseconds = outcome
    invocation = log.Invocation(
        config=func.get("config") or func, request_id=request_id, failed=failed, milliseconds=milliseconds
    )
    log.write(invocation, log_text.splitlines())


def _answering(original: Callable[..., Result], func: dict[str, Any], event: Any) -> Result:
    result = original(func, event)
    if isinstance(event, dict) and "ResponseURL" in event and result.get("error"):
        reason = f"The function failed without an answer: {json.dumps(result.get('body'))[:500]}"
        _deliver(event["ResponseURL"].rsplit("/", 1)[-1], {"Status": "FAILED", "Reason": reason})
    return result

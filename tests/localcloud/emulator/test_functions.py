"""Functions run as Lambda runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support import emulated
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

LOGS_A_RECORD = """
    import logging

    def handler(event, context):
        logging.getLogger().info("a %s", "message", extra={"step": "setSecret", "seconds": 0.5})
        logging.getLogger("other").debug("below the level")
        if event == "fail":
            try:
                raise ValueError("inner")
            except ValueError:
                logging.getLogger("orders").exception("it failed")
        print("printed")
        return context.aws_request_id
"""


def log_lines(cloud: LocalCloud, group: str, until: str) -> list[str]:
    """Return all messages of a log group as soon as one of them contains a text."""
    logs = cloud.client("logs")

    def messages() -> list[str]:
        if emulated.error_of(logs.filter_log_events, logGroupName=group):
            return []
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    assert eventually(lambda: any(until in message for message in messages()))
    return messages()


def json_lines(cloud: LocalCloud, source: str, event: Any = None) -> list[dict[str, Any]]:
    """Invoke a function that logs as JSON, and return its lines as far as they are JSON."""
    function = emulated.create_function(cloud, source, LoggingConfig={"LogFormat": "JSON"})
    emulated.invoke(cloud, function, event)
    group = "/aws/lambda/" + function.rsplit(":", 1)[-1]
    return [json.loads(line) for line in log_lines(cloud, group, "platform.report") if line.startswith("{")]


def test_a_function_sees_no_variable_of_this_machine(cloud: LocalCloud) -> None:
    """Only Lambda's variables, its own and those of the local cloud are there, HOME and PYTHONPATH are not."""
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    function = emulated.create_function(cloud, source, Environment={"Variables": {"OURS": "1"}}, MemorySize=256)
    variables = emulated.invoke(cloud, function)
    name = function.rsplit(":", 1)[-1]
    assert {"HOME", "PYTHONPATH", "VIRTUAL_ENV", "GATEWAY_PORT", "TMPDIR"}.isdisjoint(variables)
    expected = {
        "OURS": "1",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_FORMAT": "Text",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_REGION": "us-east-1",
        "ROTATING_RDS_CA_BUNDLE": str(cloud.ca_bundle),
    }
    assert expected.items() <= variables.items()


def test_a_reserved_variable_cannot_be_overridden(cloud: LocalCloud) -> None:
    """A function's own AWS_REGION is ignored, as Lambda reserves the name."""
    source = "import os\ndef handler(event, context): return os.environ['AWS_REGION']"
    function = emulated.create_function(cloud, source, Environment={"Variables": {"AWS_REGION": "eu-west-1"}})
    assert emulated.invoke(cloud, function) == "us-east-1"


def test_a_dependency_that_was_not_bundled_is_missing(cloud: LocalCloud) -> None:
    """boto3 can be imported, what only the emulator's own environment has cannot."""
    assert emulated.invoke(cloud, emulated.create_function(cloud, "import boto3\ndef handler(e, c): return 1")) == 1
    error = emulated.invoke(cloud, emulated.create_function(cloud, "import pg8000\ndef handler(e, c): return 1"))
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'pg8000'" in error["errorMessage"]


def test_an_exception_is_answered_as_lambda_does(cloud: LocalCloud) -> None:
    """The error document has type, message, request id and the frames of the function's own code."""
    source = """
        def handler(event, context):
            raise LookupError("no such thing")
    """
    error = emulated.invoke(cloud, emulated.create_function(cloud, source))
    assert (error["errorType"], error["errorMessage"]) == ("LookupError", "no such thing")
    assert len(error["stackTrace"]) == 1
    assert 'raise LookupError("no such thing")' in error["stackTrace"][0]
    assert error["requestId"]


def test_a_function_survives_its_exceptions_but_not_its_crashes(cloud: LocalCloud) -> None:
    """An exception keeps the process warm; an exit is Runtime.ExitError and the next invocation gets a new process."""
    source = """
        import os

        def handler(event, context):
            if event == "raise":
                raise ValueError
            if event == "exit":
                os._exit(3)
            return os.getpid()
    """
    function = emulated.create_function(cloud, source)
    first = emulated.invoke(cloud, function)
    emulated.invoke(cloud, function, "raise")
    assert emulated.invoke(cloud, function) == first
    crash = emulated.invoke(cloud, function, "exit")
    assert (crash["errorType"], "exit status 3" in crash["errorMessage"]) == ("Runtime.ExitError", True)
    assert emulated.invoke(cloud, function) != first


def test_a_function_that_takes_too_long_is_killed(cloud: LocalCloud) -> None:
    """The time-out is an error, the time that remained was told, and the function works again afterwards."""
    source = """
        import time

        def handler(event, context):
            if event:
                time.sleep(event)
            return context.get_remaining_time_in_millis()
    """
    function = emulated.create_function(cloud, source, Timeout=1)
    assert 0 < emulated.invoke(cloud, function) <= 1000
    error = emulated.invoke(cloud, function, 30)
    assert (error["errorType"], "timed out after 1.00 seconds" in error["errorMessage"]) == ("Sandbox.Timedout", True)
    assert emulated.invoke(cloud, function) > 0


def test_the_json_log_format_renders_records_as_lambda_does(cloud: LocalCloud) -> None:
    """A record has time, level, message, logger and request id, its extra fields are members, debug is filtered."""
    records = [line for line in json_lines(cloud, LOGS_A_RECORD) if "level" in line]
    assert len(records) == 1
    assert {"timestamp", "requestId"} < records[0].keys()
    expected = {"level": "INFO", "message": "a message", "logger": "root", "step": "setSecret", "seconds": 0.5}
    assert expected.items() <= records[0].items()


def test_the_json_log_format_renders_exceptions(cloud: LocalCloud) -> None:
    """A record with an exception has its type, message, frames and place."""
    failure = next(line for line in json_lines(cloud, LOGS_A_RECORD, "fail") if line.get("level") == "ERROR")
    expected = {"message": "it failed", "logger": "orders", "errorType": "ValueError", "errorMessage": "inner"}
    assert expected.items() <= failure.items()
    assert failure["stackTrace"]
    assert failure["location"].endswith(":handler:11")


def test_an_uncaught_exception_is_logged(cloud: LocalCloud) -> None:
    """The runtime logs what it answers, and the report says that the invocation failed."""
    lines = json_lines(cloud, "def handler(event, context): raise KeyError('password')")
    assert any(line.get("errorType") == "KeyError" for line in lines)
    assert lines[-1]["record"]["status"] == "error"


def test_the_text_format_frames_an_invocation(cloud: LocalCloud) -> None:
    """START, what the function printed, END and REPORT, and nothing of info level by default."""
    function = emulated.create_function(cloud, LOGS_A_RECORD)
    emulated.invoke(cloud, function)
    lines = log_lines(cloud, "/aws/lambda/" + function.rsplit(":", 1)[-1], "REPORT")
    assert [line.split()[0] for line in lines] == ["START", "printed", "END", "REPORT"]


def test_a_function_logs_into_the_group_that_it_names(cloud: LocalCloud) -> None:
    """LoggingConfig.LogGroup replaces the default group."""
    group = emulated.unique("/orders/rotation")
    cloud.client("logs").create_log_group(logGroupName=group)
    function = emulated.create_function(cloud, LOGS_A_RECORD, LoggingConfig={"LogFormat": "Text", "LogGroup": group})
    emulated.invoke(cloud, function)
    assert "printed" in log_lines(cloud, group, "REPORT")
    names = [found["logGroupName"] for found in cloud.client("logs").describe_log_groups()["logGroups"]]
    assert "/aws/lambda/" + function.rsplit(":", 1)[-1] not in names


def test_a_role_without_permission_leaves_no_log(cloud: LocalCloud) -> None:
    """Lambda logs as the function's role: without logs:PutLogEvents nothing is written."""
    function = emulated.create_function(cloud, LOGS_A_RECORD, emulated.statement("Deny", "logs:PutLogEvents", "*"))
    emulated.invoke(cloud, function)
    groups = [found["logGroupName"] for found in cloud.client("logs").describe_log_groups()["logGroups"]]
    assert "/aws/lambda/" + function.rsplit(":", 1)[-1] not in groups


def test_every_execution_counts_in_the_functions_metrics(cloud: LocalCloud) -> None:
    """A rotation's invocations, which do not come through the Invoke API, are in AWS/Lambda, failures included."""
    secret = emulated.create_secret(cloud)
    source = "def handler(event, context): assert event['Step'] != 'setSecret'"
    function = emulated.rotation_function(cloud, secret, source)
    emulated.ended(cloud, emulated.rotate(cloud, secret, function))
    dimension = {"FunctionName": function.rsplit(":", 1)[-1]}
    assert metric_sum(cloud, "AWS/Lambda", "Invocations", dimension) == 6
    assert metric_sum(cloud, "AWS/Lambda", "Errors", dimension) == 3


def test_the_invoke_api_counts_once(cloud: LocalCloud) -> None:
    """An invocation through the API is one invocation."""
    function = emulated.create_function(cloud, "def handler(event, context): return 1")
    emulated.invoke(cloud, function)
    assert metric_sum(cloud, "AWS/Lambda", "Invocations", {"FunctionName": function.rsplit(":", 1)[-1]}) == 1


def metric_sum(cloud: LocalCloud, namespace: str, name: str, dimensions: dict[str, str]) -> float:
    """Return the sum of a metric over the last hour."""
    statistics = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2100-01-01T00:00:00Z",
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in statistics["Datapoints"]))


def test_a_custom_resource_whose_function_crashes_fails_at_once(cloud: LocalCloud) -> None:
    """The deployment fails with the crash as its reason instead of waiting for an answer."""
    function = emulated.create_function(cloud, "def handler(event, context): raise OSError('boom')")
    stack = emulated.unique("custom")
    resource = {"Type": "Custom::Crash", "Properties": {"ServiceToken": function}}
    assert emulated.deploy(cloud, stack, {"Crash": resource}) == "ROLLBACK_COMPLETE"
    assert "OSError" in emulated.failure_reasons(cloud, stack)

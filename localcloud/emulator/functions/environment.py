"""The environment variables of a function's process.

Source: "Working with Lambda environment variables" in the Lambda Developer Guide. Nothing of this machine's environment
is passed on, so that a function cannot lean on it. Two variables are the local cloud's own: where AWS answers, and the
authority behind the databases' certificates.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime

from localcloud.emulator import clock, patches

if TYPE_CHECKING:
    from pathlib import Path

patches.expect(lambda_runtime, "execution_credentials", "(config)")
DEFAULT_MEMORY = 128


def log_group(config: dict[str, Any]) -> str:
    """Return where a function logs to."""
    return (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"


def log_format(config: dict[str, Any]) -> str:
    """Return `JSON` or `Text`, which is Lambda's default."""
    return (config.get("LoggingConfig") or {}).get("LogFormat") or "Text"


def function_environment(
    config: dict[str, Any], *, code: Path, gateway_url: str, authority: Path, stream: str
) -> dict[str, str]:
    """Return all variables of a function.

    :param config: the function's configuration.
    :param code: the folder which the code was unpacked to.
    :param gateway_url: where the AWS APIs answer.
    :param authority: certificate of the authority behind the databases.
    :param stream: the log stream's name.
    """
    region = config["FunctionArn"].split(":")[3]
    reserved = {
        "_HANDLER": config["Handler"],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", DEFAULT_MEMORY)),
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(config),
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_LAMBDA_LOG_FORMAT": log_format(config),
        "AWS_LAMBDA_LOG_LEVEL": (config.get("LoggingConfig") or {}).get("ApplicationLogLevel") or "INFO",
        "LAMBDA_TASK_ROOT": str(code),
        **lambda_runtime.execution_credentials(config),  # looked up late: a hook wraps it
    }
    defaults = {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": gateway_url,
        "AWS_ENDPOINT_URL_S3": gateway_url,
        "ROTATING_RDS_CA_BUNDLE": str(authority),
    }
    return defaults | ((config.get("Environment") or {}).get("Variables") or {}) | reserved


def stream_name(config: dict[str, Any], identity: str) -> str:
    """Return the name of a log stream as Lambda gives it to an execution environment."""
    return f"{clock.utc(clock.now()):%Y/%m/%d}/[{config.get('Version', '$LATEST')}]{identity}"

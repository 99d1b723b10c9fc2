"""What the emulator is told by its starter, read from the environment once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

ACCOUNT = "000000000000"
REGION = "us-east-1"
LOOPBACK = "127.0.0.1"

# What ministack reads at import: IAM enforcement on, loopback only, no listeners beside the gateway, no container
# daemon, quiet logs (at INFO it would copy the output of every function into the emulator's own log).
_MINISTACK = {
    "AUTH": "true",
    "BIND_HOST": LOOPBACK,
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "LOG_LEVEL": "WARNING",
    "CLOUDTRAIL_RECORDING": "0",
    "MINISTACK_REGION": REGION,
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "PERSIST_STATE": "0",
}


class SettingsError(Exception):
    """The environment does not say what the emulator must know."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The emulator's configuration.

    :param gateway_port: where the AWS APIs answer.
    :param control_port: where the control API answers.
    :param directory: holds the database servers' files, the throw-away authority and the functions' code.
    :param runtime_python: the interpreter of the functions, which offers what Lambda offers: boto3 and no more.
    :param capture_secret_values: keep every value that was ever written to a secret, for leak searches.
    :param rotation_attempts: how often a failing rotation is tried in all.
    :param rotation_retry_seconds: the pause before the second attempt; it doubles with every further one.
    :param alarm_seconds: how often alarms are evaluated.
    """

    gateway_port: int
    control_port: int
    directory: Path
    runtime_python: Path
    capture_secret_values: bool
    rotation_attempts: int
    rotation_retry_seconds: float
    alarm_seconds: float

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings.

        :raises SettingsError: a variable is missing or malformed; the message names it.
        """
        return cls(
            gateway_port=int(_number(environment, "GATEWAY_PORT")),
            control_port=int(_number(environment, "LOCALCLOUD_CONTROL_PORT")),
            directory=Path(_text(environment, "LOCALCLOUD_DIRECTORY")).resolve(),
            runtime_python=Path(_text(environment, "LOCALCLOUD_RUNTIME_PYTHON")).absolute(),
            capture_secret_values=environment.get("LOCALCLOUD_CAPTURE_SECRET_VALUES") == "1",
            rotation_attempts=int(_number(environment, "LOCALCLOUD_ROTATION_ATTEMPTS", "3")),
            rotation_retry_seconds=_number(environment, "LOCALCLOUD_ROTATION_RETRY_SECONDS", "1"),
            alarm_seconds=_number(environment, "LOCALCLOUD_ALARM_SECONDS", "1"),
        )

    @property
    def gateway_url(self) -> str:
        """Where the AWS APIs answer."""
        return f"http://{LOOPBACK}:{self.gateway_port}"

    @property
    def temporary(self) -> Path:
        """Where ministack unpacks functions; inside the directory, so that it goes with it."""
        return self.directory / "tmp"

    def configure_ministack(self, environment: MutableMapping[str, str]) -> None:
        """Set the variables which ministack reads when it is imported."""
        environment.update(_MINISTACK)
        environment["GATEWAY_PORT"] = str(self.gateway_port)
        environment["TMPDIR"] = str(self.temporary)


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"The environment variable {name} is not set: the emulator cannot start without it.")
    return value


def _number(environment: Mapping[str, str], name: str, default: str = "") -> float:
    text = environment.get(name) or default
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"The environment variable {name} must be a number, not {text!r}.") from None

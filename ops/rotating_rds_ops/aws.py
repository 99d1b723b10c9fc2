"""The services that commands speak to, with the caller's own rights; a variable leads to a local cloud."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

# An invocation of the probe takes as long as the function may: its answer must not be asked for twice.
_CONFIG = Config(read_timeout=200, retries={"mode": "standard", "total_max_attempts": 3})


@dataclass(frozen=True)
class Aws:
    """Clients of one region.

    :param region: that of the caller's environment or profile unless given.
    """

    region: str | None = None

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        """Secrets Manager."""
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda."""
        client: LambdaClient = self._client("lambda")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def alarms(self) -> CloudWatchClient:
        """CloudWatch."""
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    @cached_property
    def stacks(self) -> CloudFormationClient:
        """CloudFormation."""
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @cached_property
    def databases(self) -> RDSClient:
        """Amazon RDS."""
        client: RDSClient = self._client("rds")
        return client

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.region, config=_CONFIG)  # type: ignore[call-overload]

"""How tools and code on this machine are pointed at a local cloud, and away from the user's own AWS accounts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "000000000000"
REGION = "us-east-1"

# Root's key in the emulator; it guards nothing.
_ROOT_KEY = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Who knows whom to act as need not look for the metadata service of a machine that may be an instance of EC2.
_NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}

UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""Variables of the user's shell that would lead tools elsewhere."""


@dataclass(frozen=True)
class Connection:
    """A local cloud's endpoint.

    :param endpoint_url: where AWS's APIs answer. It names an address, not a host, so that SDKs put a bucket's name into
        the path: `bucket.localhost` is no name on every machine.
    :param ca_bundle: the certificate authority of its database servers (PEM).
    """

    endpoint_url: str
    ca_bundle: Path

    def environment(self) -> dict[str, str]:
        """Return the variables that lead tools to the local cloud, without anybody to act as."""
        bypassed = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1", "localhost"]
        no_proxy = ",".join(host for host in bypassed if host)
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # A profile of the user would win over a container's credentials, and may name an endpoint of its own.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": no_proxy,
            "no_proxy": no_proxy,
            "ROTATING_RDS_CA_BUNDLE": str(self.ca_bundle),
        }

    def root_environment(self) -> dict[str, str]:
        """Return the variables with which AWS CLI, boto3 and cdk act as the account's root."""
        return self.environment() | _NO_METADATA | _ROOT_KEY

    def role_environment(self, credentials_url: str) -> dict[str, str]:
        """Return the variables with which AWS's SDKs fetch a role's credentials, as they do in a container."""
        return self.environment() | _NO_METADATA | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials_url}

    def root_client(self, service: str, *, account: str = ACCOUNT, region: str = REGION) -> Any:
        """Return a boto3 client that acts as the root of an account."""
        # The emulator takes a number of twelve digits for the key of that account's root.
        key = _ROOT_KEY["AWS_ACCESS_KEY_ID"] if account == ACCOUNT else account
        return self._client(service, (key, _ROOT_KEY["AWS_SECRET_ACCESS_KEY"], None), region)

    def role_client(self, service: str, credentials: dict[str, str], *, region: str = REGION) -> Any:
        """Return a boto3 client that acts as a role.

        :param credentials: as the control API gives them.
        """
        keys = (credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["Token"])
        return self._client(service, keys, region)

    def _client(self, service: str, keys: tuple[str, str, str | None], region: str) -> Any:
        key, secret, token = keys
        make: Any = boto3.client  # typed for every service's literal name, but ours is the caller's to choose
        return make(
            service,
            endpoint_url=self.endpoint_url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(proxies={}),
        )

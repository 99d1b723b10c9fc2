"""One GetSecretValue, and what its failures mean to an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from rotating_rds_client.credentials import Credentials, parse_credentials
from rotating_rds_client.errors import SecretUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMEDIES = {
    # For one that there is not, Secrets Manager says the same to whoever may not list them.
    "AccessDeniedException": (
        "see that the id is right, and allow this role secretsmanager:GetSecretValue on it and kms:Decrypt on its key"
    ),
    "DecryptionFailure": "see that the secret's key is enabled and that this role may use it",
    "InvalidRequestException": "restore the secret if it is scheduled for deletion",
    "NoRegionError": "set AWS_REGION, or name the secret by its ARN",
    "ResourceNotFoundException": "check the secret's id, the staging label, the account and the region",
}
_DEFAULT_REMEDY = "check the network path to Secrets Manager and this process's AWS credentials"


class SecretsManagerClient(Protocol):
    """The one operation that is used of boto3's ``secretsmanager`` client; boto3's own types are one of these."""

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Any:  # noqa: N803 - as boto3 spells them
        """Read one version of a secret."""


class SecretReader:
    """Reads the version of a secret that carries a staging label.

    The label is always sent: a policy with a condition on ``secretsmanager:VersionStage`` refuses calls without one.
    """

    def __init__(self, secret_id: str, stage: str, client: SecretsManagerClient | None) -> None:
        self.secret_id = secret_id
        self.stage = stage
        self._client = client

    def read(self) -> Credentials:
        """Ask Secrets Manager once.

        :raises SecretUnavailableError: if the call fails.
        :raises MalformedSecretError: if the value is no set of credentials.
        """
        try:
            self._client = self._client or _default_client(self.secret_id)
            answer: Mapping[str, Any] = self._client.get_secret_value(SecretId=self.secret_id, VersionStage=self.stage)
        except (BotoCoreError, ClientError) as error:
            raise self._unavailable(error) from error
        version_id = answer.get("VersionId", "unknown")
        return parse_credentials(answer.get("SecretString"), secret_id=self.secret_id, version_id=version_id)

    def _unavailable(self, error: BotoCoreError | ClientError) -> SecretUnavailableError:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        remedy = _REMEDIES.get(code, _DEFAULT_REMEDY)
        sentence = f"The {self.stage} version of the secret {self.secret_id!r} cannot be read ({code}): {remedy}."
        return SecretUnavailableError(sentence, code=code)


def _default_client(secret_id: str) -> SecretsManagerClient:
    """Make a client whose calls end within seconds, in the region that an ARN names or else the configured one."""
    import boto3  # noqa: PLC0415 - who hands in a client of their own does not pay for another
    from botocore.config import Config  # noqa: PLC0415

    patience = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client("secretsmanager", region_name=_region_of(secret_id), config=patience)


def _region_of(secret_id: str) -> str | None:
    parts = secret_id.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None  # noqa: PLR2004 - arn:partition:service:region

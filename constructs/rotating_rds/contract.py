"""The deployment's half of what it agrees on with the rotation function.

The other half reads these names and never imports them: `lambda/contract.schema.json` holds both sides to the same
text, and each side's tests compare themselves with it.
"""

from __future__ import annotations

import string
from dataclasses import dataclass

from rotating_rds.errors import DeclarationError

HANDLER = "rotating_rds_function.handlers.rotate.handler"
PROVISION_HANDLER = "rotating_rds_function.handlers.provision.handler"
PROBE_HANDLER = "rotating_rds_function.handlers.probe.handler"
DATABASES_VARIABLE = "ROTATING_RDS_DATABASES"

DATABASE_TAG = "rotating-rds:database"
ENGINE_TAG = "rotating-rds:engine"
STRATEGY_TAG = "rotating-rds:strategy"
USERNAME_TAG = "rotating-rds:username"
ALTERNATE_USERNAME_TAG = "rotating-rds:alternate-username"
ADMINISTRATOR_TAG = "rotating-rds:administrator"
ADMINISTRATOR_USERNAME_TAG = "rotating-rds:administrator-username"
PAIR_TAG = "rotating-rds:pair"
ACCESS_ROLE_TAG = "rotating-rds:access-role"
RETAIN_FOR_TAG = "rotating-rds:retain-for"
TEST_QUERY_TAG = "rotating-rds:test-query"
ENVIRONMENT_TAG = "rotating-rds:environment"

DATABASE_ID = r"[A-Za-z][A-Za-z0-9-]{0,62}"
ENVIRONMENT_NAME = r"[a-z][a-z0-9-]{0,31}"

# One set for generation and rotation: CloudFormation resolves MasterUserPassword again at any later update of the
# instance, so that a rotated password must satisfy RDS as well.
EXCLUDED_CHARACTERS = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"
PASSWORD_LENGTH = 32

METRIC_NAMESPACE = "RotatingRDS"
METRIC_DIMENSION = "Database"
STEP_DURATION, STEP_FAILURES, STEP_ATTEMPTS = METRIC_NAMES = ("StepDuration", "StepFailures", "StepAttempts")
PROBE_METRICS = (
    "ProbeRuns",
    "LoginFailures",
    "OverdueHours",
    "PendingHours",
    "PrivilegeDifferences",
    "RetainedHours",
    "CertificateDays",
)
(
    PROBE_RUNS,
    LOGIN_FAILURES,
    OVERDUE_HOURS,
    PENDING_HOURS,
    PRIVILEGE_DIFFERENCES,
    RETAINED_HOURS,
    CERTIFICATE_DAYS,
) = PROBE_METRICS
PROBE_SECRETS = "secrets"

# Whose database authorities the function ships; the newest regions are missing, for want of a source.
REGIONS = (
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "me-central-1",
    "me-south-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)

_TAG_SAFE = frozenset((string.ascii_letters + string.digits + " +-._:/@").encode())
_TAG_VALUE_LIMIT = 256


@dataclass(frozen=True, kw_only=True)
class DatabaseEndpoint:
    """Where a database is reached: what the function trusts, instead of the secret's own host.

    :param host: host name to connect to; may be a token.
    :param port: TCP port; may be a token.
    :param database: database to log in to; the engine's maintenance database where absent.
    """

    host: str
    port: str
    database: str | None = None

    def rendered(self) -> dict[str, str]:
        """Return the endpoint as the function's environment carries it."""
        optional = {"database": self.database} if self.database else {}
        return {"host": self.host, "port": self.port, **optional}


def tag_encode(text: str) -> str:
    """Write *text* in the characters that every AWS tag value may hold, losslessly.

    :param text: any text, such as a user name with quotes.
    :raises DeclarationError: if the result is empty or longer than a tag value may be.
    """
    encoded = "".join(chr(byte) if byte in _TAG_SAFE else f"={byte:02X}" for byte in text.encode())
    if not 0 < len(encoded) <= _TAG_VALUE_LIMIT:
        raise DeclarationError(
            f"{text!r} takes {len(encoded)} characters as a tag value: choose one that takes 1 to {_TAG_VALUE_LIMIT}."
        )
    return encoded

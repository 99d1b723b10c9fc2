"""Read database credentials at runtime and connect through their rotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rotating_rds_client.adapters import Adapter, DriverAdapter
from rotating_rds_client.authentication import is_authentication_error
from rotating_rds_client.connector import RotatingConnector
from rotating_rds_client.credentials import Credentials
from rotating_rds_client.errors import (
    CredentialsRejectedError,
    MalformedSecretError,
    RotatingRdsClientError,
    SecretUnavailableError,
    UnusableTrustBundleError,
)
from rotating_rds_client.observer import ConnectReport, Counters, Outcome, Totals
from rotating_rds_client.retry import RetryPolicy
from rotating_rds_client.source import CredentialsSource, RefreshFailure, SecretSource
from rotating_rds_client.tls import trust_bundle, verified_context

if TYPE_CHECKING:
    from rotating_rds_client.aio import AsyncRotatingConnector, AsyncSecretSource

__all__ = [
    "Adapter",
    "AsyncRotatingConnector",
    "AsyncSecretSource",
    "ConnectReport",
    "Counters",
    "Credentials",
    "CredentialsRejectedError",
    "CredentialsSource",
    "DriverAdapter",
    "MalformedSecretError",
    "Outcome",
    "RefreshFailure",
    "RetryPolicy",
    "RotatingConnector",
    "RotatingRdsClientError",
    "SecretSource",
    "SecretUnavailableError",
    "Totals",
    "UnusableTrustBundleError",
    "is_authentication_error",
    "trust_bundle",
    "verified_context",
]


def __getattr__(name: str) -> Any:
    """Load what is for event loops when it is asked for: asyncio would double the time of the import."""
    if name not in {"AsyncRotatingConnector", "AsyncSecretSource"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rotating_rds_client import aio  # noqa: PLC0415 - see above

    return getattr(aio, name)

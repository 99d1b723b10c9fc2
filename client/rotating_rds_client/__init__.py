"""Read database credentials at runtime and connect through their rotations."""

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

__all__ = [
    "Adapter",
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

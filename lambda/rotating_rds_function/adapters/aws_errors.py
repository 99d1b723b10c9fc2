"""What the failures of AWS calls mean for a rotation."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters.sdk import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own
    HTTPClientError,
    NoCredentialsError,
    SSLError,
)
from rotating_rds_function.domain.errors import (
    InternalError,
    NotReadyError,
    PrivilegeError,
    RotationError,
    ThrottledError,
    TlsError,
    UnreachableError,
    WrongStateError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_Meaning = tuple[type[RotationError], str]

_DENIED: Final[_Meaning] = (
    PrivilegeError,
    "allow it to the function's role, for this secret and its key, and check that the key is enabled",
)
_THROTTLED: Final[_Meaning] = (ThrottledError, "rotate fewer secrets at the same minute")
_UNAVAILABLE: Final[_Meaning] = (NotReadyError, "it is tried again by itself")

# Source: "Errors" of each action and "Common Errors" in the API reference of AWS Secrets Manager.
_MEANINGS: Final[Mapping[str, _Meaning]] = MappingProxyType(
    {
        "AccessDenied": _DENIED,
        "AccessDeniedException": _DENIED,
        "DecryptionFailure": _DENIED,
        "EncryptionFailure": _DENIED,
        "ExpiredTokenException": _DENIED,
        "UnrecognizedClientException": _DENIED,
        "InvalidParameterException": (WrongStateError, "check the secret's versions and labels"),
        "InvalidRequestException": (WrongStateError, "check that the secret is not scheduled for deletion"),
        "LimitExceededException": (WrongStateError, "wait until old versions of the secret expire"),
        "ResourceNotFoundException": (WrongStateError, "check that the secret exists in this account and region"),
        "InternalServiceError": _UNAVAILABLE,
        "ServiceUnavailable": _UNAVAILABLE,
        "RequestLimitExceeded": _THROTTLED,
        "Throttling": _THROTTLED,
        "ThrottlingException": _THROTTLED,
        "TooManyRequestsException": _THROTTLED,
    }
)


def code_of(error: ClientError | BotoCoreError) -> str | None:
    """Return the error code of an answer; None if there was no answer."""
    if isinstance(error, ClientError):
        code: str = error.response.get("Error", {}).get("Code", "")
        return code
    return None


def translated(error: ClientError | BotoCoreError, action: str) -> RotationError:
    """Return the typed error; of the SDK's text it keeps what cannot hold a value."""
    code = code_of(error)
    if code is not None:
        kind, remedy = _MEANINGS.get(code, (InternalError, "see the trail for the call"))
        # Only a denial's text is quoted: it names principal, action and resource, which people need.
        detail = (
            f": {error.response['Error'].get('Message', '')}"
            if isinstance(error, ClientError) and kind is PrivilegeError
            else ""
        )
        return kind(f"Secrets Manager answered {action} with {code}{detail}; {remedy}.")
    kind, remedy = next(meaning for family, meaning in _WITHOUT_ANSWER if isinstance(error, family))
    return kind(f"{action} of Secrets Manager failed with {type(error).__name__}: {remedy}.")


_SILENT: Final[_Meaning] = (UnreachableError, "check the interface endpoint, its security group and private DNS")

# The first family that fits counts: SSLError is of both families below it.
_WITHOUT_ANSWER: Final[tuple[tuple[type[BotoCoreError], _Meaning], ...]] = (
    (SSLError, (TlsError, "check that nothing between intercepts TLS to the endpoint")),
    (ConnectionError, _SILENT),
    (HTTPClientError, _SILENT),
    (NoCredentialsError, (PrivilegeError, "give the function its role")),
    (BotoCoreError, (InternalError, "see the function's log")),
)

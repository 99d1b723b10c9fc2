"""What can go wrong between an application and its credentials.

::

    RotatingRdsClientError
    ├── SecretUnavailableError       Secrets Manager gave no value, and none is held that may still be used
    ├── MalformedSecretError         the value is there, but it is no set of database credentials
    ├── CredentialsRejectedError     the database refused every version of the secret that the budget allowed to try
    └── UnusableTrustBundleError     the file with the authorities to trust cannot be used

An error of the database driver that is no authentication error is never wrapped: it reaches the caller untouched.
No message, argument or chained exception of these carries a secret value.
"""

from __future__ import annotations


class RotatingRdsClientError(Exception):
    """Base of everything that this library raises by itself."""


class SecretUnavailableError(RotatingRdsClientError):
    """Secrets Manager did not give the value.

    :param message: One sentence with the cause and the remedy.
    :param code: The error code of AWS (``AccessDeniedException``), or the name of the exception where no answer came.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class MalformedSecretError(RotatingRdsClientError):
    """The value of a version cannot be read as database credentials."""


class CredentialsRejectedError(RotatingRdsClientError):
    """The database kept refusing what the secret says; the driver's last error is the ``__cause__``.

    :param message: One sentence with the cause and the remedy.
    :param version_ids: The versions whose credentials were tried, oldest first.
    :param logins: How many logins that took.
    """

    def __init__(self, message: str, *, version_ids: tuple[str, ...], logins: int) -> None:
        super().__init__(message)
        self.version_ids = version_ids
        self.logins = logins


class UnusableTrustBundleError(RotatingRdsClientError):
    """The file with the certificate authorities is missing or is no PEM file."""

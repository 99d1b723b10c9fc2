"""Credentials of one secret, held and renewed for all threads of a process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rotating_rds_client._lifetime import Held, Lifetime
from rotating_rds_client._secrets_manager import SecretReader, SecretsManagerClient
from rotating_rds_client._shared_value import SharedValue
from rotating_rds_client.clock import Clock, SystemClock
from rotating_rds_client.errors import MalformedSecretError, RotatingRdsClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_client.credentials import Credentials

_log = logging.getLogger("rotating_rds_client")


class CredentialsSource(Protocol):
    """Where a connector gets credentials from."""

    def get(self) -> Credentials:
        """Credentials to try first."""

    def refresh(self, rejected: Credentials | None = None, *, max_age: float = 0.0) -> Credentials:
        """Credentials as they are now, or were ``max_age`` seconds ago, after ``rejected`` did not log in."""


def check_source(source: object) -> None:
    """See that a source is none by mistake.

    :raises TypeError: if it is a secret's id.
    """
    if isinstance(source, str):
        raise TypeError(f"The source is {source!r}: give SecretSource({source!r}).")


@dataclass(frozen=True, slots=True)
class RefreshFailure:
    """A renewal that failed while the value held before stays in use.

    :param usable_for: Seconds until readers get an error instead, if nothing changes.
    """

    secret_id: str
    error: RotatingRdsClientError
    usable_for: float


class SecretSource:
    """The credentials in one version of one secret: a source's key is (id, staging label), and it has just one.

    A cold read costs one GetSecretValue; no other operation is ever called, so a policy that allows GetSecretValue on
    the label AWSCURRENT is enough. However many threads need a newer value at once, one call is made. Near the end of
    the TTL a background thread renews the value, while readers go on with the one that is still valid.

    :param secret_id: Name or ARN.
    :param stage: Staging label to read.
    :param client: boto3 ``secretsmanager`` client; by default one is made at the first read.
    :param ttl: Seconds for which a value is used without asking again; 0 asks at every read.
    :param jitter: Share of the TTL over which renewals are spread, so that a fleet does not ask in step; 0 renews only
        after the TTL has passed, and readers then wait for it.
    :param max_stale: Seconds beyond the TTL for which the last value is used while Secrets Manager cannot be read. A
        new version that cannot be parsed never displaces the old one.
    :param on_refresh_failure: Called for every failed renewal that leaves an old value in use.
    :param clock: For tests; the process's monotonic clock by default.
    :raises ValueError: if the id is empty, a time is negative or the jitter is outside 0 to 1.
    """

    def __init__(
        self,
        secret_id: str,
        *,
        stage: str = "AWSCURRENT",
        client: SecretsManagerClient | None = None,
        ttl: float = 300.0,
        jitter: float = 0.1,
        max_stale: float = 3600.0,
        on_refresh_failure: Callable[[RefreshFailure], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not secret_id:
            raise ValueError("secret_id is empty: give the name or the ARN of a secret.")
        self._reader = SecretReader(secret_id, stage, client)
        self._lifetime = Lifetime(ttl, jitter, max_stale)
        self._on_refresh_failure = on_refresh_failure
        self._now = (clock or SystemClock()).monotonic
        self._shared: SharedValue[Held] = SharedValue(self._read)

    def __repr__(self) -> str:
        return f"SecretSource({self._reader.secret_id!r}, stage={self._reader.stage!r})"

    def get(self) -> Credentials:
        """Return credentials that are at most as old as the TTL, or as an outage allows.

        :raises SecretUnavailableError: if none is held that may still be used, and Secrets Manager gives none.
        :raises MalformedSecretError: if the very first value cannot be parsed.
        """
        return self.peek() or self._shared.renew(self._shared.latest).credentials

    def peek(self) -> Credentials | None:
        """Return credentials that may be used without waiting; None if Secrets Manager has to be asked first.

        Near the end of the TTL it has a background thread renew them, as :meth:`get` does.
        """
        held = self._shared.latest
        if held is None:
            return None
        now = self._now()
        if now >= held.expires_at:
            return None
        if now >= held.refresh_at:
            self._shared.renew_in_background(held)
        return held.credentials

    def refresh(self, rejected: Credentials | None = None, *, max_age: float = 0.0) -> Credentials:
        """Ask Secrets Manager now, whatever the TTL says.

        :param rejected: Credentials that did not log in; where another version is held already, because another thread
            has asked in the meantime, that one is returned without a call.
        :param max_age: An answer of so many seconds ago will do, so that threads which poll share their questions; by
            default none will.
        :raises SecretUnavailableError: as :meth:`get`.
        :raises MalformedSecretError: as :meth:`get`.
        """
        held = self._shared.latest
        if held is not None and (self._replaces(held, rejected) or self._now() - held.asked_at < max_age):
            return held.credentials
        return self._shared.renew(held).credentials

    @staticmethod
    def _replaces(held: Held, rejected: Credentials | None) -> bool:
        return rejected is not None and held.credentials.version_id != rejected.version_id

    def _read(self, seen: Held | None) -> Held:
        asked_at = self._now()
        try:
            credentials = self._reader.read()
        except RotatingRdsClientError as error:
            kept = self._kept(seen, error)
            if kept is None:
                raise
            return kept
        if seen is None or seen.credentials.version_id != credentials.version_id:
            _log.info("Using version %s of the secret %s.", credentials.version_id, self._reader.secret_id)
        return self._lifetime.of_read(credentials, at=asked_at)

    def _kept(self, seen: Held | None, error: RotatingRdsClientError) -> Held | None:
        if seen is None:
            return None
        now = self._now()
        outlive = self._lifetime.after_outage
        if isinstance(error, MalformedSecretError):
            outlive = self._lifetime.after_malformed
        kept = outlive(seen, at=now)
        if kept is not None:
            self._tell(RefreshFailure(self._reader.secret_id, error, kept.expires_at - now))
        return kept

    def _tell(self, failure: RefreshFailure) -> None:
        _log.warning("%s The value read before stays in use for %.0f s.", failure.error, failure.usable_for)
        if self._on_refresh_failure is None:
            return
        try:
            self._on_refresh_failure(failure)
        except Exception:  # noqa: BLE001 - a failing callback must not cost readers the value
            _log.exception("The callback on_refresh_failure failed; the credentials are not affected.")

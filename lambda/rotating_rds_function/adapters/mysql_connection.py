"""A connection to MySQL or MariaDB: over verified TLS or not at all, inside the time that is left."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import pymysql.connections
import pymysql.cursors

from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.limits import Limits
from rotating_rds_function.adapters.mysql_errors import code_of, translated

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Mapping

    from rotating_rds_function.domain.endpoints import Endpoint
    from rotating_rds_function.domain.patience import Deadline

_CHARACTER_SET: Final = "utf8mb4"

Row = dict[str, Any]


@dataclass
class _Handshake:
    """What the driver takes for its TLS context: begins TLS as every session of ours does, and keeps the channel.

    The protocol asks for TLS inside of it, so that the driver has to begin it. Named a TLS context that is required,
    it sends nothing but its capabilities before.
    """

    endpoint: Endpoint
    trust: ssl.SSLContext
    channel: ssl.SSLSocket | None = None

    def wrap_socket(self, plain: socket.socket, server_hostname: str) -> ssl.SSLSocket:  # noqa: ARG002 - the endpoint has it
        """See ssl.SSLContext."""
        self.channel = tls.handshake(plain, self.endpoint, self.trust)
        return self.channel


class MySqlConnection:
    """One session's connection. Made by open(); speaks text, in utf8mb4 and with the SQL mode of mysql_text."""

    def __init__(
        self,
        driver: pymysql.connections.Connection[pymysql.cursors.DictCursor],
        handshake: _Handshake,
        deadline: Deadline,
    ) -> None:
        self._driver = driver
        self._handshake = handshake
        self._deadline = deadline

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        username: str,
        password: str,
        *,
        trust: ssl.SSLContext,
        deadline: Deadline,
        settings: Mapping[str, str],
    ) -> Self:
        """Log in.

        :param settings: session variables to set, beside those that every session needs.
        :raises RotationError: with the cause, if the session cannot be opened.
        """
        handshake = _Handshake(endpoint, trust)
        limits = Limits.within(deadline)
        plain = tls.connect(endpoint, timeout=limits.connect)
        try:
            driver = pymysql.connections.Connection(
                user=username,
                password=password.encode(),  # the driver would take text for Latin-1
                host=endpoint.server_name,
                database=endpoint.database,
                charset=_CHARACTER_SET,
                init_command=_settings(limits, settings),
                autocommit=None,
                ssl=trust,
                # Equal ones, so that the driver leaves the channel's time-out to us.
                read_timeout=limits.connect,
                write_timeout=limits.connect,
                cursorclass=pymysql.cursors.DictCursor,
                program_name="rotating-rds",
                defer_connect=True,
            )
            driver.ctx = handshake  # type: ignore[attr-defined]  # the published types leave it out
            driver.connect(plain)
        except Exception as error:  # noqa: BLE001 - the driver lets struct and index errors of broken packets through
            failure = translated(error, endpoint)
        else:
            return cls(driver, handshake, deadline)
        plain.close()
        raise failure

    def run(self, statement: str) -> list[Row]:
        """Run a statement and return its rows, none for one without.

        :raises RotationError: if it fails.
        """
        failed, rows = self.attempt(statement)
        if failed is not None:
            raise translated(failed, self._handshake.endpoint, logged_in=True)
        return rows

    def run_unless(self, code: int, statement: str) -> bool:
        """Run a statement that may be answered by one error, and tell whether it was not.

        :raises RotationError: if it fails for another reason.
        """
        failed, _ = self.attempt(statement)
        if failed is not None and code_of(failed) != code:
            raise translated(failed, self._handshake.endpoint, logged_in=True)
        return failed is None

    def attempt(self, statement: str) -> tuple[Exception | None, list[Row]]:
        """Run a statement; return what went wrong, or None, and its rows."""
        try:
            channel = self._handshake.channel
            if channel is not None:
                channel.settimeout(Limits.within(self._deadline).statement)
            with self._driver.cursor() as cursor:
                cursor.execute(statement)
                return None, list(cursor.fetchall())
        except Exception as error:  # noqa: BLE001 - as in open()
            return error, []

    def trusted_until(self) -> float:
        """See DatabaseSession."""
        channel = self._handshake.channel
        assert channel is not None, "open() returns nothing without one"  # noqa: S101
        return tls.trusted_until(channel)

    def close(self) -> None:
        """End the session. Never raises: a connection that broke is closed."""
        with contextlib.suppress(Exception):
            self._driver.close()


def _settings(limits: Limits, settings: Mapping[str, str]) -> str:
    """Return the statement that makes a session ours, whatever the server's settings are."""
    seconds = max(1, int(limits.lock))
    ours = {
        "sql_mode": "'NO_BACKSLASH_ESCAPES'",
        "autocommit": "1",
        "lock_wait_timeout": str(seconds),
        # A function that was stopped in the middle must not keep the lock.
        "wait_timeout": str(max(1, int(limits.statement))),
    }
    return "SET " + ", ".join(f"SESSION {name} = {value}" for name, value in {**ours, **settings}.items())

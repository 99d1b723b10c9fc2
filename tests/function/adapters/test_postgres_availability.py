"""Servers that cannot be reached, are not ready, fall silent, or are something else."""

from __future__ import annotations

import struct
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pg8000.native
import pytest

from localcloud.databases import Authority, PostgresServer
from rotating_rds_function.adapters.postgres_errors import translated
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    InternalError,
    NotReadyError,
    TlsError,
    UnreachableError,
)
from tests.support.failed_login import failure_of_login
from tests.support.rotations import FIRST_PASSWORD as PASSWORD
from tests.support.tcp_servers import black_hole, closed_port, postgres_with_tls, tcp_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from rotating_rds_function.adapters.postgres import Postgres


def test_a_port_without_a_server_is_unreachable(database: Callable[..., Postgres]) -> None:
    """The sentence names the address, what happened, and where to look."""
    port = closed_port()
    failure = failure_of_login(database(port=port))
    assert isinstance(failure, UnreachableError)
    assert f"localhost:{port} cannot be reached (Connection refused)" in str(failure)
    assert "security groups" in str(failure)


def test_a_name_without_an_address_is_unreachable(database: Callable[..., Postgres]) -> None:
    """RFC 6761 reserves the domain .invalid."""
    failure = failure_of_login(database(host="orders.invalid", server_name="orders.invalid"))
    assert isinstance(failure, UnreachableError)
    assert "orders.invalid" in str(failure)


def test_a_black_hole_is_given_up_within_the_remaining_time(database: Callable[..., Postgres]) -> None:
    """A dropped packet is what a security group makes of a connection."""
    with black_hole() as port:
        began = time.monotonic()
        failure = failure_of_login(database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert "no answer in time" in str(failure)
    assert 0.3 < time.monotonic() - began < 5


def test_a_server_that_falls_silent_after_tls_is_given_up_within_the_remaining_time(
    database: Callable[..., Postgres], authority: Authority
) -> None:
    """The driver's own reads are bounded as well."""
    with postgres_with_tls(authority, lambda channel: channel.recv(1000) and channel.recv(1000)) as port:
        began = time.monotonic()
        failure = failure_of_login(database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("bytes_first", [0, 1], ids=["at once", "after accepting TLS"])
def test_a_connection_that_is_closed_is_unreachable(database: Callable[..., Postgres], bytes_first: int) -> None:
    """A proxy without a server behind it behaves so."""

    def close(connection: socket.socket) -> None:
        connection.recv(8)
        connection.sendall(b"S" * bytes_first)

    with tcp_server(close) as port:
        assert isinstance(failure_of_login(database(port=port)), UnreachableError | TlsError)


@pytest.mark.parametrize("sqlstate", ["57P03", "53300", "57P01", "57P02"])
def test_a_server_that_turns_logins_away_is_not_ready(
    database: Callable[..., Postgres], authority: Authority, sqlstate: str
) -> None:
    """It is starting, full, or being shut down: the answer comes before any question about a password."""
    fields = f"SFATAL\0C{sqlstate}\0Mnot now\0\0".encode()

    def turn_away(channel: socket.socket) -> None:
        channel.recv(1000)
        channel.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)

    with postgres_with_tls(authority, turn_away) as port:
        failure = failure_of_login(database(port=port))
    assert isinstance(failure, NotReadyError)
    assert sqlstate in str(failure)
    assert "not now" not in str(failure)


def test_an_answer_counts_more_than_the_failure_to_say_good_bye_after_it() -> None:
    """The driver takes its leave of a server that has closed the connection, and that error hides the answer."""
    hiding = pg8000.native.InterfaceError("network error")
    hiding.__context__ = pg8000.native.DatabaseError({"C": "28P01", "M": "the driver's own words"})
    failure = translated(hiding, Endpoint("orders.example", 5432, "orders.example"))
    assert isinstance(failure, AuthenticationError)
    assert "own words" not in str(failure)


def test_a_server_that_is_no_postgres_is_told_apart(database: Callable[..., Postgres], authority: Authority) -> None:
    """The endpoint of another engine, for example."""
    with postgres_with_tls(authority, lambda channel: channel.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        failure = failure_of_login(database(port=port))
    assert isinstance(failure, InternalError | UnreachableError)


def test_a_server_that_dies_during_a_session_is_unreachable_and_its_session_closes(
    database: Callable[..., Postgres], authority: Authority, tmp_path: Path
) -> None:
    """Closing what is broken raises nothing."""
    server = PostgresServer.create(
        tmp_path / "mortal", authority=authority, master_username="app", master_password=PASSWORD
    )
    try:
        with closing(database(port=server.port).login("app", PASSWORD)) as session:
            server.kill()
            with pytest.raises((UnreachableError, NotReadyError)) as caught:
                session.lock("app")
        assert caught.value.__context__ is None
    finally:
        server.destroy()


def test_without_time_left_nothing_is_begun(database: Callable[..., Postgres], role: Callable[..., str]) -> None:
    """Lambda would stop the function in the middle of it."""
    with pytest.raises(NotReadyError, match="raise the function's time-out"):
        database(seconds=0.1).login(role(), PASSWORD)

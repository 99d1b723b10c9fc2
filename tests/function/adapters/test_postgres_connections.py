"""How the PostgreSQL adapter meets servers that cannot be trusted, reached or used."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pg8000.native
import pytest

from localcloud.databases import Authority, PostgresServer
from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.postgres import Postgres
from rotating_rds_function.adapters.postgres_errors import translated
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import (
    AuthenticationError,
    ConfigurationError,
    InternalError,
    NotReadyError,
    RotationError,
    TlsError,
    UnreachableError,
)
from rotating_rds_function.domain.patience import Deadline
from tests.support.leaks import find_leaks
from tests.support.rotations import FIRST_PASSWORD as PASSWORD
from tests.support.tcp_servers import TLS_REQUEST, black_hole, closed_port, postgres_with_tls, tcp_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _failure(database: Postgres) -> RotationError:
    with pytest.raises(RotationError) as caught:
        database.login("app", PASSWORD)
    assert caught.value.__context__ is None
    assert find_leaks([PASSWORD], [str(caught.value)]) == []
    return caught.value


def _wait_for_answer(answer: bytes, port: int) -> None:
    """Return when the server answers so to a request for TLS: it reads its configuration at leisure."""
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(TLS_REQUEST)
            if connection.recv(1) == answer:
                return
        time.sleep(0.05)
    pytest.fail(f"The server never answered {answer!r}.")


def test_a_server_of_another_authority_is_not_trusted(database: Callable[..., Postgres], tmp_path: Path) -> None:
    """The sentence tells what OpenSSL found, and the remedy."""
    stranger = Authority.load_or_create(tmp_path / "stranger")
    failure = _failure(database(ca_bundle=str(stranger.certificate)))
    assert isinstance(failure, TlsError)
    assert "does not prove that it is localhost (unable to get local issuer certificate)" in str(failure)


def test_the_shipped_authorities_do_not_trust_a_local_server(postgres: PostgresServer) -> None:
    """Without a bundle named, RDS's own authorities are what counts."""
    endpoint = Endpoint(postgres.host, postgres.port, postgres.host)
    deadline = Deadline(SystemClock(), 20)
    assert isinstance(_failure(Postgres(endpoint, trust=tls.trust(None), deadline=deadline)), TlsError)


def test_a_certificate_for_another_name_is_not_trusted(database: Callable[..., Postgres]) -> None:
    """A valid certificate of somebody else proves nothing."""
    failure = _failure(database(server_name="orders.example"))
    assert isinstance(failure, TlsError)
    assert "does not prove that it is orders.example (Hostname mismatch" in str(failure)


def test_the_server_name_is_what_the_certificate_must_prove(
    database: Callable[..., Postgres], role: Callable[..., str]
) -> None:
    """The host may be a CNAME of the endpoint."""
    database(host="127.0.0.1", server_name="localhost").login(role(), PASSWORD).close()


def test_a_server_without_tls_gets_no_password(database: Callable[..., Postgres]) -> None:
    """There is no way back to plaintext; the server hears the request for TLS and nothing else."""
    heard: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        heard.append(connection.recv(1000))
        connection.sendall(b"N")
        heard.append(connection.recv(1000))

    with tcp_server(refuse) as port:
        failure = _failure(database(port=port))
    assert isinstance(failure, TlsError)
    assert "does not speak TLS" in str(failure)
    assert heard == [TLS_REQUEST, b""]


def test_a_real_server_without_tls_is_a_tls_error(
    database: Callable[..., Postgres], authority: Authority, tmp_path: Path
) -> None:
    """Not only what we imagine of one."""
    server = PostgresServer.create(
        tmp_path / "plaintext",
        authority=authority,
        master_username="app",
        master_password=PASSWORD,
        parameters={},
    )
    try:
        with closing(server.superuser_connection()) as connection:
            connection.autocommit = True
            connection.cursor().execute("ALTER SYSTEM SET ssl TO off")
            connection.cursor().execute("SELECT pg_reload_conf()")
        _wait_for_answer(b"N", server.port)
        assert isinstance(_failure(database(port=server.port)), TlsError)
    finally:
        server.destroy()


def test_old_tls_is_a_tls_error(database: Callable[..., Postgres], authority: Authority) -> None:
    """TLS 1.1 is broken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    def speak(connection: socket.socket) -> None:
        connection.recv(8)
        connection.sendall(b"S")
        try:
            context.wrap_socket(connection, server_side=True).close()
        except OSError:
            return

    with tcp_server(speak) as port:
        failure = _failure(database(port=port))
    assert isinstance(failure, TlsError)
    assert "TLS 1.2 or newer" in str(failure)


def test_every_context_verifies_strictly(authority: Authority) -> None:
    """As Python does by itself from 3.13 on."""
    for context in (tls.trust(None), tls.trust(str(authority.certificate))):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.verify_flags & ssl.VERIFY_X509_STRICT
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_cannot_be_read_is_a_configuration_error(tmp_path: Path, content: str | None) -> None:
    """The sentence names file and variable."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(ConfigurationError, match="ROTATING_RDS_CA_BUNDLE") as caught:
        tls.trust(str(bundle))
    assert str(bundle) in str(caught.value)


def test_a_port_without_a_server_is_unreachable(database: Callable[..., Postgres]) -> None:
    """The sentence names the address, what happened, and where to look."""
    port = closed_port()
    failure = _failure(database(port=port))
    assert isinstance(failure, UnreachableError)
    assert f"localhost:{port} cannot be reached (Connection refused)" in str(failure)
    assert "security groups" in str(failure)


def test_a_name_without_an_address_is_unreachable(database: Callable[..., Postgres]) -> None:
    """RFC 6761 reserves the domain .invalid."""
    failure = _failure(database(host="orders.invalid", server_name="orders.invalid"))
    assert isinstance(failure, UnreachableError)
    assert "orders.invalid" in str(failure)


def test_a_black_hole_is_given_up_within_the_remaining_time(database: Callable[..., Postgres]) -> None:
    """A dropped packet is what a security group makes of a connection."""
    with black_hole() as port:
        began = time.monotonic()
        failure = _failure(database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert "no answer in time" in str(failure)
    assert 0.3 < time.monotonic() - began < 1.5


def test_a_server_that_falls_silent_after_tls_is_given_up_within_the_remaining_time(
    database: Callable[..., Postgres], authority: Authority
) -> None:
    """The driver's own reads are bounded as well."""
    with postgres_with_tls(authority, lambda channel: channel.recv(1000) and channel.recv(1000)) as port:
        began = time.monotonic()
        failure = _failure(database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("bytes_first", [0, 1], ids=["at once", "after accepting TLS"])
def test_a_connection_that_is_closed_is_unreachable(database: Callable[..., Postgres], bytes_first: int) -> None:
    """A proxy without a server behind it behaves so."""

    def close(connection: socket.socket) -> None:
        connection.recv(8)
        connection.sendall(b"S" * bytes_first)

    with tcp_server(close) as port:
        assert isinstance(_failure(database(port=port)), UnreachableError | TlsError)


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
        failure = _failure(database(port=port))
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
        failure = _failure(database(port=port))
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

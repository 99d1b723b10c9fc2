"""Servers whose identity does not hold, or that would talk in plaintext: no password reaches them."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import Authority, PostgresServer
from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.postgres import Postgres
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.errors import (
    ConfigurationError,
    TlsError,
)
from rotating_rds_function.domain.patience import Deadline
from tests.support.failed_login import failure_of_login
from tests.support.rotations import FIRST_PASSWORD as PASSWORD
from tests.support.tcp_servers import TLS_REQUEST, tcp_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
    failure = failure_of_login(database(ca_bundle=str(stranger.certificate)))
    assert isinstance(failure, TlsError)
    assert "does not prove that it is localhost (unable to get local issuer certificate)" in str(failure)


def test_the_shipped_authorities_do_not_trust_a_local_server(postgres: PostgresServer) -> None:
    """Without a bundle named, RDS's own authorities are what counts."""
    endpoint = Endpoint(postgres.host, postgres.port, postgres.host)
    deadline = Deadline(SystemClock(), 20)
    assert isinstance(failure_of_login(Postgres(endpoint, trust=tls.trust(None), deadline=deadline)), TlsError)


def test_a_certificate_for_another_name_is_not_trusted(database: Callable[..., Postgres]) -> None:
    """A valid certificate of somebody else proves nothing."""
    failure = failure_of_login(database(server_name="orders.example"))
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
        failure = failure_of_login(database(port=port))
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
        assert isinstance(failure_of_login(database(port=server.port)), TlsError)
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
        failure = failure_of_login(database(port=port))
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

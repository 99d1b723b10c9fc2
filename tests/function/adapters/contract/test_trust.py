"""Servers whose identity does not hold, or that are not there: on every engine no password reaches them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cryptography import x509

from localcloud.databases import Authority
from rotating_rds_function.adapters import tls
from rotating_rds_function.domain.errors import TlsError, UnreachableError
from tests.support.engines import PASSWORD
from tests.support.failed_login import failure_of_login
from tests.support.tcp_servers import black_hole, closed_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.engines import EngineUnderTest


def certificate_end_of(path: Path) -> float:
    """Return when the first certificate of a file ends, as another library reads it."""
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()


def test_a_server_of_another_authority_is_not_trusted(engine: EngineUnderTest, tmp_path: Path) -> None:
    """The sentence tells what OpenSSL found."""
    stranger = Authority.load_or_create(tmp_path / "stranger")
    failure = failure_of_login(engine.database(ca_bundle=str(stranger.certificate)))
    assert isinstance(failure, TlsError)
    assert "does not prove that it is localhost" in str(failure)


def test_the_shipped_authorities_do_not_trust_a_local_server(engine: EngineUnderTest) -> None:
    """Without a bundle named, RDS's own authorities are what counts."""
    assert isinstance(failure_of_login(engine.database(ca_bundle=str(tls.RDS_ROOTS))), TlsError)


def test_a_certificate_for_another_name_is_not_trusted(engine: EngineUnderTest) -> None:
    """A valid certificate of somebody else proves nothing."""
    failure = failure_of_login(engine.database(server_name="orders.example"))
    assert isinstance(failure, TlsError)
    assert "does not prove that it is orders.example" in str(failure)


def test_the_server_name_is_what_the_certificate_must_prove(engine: EngineUnderTest) -> None:
    """The host may be a CNAME of the endpoint."""
    engine.database(host="127.0.0.1", server_name="localhost").login(engine.user(), PASSWORD).close()


def test_the_first_certificate_of_the_chain_to_end_is_told(engine: EngineUnderTest) -> None:
    """The authority's or the server's own, whichever comes first."""
    session = engine.database().login(engine.user(), PASSWORD)
    told = session.trusted_until()
    session.close()
    issued = engine.authority.certificate.parent.rglob("certificate.pem")
    assert told == min(map(certificate_end_of, issued))


def test_a_port_without_a_server_is_unreachable(engine: EngineUnderTest) -> None:
    """The sentence names the address, what happened, and where to look."""
    port = closed_port()
    failure = failure_of_login(engine.database(port=port))
    assert isinstance(failure, UnreachableError)
    assert f"localhost:{port} cannot be reached (Connection refused)" in str(failure)


def test_a_black_hole_is_given_up_within_the_remaining_time(engine: EngineUnderTest) -> None:
    """A dropped packet is what a security group makes of a connection."""
    with black_hole() as port:
        began = time.monotonic()
        failure = failure_of_login(engine.database(port=port, seconds=0.5))
    assert isinstance(failure, UnreachableError)
    assert "no answer in time" in str(failure)
    assert 0.3 < time.monotonic() - began < 5

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import Authority
from tests.support.postgres import verifying_context

if TYPE_CHECKING:
    from pathlib import Path


def _handshake(authority: Authority, certificate: Path, key: Path, *, hostname: str) -> None:
    """Have a strict client and a server talk in memory until both are content or one is not."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = verifying_context(authority).wrap_bio(to_client, to_server, server_hostname=hostname)
    pending = [client, server]
    while pending:
        for side in list(pending):
            try:
                side.do_handshake()
                pending.remove(side)
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("hostname", ["localhost", "127.0.0.1"])
def test_an_issued_certificate_passes_the_strictest_verification(tmp_path: Path, hostname: str) -> None:
    """Host name and IP address are verified as Python 3.13 does it by default."""
    authority = Authority.load_or_create(tmp_path / "authority")
    certificate, key = authority.issue("localhost", "127.0.0.1")
    _handshake(authority, certificate, key, hostname=hostname)


def test_a_certificate_is_no_use_for_another_host(tmp_path: Path) -> None:
    """The host name is a part of what is verified."""
    authority = Authority.load_or_create(tmp_path / "authority")
    certificate, key = authority.issue("orders.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        _handshake(authority, certificate, key, hostname="localhost")


def test_a_certificate_of_another_authority_is_no_use(tmp_path: Path) -> None:
    """Two authorities are strangers although they have the same name."""
    ours, theirs = (Authority.load_or_create(tmp_path / name) for name in ("ours", "theirs"))
    certificate, key = theirs.issue("localhost")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(ours, certificate, key, hostname="localhost")


def test_an_authority_is_found_again(tmp_path: Path) -> None:
    """What one process trusts is what the next one issues."""
    bundle = Authority.load_or_create(tmp_path / "authority").certificate.read_bytes()
    again = Authority.load_or_create(tmp_path / "authority")
    assert again.certificate.read_bytes() == bundle
    _handshake(again, *again.issue("localhost"), hostname="localhost")


def test_processes_that_create_an_authority_at_once_agree_on_one(tmp_path: Path) -> None:
    """The complete authority appears in one step, and nothing else is left."""
    with ThreadPoolExecutor(8) as pool:
        authorities = list(pool.map(Authority.load_or_create, [tmp_path / "authority"] * 8))
    assert len({authority.certificate.read_bytes() for authority in authorities}) == 1
    for authority in authorities:
        _handshake(authorities[0], *authority.issue("localhost"), hostname="localhost")
    assert [path.name for path in tmp_path.iterdir()] == ["authority"]


def test_keys_are_in_folders_closed_to_others(tmp_path: Path) -> None:
    """Neither the authority's key nor a server's can be read by another user of the machine."""
    authority = Authority.load_or_create(tmp_path / "authority")
    _, key = authority.issue("localhost")
    assert (tmp_path / "authority").stat().st_mode & 0o777 == 0o700
    assert key.parent.stat().st_mode & 0o777 == 0o700

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from rotating_rds_client import UnusableTrustBundleError, trust_bundle, verified_context
from rotating_rds_client.tls import CA_BUNDLE_VARIABLE, RDS_ROOTS
from rotating_rds_function.adapters.tls import RDS_ROOTS as FUNCTION_ROOTS

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.databases import Authority


@pytest.fixture(autouse=True)
def _no_bundle_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without the variable."""
    monkeypatch.delenv(CA_BUNDLE_VARIABLE, raising=False)


def subjects(context: ssl.SSLContext) -> list[object]:
    """Return whom a context trusts."""
    return [certificate["subject"] for certificate in context.get_ca_certs()]


def test_chain_and_host_name_are_verified(authority: Authority) -> None:
    """Either alone leaves room for a man in the middle."""
    for context in (verified_context(), verified_context(authority.certificate)):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_an_explicit_bundle_is_all_that_is_trusted(authority: Authority) -> None:
    """Whoever names the authorities of a database does not mean the whole web's."""
    assert len(subjects(verified_context(authority.certificate))) == 1


def test_the_environment_names_the_bundle(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments configure by environment."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, str(authority.certificate))
    assert trust_bundle() == authority.certificate
    assert len(subjects(verified_context())) == 1


def test_an_explicit_bundle_goes_before_the_environment_s(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearer setting wins."""
    monkeypatch.setenv(CA_BUNDLE_VARIABLE, "/nowhere.pem")
    assert trust_bundle(authority.certificate) == authority.certificate


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_bundle_those_of_amazon_rds_are_trusted_beside_the_system_s(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """An empty variable is none."""
    if value is not None:
        monkeypatch.setenv(CA_BUNDLE_VARIABLE, value)
    assert trust_bundle() is None
    trusted = str(subjects(verified_context()))
    assert "Amazon RDS eu-west-1 Root CA ECC384 G1" in trusted
    assert len(subjects(verified_context())) > len(subjects(verified_context(RDS_ROOTS)))


def test_they_are_those_that_rotations_trust() -> None:
    """One tool writes both files."""
    assert RDS_ROOTS.read_bytes() == FUNCTION_ROOTS.read_bytes()


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    """Falling back to the system's authorities would hide the mistake."""
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnusableTrustBundleError, match=rf"'{path}' cannot be loaded .* {CA_BUNDLE_VARIABLE}"):
        verified_context(path)

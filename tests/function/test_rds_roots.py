"""The certificate authorities that come with the function."""

from __future__ import annotations

import hashlib
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from rotating_rds_function.adapters.tls import RDS_ROOTS, trust
from tools import refresh_rds_roots

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_PINS = Path("tools/rds_roots.sha256").read_text("ascii").splitlines()
_CERTIFICATES = x509.load_pem_x509_certificates(RDS_ROOTS.read_bytes())
_NOW = datetime.now(UTC)


def _pinned() -> set[str]:
    return {line.split("  ", 1)[0] for line in _PINS}


def test_every_root_has_a_pinned_fingerprint_and_every_pin_a_root() -> None:
    """A root that slips in with an update of the npm package would be trusted with every password."""
    shipped = {hashlib.sha256(der).hexdigest() for der in _ders()}
    assert shipped == _pinned()
    assert len(_CERTIFICATES) == len(_PINS) == len(shipped)


def _ders() -> list[bytes]:
    blocks = RDS_ROOTS.read_text("ascii").split(ssl.PEM_HEADER)[1:]
    return [
        ssl.PEM_cert_to_DER_cert(ssl.PEM_HEADER + block.split(ssl.PEM_FOOTER)[0] + ssl.PEM_FOOTER) for block in blocks
    ]


def test_no_root_expires_within_ninety_days() -> None:
    """Red while there is time to refresh them."""
    ending = [
        root.subject.rfc4514_string() for root in _CERTIFICATES if root.not_valid_after_utc < _NOW + timedelta(90)
    ]
    assert ending == []


@pytest.mark.parametrize("root", _CERTIFICATES, ids=lambda root: root.subject.rfc4514_string().split(",")[0])
def test_every_root_is_a_self_signed_production_authority(root: x509.Certificate) -> None:
    """Intermediates need no trust, and Beta and Preview serve trials."""
    root.verify_directly_issued_by(root)
    constraints = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value.ca
    name = root.subject.rfc4514_string()
    assert "Amazon RDS" in name
    assert "Beta" not in name
    assert "Preview" not in name


def test_every_root_loads_into_the_strict_context() -> None:
    """Python 3.13 is strict by itself, and would drop a malformed one without a word."""
    loaded = trust(None).get_ca_certs(binary_form=True)
    assert {hashlib.sha256(der).hexdigest() for der in loaded} == _pinned()


def test_every_region_has_its_three_roots_and_is_documented() -> None:
    """RDS lets a database choose between RSA 2048, RSA 4096 and ECC."""
    names = [line.split("  ", 1)[1] for line in _PINS]
    regions = refresh_rds_roots.regions_of(names)
    assert len(names) == 3 * len(regions)
    contract = json.loads(Path("lambda/contract.schema.json").read_text("utf-8"))
    assert sorted(regions) == contract["$defs"]["regions"]["enum"]
    header = RDS_ROOTS.read_text("ascii").split(ssl.PEM_HEADER)[0]
    for region in regions:
        assert f"#   {region}\n" in header


def test_the_files_are_what_the_tool_writes() -> None:
    """Nobody edits them by hand."""
    certificates = refresh_rds_roots.certificates_of(refresh_rds_roots.SOURCE.read_text("utf-8"))
    roots = refresh_rds_roots.production_roots(certificates, now=_NOW)
    assert refresh_rds_roots.pins_of(roots).splitlines() == _PINS
    assert refresh_rds_roots.bundle_of(roots) == RDS_ROOTS.read_text("ascii")


def _authority(name: str, *, begins: int = -1, ends: int = 400) -> x509.Certificate:
    return _issued(name, name, key := generate_private_key(SECP256R1()), key, begins=begins, ends=ends)


def _issued(
    name: str,
    issuer: str,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    *,
    begins: int = -1,
    ends: int = 400,
) -> x509.Certificate:
    subject, issuing = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (name, issuer))
    builder = x509.CertificateBuilder(issuing, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(_NOW + timedelta(begins)).not_valid_after(_NOW + timedelta(ends))
    return builder.sign(signer, SHA256())


_PRODUCTION = "Amazon RDS eu-west-9 Root CA RSA2048 G1"


def test_the_tool_takes_a_production_root() -> None:
    """The counterpart of what it leaves out."""
    assert list(refresh_rds_roots.production_roots([_authority(_PRODUCTION)], now=_NOW)) == [_PRODUCTION]


@pytest.mark.parametrize(
    "certificate",
    [
        _authority("Amazon RDS Beta us-east-1 Root CA RSA2048 G1"),
        _authority("Amazon RDS Preview us-east-2 Root CA RSA2048 G1"),
        _authority("Somebody else's Root CA"),
        _authority(_PRODUCTION, begins=-9, ends=-1),
        _authority(_PRODUCTION, begins=1),
        _issued(_PRODUCTION, "Amazon RDS", generate_private_key(SECP256R1()), generate_private_key(SECP256R1())),
    ],
    ids=["beta", "preview", "foreign", "expired", "not yet valid", "intermediate"],
)
def test_the_tool_leaves_out_what_must_not_be_trusted(certificate: x509.Certificate) -> None:
    """Each for one reason."""
    assert refresh_rds_roots.production_roots([certificate], now=_NOW) == {}


def test_the_tool_stops_at_a_root_that_is_not_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person compares fingerprints first; the bundle stays as it was."""
    pins, bundle = tmp_path / "pins", tmp_path / "bundle.pem"
    pins.write_text("\n".join(_PINS[1:]) + "\n")
    monkeypatch.setattr(refresh_rds_roots, "PINS", pins)
    monkeypatch.setattr(refresh_rds_roots, "BUNDLE", bundle)
    assert refresh_rds_roots.main([]) == 1
    assert "add --pin" in capsys.readouterr().err
    assert not bundle.exists()


def test_the_tool_reads_the_npm_package_s_notation() -> None:
    """Lines of PEM as concatenated string literals."""
    pem = ssl.DER_cert_to_PEM_cert(_ders()[0])
    javascript = "[\n" + " +\n".join(f"'{line}\\n'" for line in pem.splitlines()) + ",\n]"
    assert refresh_rds_roots.certificates_of(javascript) == [_CERTIFICATES[0]]

"""What our sessions need to know of a server's certificates, read from their DER."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_RSA: Final = bytes.fromhex("2a864886f70d0101")  # 1.2.840.113549.1.1
_ECDSA_SHA2: Final = bytes.fromhex("2a8648ce3d0403")  # 1.2.840.10045.4.3

# Source: RFC 4055, section 5, and RFC 5758, section 3.2; object identifiers as DER holds them.
_HASHES: Final[Mapping[bytes, str]] = MappingProxyType(
    {
        _RSA + b"\x0b": "sha256",
        _RSA + b"\x0c": "sha384",
        _RSA + b"\x0d": "sha512",
        _ECDSA_SHA2 + b"\x02": "sha256",
        _ECDSA_SHA2 + b"\x03": "sha384",
        _ECDSA_SHA2 + b"\x04": "sha512",
    }
)

_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17


def signature_hash(certificate: bytes) -> str | None:
    """Return the hash function that a certificate was signed with.

    :param certificate: in DER, as a TLS handshake has verified it.
    :returns: None for one that authorities of databases do not use.
    """
    # RFC 5280, section 4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, ... }, ... }
    signed, _ = _content(certificate, 0)
    _, algorithm = _content(certificate, signed)
    identifier, _ = _content(certificate, algorithm)
    first, end = _content(certificate, identifier)
    return _HASHES.get(certificate[first:end])


def certificate_end(certificate: bytes) -> float:
    """Return when a certificate ends, in seconds since the epoch.

    :param certificate: in DER, as a TLS handshake has verified it.
    """
    # RFC 5280, section 4.1: tbsCertificate ::= SEQUENCE { [0] version DEFAULT v1, serialNumber, signature, issuer,
    # validity SEQUENCE { notBefore, notAfter }, ... }
    outer, _ = _content(certificate, 0)
    place, _ = _content(certificate, outer)
    before_validity = 4 if certificate[place] == _VERSION else 3
    for _ in range(before_validity):
        _, place = _content(certificate, place)
    validity, _ = _content(certificate, place)
    _, not_after = _content(certificate, validity)
    first, end = _content(certificate, not_after)
    written = certificate[first:end].decode("ascii")
    # Sections 4.1.2.5.1 and 4.1.2.5.2: both in UTC; years from 2050 on are written with four digits.
    form = "%y%m%d%H%M%SZ" if certificate[not_after] == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(written, form).replace(tzinfo=UTC).timestamp()


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at a place begins, and where the next element does."""
    first, length = at + 2, der[at + 1]
    if length & 0x80:  # then it is the number of bytes that hold the length
        first, length = first + (length & 0x7F), int.from_bytes(der[first : first + (length & 0x7F)], "big")
    return first, first + length

"""The one thing that a login to PostgreSQL needs to know of the server's certificate."""

from __future__ import annotations

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


def _content(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at a place begins, and where the next element does."""
    first, length = at + 2, der[at + 1]
    if length & 0x80:  # then it is the number of bytes that hold the length
        first, length = first + (length & 0x7F), int.from_bytes(der[first : first + (length & 0x7F)], "big")
    return first, first + length

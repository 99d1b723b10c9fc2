"""Verified connections: chain and host name, always; there is no way to ask for less."""

from __future__ import annotations

import socket
import ssl
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rotating_rds_function.adapters.certificates import certificate_end
from rotating_rds_function.domain.errors import ConfigurationError, TlsError, UnreachableError

if TYPE_CHECKING:
    from rotating_rds_function.domain.endpoints import Endpoint

RDS_ROOTS: Final = Path(__file__).resolve().parent.parent / "certificates" / "rds-roots.pem"

CA_BUNDLE_VARIABLE: Final = "ROTATING_RDS_CA_BUNDLE"

_DER: Final = 2  # OpenSSL's X509_FILETYPE_ASN1, as Python's own module calls ENCODING_DER


@cache
def trust(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that trusts exactly one bundle of authorities.

    :param ca_bundle: path of a PEM file; the authorities of Amazon RDS that came with the function if None.
    :raises ConfigurationError: if the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies chain and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python sets it from 3.13 on by itself: the function shall not begin to fail with a newer runtime.
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(cafile=ca_bundle or RDS_ROOTS)
    except OSError as error:  # ssl.SSLError is one of them
        reason = error.strerror or type(error).__name__
    else:
        return context
    raise ConfigurationError(
        f"The certificate authorities in {ca_bundle!r} could not be read ({reason}): "
        f"let {CA_BUNDLE_VARIABLE} name a PEM file, or leave it out to trust those of Amazon RDS."
    )


def connect(endpoint: Endpoint, *, timeout: float) -> socket.socket:
    """Open a TCP connection.

    :param timeout: seconds, for connecting and for any single read or write afterwards.
    :raises UnreachableError: if nobody answers.
    """
    try:
        plain = socket.create_connection((endpoint.host, endpoint.port), timeout)
        # Drivers send a message in several writes: each would wait for the acknowledgement of the one before, 40 ms.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        reason = reason_of(error)
    else:
        return plain
    raise UnreachableError(
        f"{endpoint.host}:{endpoint.port} cannot be reached ({reason}): check that the database is running, "
        "and that security groups and routes let the function through to it."
    )


def handshake(plain: socket.socket, endpoint: Endpoint, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Begin TLS on a connection; closes it on failure.

    :raises TlsError: if the server's certificate does not prove that it is the endpoint, or TLS cannot be agreed on.
    :raises UnreachableError: if the connection breaks.
    """
    try:
        return context.wrap_socket(plain, server_hostname=endpoint.server_name)
    except ssl.SSLCertVerificationError as error:
        failure: TlsError | UnreachableError = TlsError(
            f"The certificate of {endpoint.host}:{endpoint.port} does not prove that it is {endpoint.server_name} "
            f"({error.verify_message}): connect to the endpoint that RDS issued (name it as server name where the host "
            "is a CNAME), and trust the authority that signed its certificate."
        )
    except ssl.SSLError as error:
        failure = TlsError(
            f"{endpoint.host}:{endpoint.port} could not agree on TLS 1.2 or newer ({error.reason}): "
            "check that it is the database, and its TLS settings."
        )
    except OSError as error:
        failure = UnreachableError(
            f"{endpoint.host}:{endpoint.port} broke off during the TLS handshake ({reason_of(error)}): "
            "check that the database is up, and that nothing between ends its connections."
        )
    plain.close()
    raise failure


def trusted_until(channel: ssl.SSLSocket) -> float:
    """Return when the first certificate of the verified chain ends, the authority's among them.

    :returns: seconds since the epoch.
    """
    return min(map(certificate_end, _verified_chain(channel)))


def _verified_chain(channel: Any) -> list[bytes]:
    if sys.version_info >= (3, 13):
        return list(channel.get_verified_chain())
    return [certificate.public_bytes(_DER) for certificate in channel._sslobj.get_verified_chain()]  # noqa: SLF001


def reason_of(error: OSError) -> str:
    """Name a failure of the network in the operating system's words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or type(error).__name__

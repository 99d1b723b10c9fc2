"""TLS that verifies who answers: the chain of the certificate and the host name in it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from rotating_rds_client.errors import UnusableTrustBundleError

CA_BUNDLE_VARIABLE = "ROTATING_RDS_CA_BUNDLE"
RDS_ROOTS = Path(__file__).with_name("certificates") / "rds-roots.pem"
"""The authorities of Amazon RDS in the commercial regions; tools/refresh_rds_roots.py writes them."""


def trust_bundle(ca_bundle: str | os.PathLike[str] | None = None) -> Path | None:
    """Find the file with the certificate authorities to trust.

    :param ca_bundle: Path of a PEM file; by default the environment variable ROTATING_RDS_CA_BUNDLE names it.
    :returns: The path, or ``None`` for the authorities of Amazon RDS and those of the system.
    :raises UnusableTrustBundleError: if there is no readable file with certificates.
    """
    named = ca_bundle or os.environ.get(CA_BUNDLE_VARIABLE)
    if not named:
        return None
    path = Path(named)
    _load(path)
    return path


def verified_context(ca_bundle: str | os.PathLike[str] | None = None) -> ssl.SSLContext:
    """Make a context that verifies the server's certificate chain and host name.

    :param ca_bundle: As for :func:`trust_bundle`.
    :raises UnusableTrustBundleError: as :func:`trust_bundle`.
    """
    path = trust_bundle(ca_bundle)
    if path is not None:
        return _load(path)
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=RDS_ROOTS)
    return context


def _load(path: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        raise UnusableTrustBundleError(
            f"The certificate authorities in '{path}' cannot be loaded ({type(error).__name__}): name a readable PEM "
            f"file, as an argument or in {CA_BUNDLE_VARIABLE}."
        ) from error

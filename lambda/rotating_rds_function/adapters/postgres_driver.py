"""PostgreSQL's driver, loaded without what no session of ours uses: Lambda compiles what a cold start loads."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rotating_rds_function.adapters.certificates import signature_hash

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Certificate:
    """What scramp has asn1crypto for: the hash function that binds a login to the server's certificate.

    asn1crypto is larger than the driver. It is loaded for a certificate that signature_hash() does not know.
    """

    def __init__(self, hash_algo: str) -> None:
        self.hash_algo = hash_algo

    @classmethod
    def load(cls, der: bytes, *, strict: bool) -> Any:
        """See asn1crypto.x509.Certificate."""
        known = signature_hash(der)
        if known is not None:
            return cls(known)
        from asn1crypto.x509 import Certificate  # noqa: PLC0415 - see above

        return Certificate.load(der, strict=strict)


@contextmanager
def _asn1crypto_later() -> Iterator[None]:
    """Have scramp find the class above instead; the other module that it imports serves servers."""
    package, module = ModuleType("asn1crypto"), ModuleType("asn1crypto.x509")
    vars(package)["pem"], vars(module)["Certificate"] = None, _Certificate
    names = (package.__name__, module.__name__)
    loaded = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(zip(names, (package, module), strict=True))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(loaded)


def _register(package: str) -> None:
    """Have a package's modules found without running the package itself."""
    spec = find_spec(package) if package not in sys.modules else None
    if spec is not None:
        sys.modules[package] = module_from_spec(spec)


_register("pg8000")  # which, run, loads two older interfaces beside the one below
with _asn1crypto_later():
    from pg8000.native import Connection, DatabaseError, InterfaceError, identifier, literal
    from scramp import ScramException, ScramMechanism

__all__ = [
    "Connection",
    "DatabaseError",
    "InterfaceError",
    "ScramException",
    "ScramMechanism",
    "identifier",
    "literal",
]

"""The driver without what no session uses: its logins are bound to the channel as they would be with all of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.rotations import FIRST_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.databases import Authority, PostgresServer

_BEGIN = """
import sys
sys.path.insert(0, "lambda")
"""

# Other tests load all of the driver.
_BIND = f"""{_BEGIN}
import rotating_rds_function.adapters.postgres_driver
from scramp.core import CBindData
print(bytes(CBindData.from_der(bytes.fromhex(sys.argv[1]))).hex(), "asn1crypto.x509" in sys.modules)
"""

_LOG_IN = f"""{_BEGIN}
from rotating_rds_function.adapters import tls
from rotating_rds_function.adapters.clock import SystemClock
from rotating_rds_function.adapters.postgres import Postgres
from rotating_rds_function.domain.endpoints import Endpoint
from rotating_rds_function.domain.patience import Deadline
host, port, authority, username, password = sys.argv[1:]
endpoint = Endpoint(host, int(port), "localhost")
database = Postgres(endpoint, trust=tls.trust(authority), deadline=Deadline(SystemClock(), 20))
session = database.login(username, password)
print(session._connection.auth.mechanism_name, "asn1crypto.x509" in sys.modules)
session.close()
"""

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_CURVE = ec.generate_private_key(ec.SECP384R1())
_PSS = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH)


def _printed(program: str, *arguments: str) -> list[str]:
    """What a program prints in a process of its own, word by word."""
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _unsigned(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """A certificate that only lacks its signature; a long one, as those of servers are."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "orders.example")])
    names = x509.SubjectAlternativeName([x509.DNSName(f"orders-{number}.example") for number in range(20)])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today).not_valid_after(today + timedelta(days=1))
    return builder.add_extension(names, critical=False)


@pytest.mark.parametrize("function", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda each: each.name)
@pytest.mark.parametrize("key", [_RSA, _CURVE], ids=["rsa", "ecdsa"])
def test_a_login_is_bound_to_the_certificate_by_the_hash_of_its_signature(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, function: hashes.SHA256 | hashes.SHA384 | hashes.SHA512
) -> None:
    """RFC 5929, section 4.1, for all that the authorities of Amazon RDS sign with."""
    certificate = _unsigned(key).sign(key, function).public_bytes(Encoding.DER)
    assert _printed(_BIND, certificate.hex()) == [hashlib.new(function.name, certificate).hexdigest(), "False"]


def test_an_unusual_certificate_is_left_to_the_library() -> None:
    """RSASSA-PSS names its hash among its parameters."""
    certificate = _unsigned(_RSA).sign(_RSA, hashes.SHA384(), rsa_padding=_PSS).public_bytes(Encoding.DER)
    assert _printed(_BIND, certificate.hex()) == [hashlib.sha384(certificate).hexdigest(), "True"]


def test_a_real_server_accepts_the_binding(
    postgres: PostgresServer, authority: Authority, role: Callable[..., str]
) -> None:
    """Whoever stood between function and server could not pass it on."""
    place = (postgres.host, str(postgres.port), str(authority.certificate))
    assert _printed(_LOG_IN, *place, role(), FIRST_PASSWORD) == ["SCRAM-SHA-256-PLUS", "False"]

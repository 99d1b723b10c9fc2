"""SCRAM verifiers: what a server needs to check a password, and cannot log in with."""

from __future__ import annotations

import base64

from rotating_rds_function.adapters.postgres_driver import ScramException, ScramMechanism
from rotating_rds_function.domain.errors import WrongStateError


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores for a password (RFC 5803, in the notation of pg_authid).

    :raises WrongStateError: if SASLprep (RFC 4013) prohibits the password.
    """
    try:
        salt, stored_key, server_key, rounds = ScramMechanism("SCRAM-SHA-256").make_auth_info(password)
    except ScramException:
        pass
    else:
        encoded = (base64.b64encode(part).decode("ascii") for part in (salt, stored_key, server_key))
        return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *encoded)
    raise WrongStateError(
        "The pending password has characters that SASLprep prohibits, such as control characters: "
        "rotate again with RotateSecret, which makes another one."
    )

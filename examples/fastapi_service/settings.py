"""What the service is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Read from variables.

    :param secret_id: ``DATABASE_SECRET_ID``: name or ARN of the database secret.
    :param host: ``HOST``: the address to listen on; this machine's own processes only, by default.
    :param port: ``PORT``: 8000 by default.
    :param pool_size: ``POOL_SIZE``: how many connections stay open; 5 by default. Ten more may be opened under load.
    """

    secret_id: str
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = 5

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> Self:
        """Read and check the variables.

        :raises ValueError: with a sentence that names the variable, what it holds, and what it should.
        """
        secret_id = variables.get("DATABASE_SECRET_ID")
        if not secret_id:
            raise ValueError("DATABASE_SECRET_ID is not set: set it to the name or ARN of the database secret.")
        return cls(
            secret_id=secret_id,
            host=variables.get("HOST", cls.host),
            port=_number(variables, "PORT", default=cls.port, highest=65535),
            pool_size=_number(variables, "POOL_SIZE", default=cls.pool_size, highest=100),
        )


def _number(variables: Mapping[str, str], name: str, *, default: int, highest: int) -> int:
    text = variables.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= highest):
        raise ValueError(f"{name} is {text!r}: set it to a whole number from 1 to {highest}.")
    return int(text)

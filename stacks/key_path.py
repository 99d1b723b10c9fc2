"""Says where in an environment's file something is that the library refuses."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rotating_rds import BundleMissingError, DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterator


class RefusedKeyError(DeclarationError):
    """A refusal that names the key."""


@contextmanager
def refusals_name(key: str) -> Iterator[None]:
    """Begin a refusal from within with *key*; the innermost one that is known stays.

    :raises RefusedKeyError: in place of the library's error.
    """
    try:
        yield
    except (RefusedKeyError, BundleMissingError):
        raise
    except DeclarationError as error:
        raise RefusedKeyError(f"{key}: {error}") from error

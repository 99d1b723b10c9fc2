"""The statements of a user's declaration: run for whoever holds its privileges, and named when they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.errors import InternalError, RotationError, WrongStateError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_GRANTEE: Final = "{grantee}"


def run_statements(run: Callable[[str], object], statements: Iterable[str], grantee: str) -> None:
    """Run the statements in their order.

    :param grantee: who holds the privileges, quoted as the engine quotes names.
    :raises RotationError: of the kind that the failing one met, naming it; the server's own text stays with the server.
    """
    for number, statement in enumerate(statements, start=1):
        failure = _attempt(run, statement.replace(_GRANTEE, grantee))
        if failure is not None:
            raise _named(failure, f"Statement {number} of the user's declaration ({shown(statement)})")


def _attempt(run: Callable[[str], object], statement: str) -> RotationError | None:
    try:
        run(statement)
    except RotationError as error:
        return error
    return None


def _named(failure: RotationError, which: str) -> RotationError:
    # What a statement of somebody's own makes the server say is no defect of ours.
    kind = WrongStateError if isinstance(failure, InternalError) else type(failure)
    return kind(f"{which} failed. {failure}")

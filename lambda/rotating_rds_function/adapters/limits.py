"""Time-outs of a database session, all inside the time that the function has left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

from rotating_rds_function.domain.errors import OutOfTimeError

if TYPE_CHECKING:
    from rotating_rds_function.domain.patience import Deadline

_LEAST: Final = 0.2
_LONGEST_CONNECT: Final = 10.0


class Limits(NamedTuple):
    """Seconds that a part of a session may take.

    The server gives up on a lock before it gives up on the statement, and on the statement before we stop listening:
    the answer that names the reason comes first.

    :param connect: for TCP and TLS together with the server's greeting, each; 10 at most, so that an address which
        answers nothing leaves time for a second attempt.
    :param lock: for another run of the rotation to finish.
    :param statement: for any statement, and for the server to miss us inside a transaction.
    """

    connect: float
    lock: float
    statement: float

    @classmethod
    def within(cls, deadline: Deadline) -> Self:
        """Share out what remains.

        :raises OutOfTimeError: if that is too little to begin anything.
        """
        remaining = deadline.remaining()
        if remaining < _LEAST:
            raise OutOfTimeError(
                f"Only {remaining:.1f} s of the function's time were left to use the database: "
                "see what took the time before, or raise the function's time-out."
            )
        return cls(connect=min(remaining, _LONGEST_CONNECT), lock=remaining * 0.5, statement=remaining * 0.8)

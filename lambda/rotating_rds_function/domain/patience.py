"""How long a step keeps trying: never beyond the time that Lambda leaves to the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rotating_rds_function.domain.errors import OutOfTimeError, RotationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_function.domain.ports import Clock

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
_LEAST_ATTEMPT = 0.5

T = TypeVar("T")


class Deadline:
    """The moment at which the function must be done.

    :param seconds: from now on.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._moment = clock.now() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, nought at least."""
        return max(0.0, self._moment - self._clock.now())


def persist(attempt: Callable[[], T], *, clock: Clock, deadline: Deadline) -> T:
    """Repeat *attempt*, with growing delays, while its error and the deadline allow; it must be idempotent.

    :raises RotationError: the last one that says something of the attempt itself.
    """
    started = clock.now()
    delay = _FIRST_DELAY
    reason: RotationError | None = None
    while True:
        try:
            return attempt()
        except OutOfTimeError:
            if reason is None:
                raise
            raise reason from None
        except RotationError as error:
            reason = error
            patience = started + error.patience - clock.now()
            # An attempt that cannot end in time would hide this error behind its own time-out.
            if delay >= min(patience, deadline.remaining() - _LEAST_ATTEMPT):
                raise
        clock.sleep(delay)
        delay = min(2 * delay, _LONGEST_DELAY)

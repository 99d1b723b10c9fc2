"""What happens by itself at known moments: scheduled rules, rotations, the end of recovery windows, alarm periods.

While nobody moves the clock, one thread looks every second whether something is due. Whoever moves it is taken from
moment to moment instead of leaping: at each one the clock stands there, what is due is done, and what that set in
motion (functions, rotations) ends before the clock goes on. So thirty days contain every rotation, every daily run and
every alarm period, in the order in which AWS would have them.

The thread stands aside meanwhile: what it set in motion between two moments, the clock would leave behind.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.emulator import clock

if TYPE_CHECKING:
    from collections.abc import Callable

_logger = logging.getLogger("localcloud.timetable")

_POLL_SECONDS = 0.005
_QUIET_SECONDS = 0.02
_LONGEST_WAIT = 120.0


@dataclass(frozen=True)
class _Entry:
    upcoming: Callable[[], float | None]
    work: Callable[[], None]


class Timetable:
    """Moves the clock and does what is due.

    :param seconds: how often is looked while the clock runs by itself.
    :param patience: for how many seconds a moved clock waits at one moment.
    """

    def __init__(self, seconds: float, *, patience: float = _LONGEST_WAIT) -> None:
        self._seconds = seconds
        self._patience = patience
        self._entries: list[_Entry] = []
        self._watches: list[Callable[[], None]] = []
        self._busy: list[Callable[[], bool]] = []
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)

    def add(self, upcoming: Callable[[], float | None], work: Callable[[], None]) -> None:
        """Enter something that happens by itself.

        :param upcoming: says when it is due next, as a timestamp; None when it is not.
        :param work: does it, and moves `upcoming` on.
        """
        self._entries.append(_Entry(upcoming, work))

    def watch(self, work: Callable[[], None]) -> None:
        """Do something at every look: each second, and at each moment through which the clock is moved."""
        self._watches.append(work)

    def wait_for(self, busy: Callable[[], bool]) -> None:
        """Let the clock stand while something is going on.

        :param busy: whether it is.
        """
        self._busy.append(busy)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closed.set()

    def advance(self, seconds: float) -> None:
        """Move the clock forward through every moment at which something is due.

        :raises ValueError: a clock does not run backwards.
        :raises TimeoutError: what is going on does not end; the clock stands where it got to.
        """
        if seconds < 0:
            clock.advance(seconds)
        with self._lock:
            self._settle()
            target = clock.now() + seconds
            while True:
                moment = clock.now()
                if self._do_what_is_due():
                    self._settle()
                self._look()
                if self._is_busy():  # what hears of an alarm may be a function
                    self._settle()
                if moment >= target:
                    return
                # Time passes while the clock stands, too: what became due since is not to wait for the next moment.
                later = [upcoming for entry in self._entries if (upcoming := entry.upcoming() or 0.0) > moment]
                clock.advance(max(0.0, min([*later, target]) - clock.now()))

    def _run(self) -> None:
        while not self._closed.wait(self._seconds):
            with self._lock:
                self._do_what_is_due()
                self._look()

    def _do_what_is_due(self) -> bool:
        """Return whether there was something."""
        due = [entry for entry in self._entries if (entry.upcoming() or float("inf")) <= clock.now()]
        for entry in due:
            _attempt(entry.work)
        return bool(due)

    def _look(self) -> None:
        for work in self._watches:
            _attempt(work)

    def _is_busy(self) -> bool:
        return any(busy() for busy in self._busy)

    def _settle(self) -> None:
        """Wait until nothing is going on, and has not been for a moment in which a thread could have started."""
        deadline = time.monotonic() + self._patience
        quiet = 0.0
        while quiet < _QUIET_SECONDS:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"A function or a rotation has not ended within {self._patience:g} seconds, and the clock does not "
                    "move on past it: look into its log, or end it."
                )
            time.sleep(_POLL_SECONDS)
            quiet = 0.0 if self._is_busy() else quiet + _POLL_SECONDS


def _attempt(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        _logger.exception("Something that was due could not be done.")

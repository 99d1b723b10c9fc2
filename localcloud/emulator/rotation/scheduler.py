"""The clockwork that starts scheduled rotations, one thread for all secrets."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.emulator import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.rotation.rules import Window

_LONGEST_WAIT = 3600.0


@dataclass(frozen=True)
class Scope:
    """Which account and region a secret belongs to: ministack keeps its records by both."""

    account: str
    region: str
    secret_arn: str


class Scheduler:
    """Calls `due` for every secret whose window has begun.

    :param due: starts the rotation and plans the next window; called in the scheduler's own thread.
    """

    def __init__(self, due: Callable[[Scope], None]) -> None:
        self._due = due
        self._windows: dict[Scope, Window] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="rotation-schedule", daemon=True)

    def plan(self, scope: Scope, window: Window | None) -> None:
        """Set when a secret is due next; None takes it off the schedule."""
        with self._changed:
            if window is None:
                self._windows.pop(scope, None)
            else:
                self._windows[scope] = window
            self._changed.notify()

    def window(self, scope: Scope) -> Window | None:
        """Return when a secret is due next."""
        with self._changed:
            return self._windows.get(scope)

    def wake(self) -> None:
        """Look at the clock again, for it was moved."""
        with self._changed:
            self._changed.notify()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while (scope := self._wait()) is not None:
            self._due(scope)

    def _wait(self) -> Scope | None:
        """Return the next secret whose window has begun, None when the scheduler was closed."""
        with self._changed:
            while not self._closed:
                pause = _LONGEST_WAIT
                for scope, window in self._windows.items():
                    pause = min(pause, window.start.timestamp() - clock.now())
                    if pause <= 0:
                        del self._windows[scope]
                        return scope
                self._changed.wait(pause)
        return None

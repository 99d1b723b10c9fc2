"""When which secret is due: the windows that the rotation rules give."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.emulator import clock

if TYPE_CHECKING:
    from localcloud.emulator.rotation.rules import Window


@dataclass(frozen=True)
class Scope:
    """Which account and region a secret belongs to: ministack keeps its records by both."""

    account: str
    region: str
    secret_arn: str


class Schedule:
    """The next window of every secret that has one."""

    def __init__(self) -> None:
        self._windows: dict[Scope, Window] = {}
        self._lock = threading.Lock()

    def plan(self, scope: Scope, window: Window | None) -> None:
        """Set when a secret is due next; None takes it off the schedule."""
        with self._lock:
            if window is None:
                self._windows.pop(scope, None)
            else:
                self._windows[scope] = window

    def window(self, scope: Scope) -> Window | None:
        """Return when a secret is due next."""
        with self._lock:
            return self._windows.get(scope)

    def next_start(self) -> float | None:
        """Return when the next window begins, None when nothing is planned."""
        with self._lock:
            return min((window.start.timestamp() for window in self._windows.values()), default=None)

    def take_due(self) -> list[Scope]:
        """Take the secrets whose window has begun off the schedule, and return them."""
        with self._lock:
            due = [scope for scope, window in self._windows.items() if window.start.timestamp() <= clock.now()]
            for scope in due:
                del self._windows[scope]
            return due

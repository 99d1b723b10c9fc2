"""What the hooks and the control API share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from localcloud.emulator.databases import Databases
from localcloud.emulator.rotation.engine import Rotations
from localcloud.emulator.rotation.holds import Holds
from localcloud.emulator.timetable import Timetable

if TYPE_CHECKING:
    from localcloud.emulator.settings import Settings


class Emulator:
    """The state that ministack does not have."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.databases = Databases(settings.directory)
        self.holds = Holds()
        self.timetable = Timetable(settings.alarm_seconds)
        self.rotations = Rotations(settings, self.holds)
        self.timetable.add(self.rotations.next_start, self.rotations.start_due)
        self.timetable.wait_for(self.rotations.under_way)
        self._captured: list[str] = []
        self._lock = threading.Lock()

    def capture(self, value: str | None) -> None:
        """Keep a secret's value if the starter asked for that."""
        if value is not None and self.settings.capture_secret_values:
            with self._lock:
                self._captured.append(value)

    def captured_secret_values(self) -> list[str]:
        """Return every value that was ever written to a secret."""
        with self._lock:
            return list(self._captured)

    def start(self) -> None:
        """Start what runs by itself."""
        self.timetable.start()

    def advance_clock(self, seconds: float) -> None:
        """Move the time forward, doing what is due on the way."""
        self.timetable.advance(seconds)

    def close(self) -> None:
        """Stop what runs by itself and every database server."""
        self.timetable.close()
        self.rotations.close()
        self.databases.close()

"""A clock that is moved stands still while something is under way, whoever has set that in motion."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from localcloud.emulator import clock
from localcloud.emulator.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600.0
# A second of the machine's clock passes while the emulator's stands.
AT_ONCE = pytest.approx(0, abs=60)


@pytest.fixture(autouse=True)
def own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the emulator's clock back as it was."""
    monkeypatch.setattr(clock, "_ahead", 0.0)


class Rotations:
    """Something that is due every hour, and takes a while of the machine's time."""

    def __init__(self, seconds: float = 0.05) -> None:
        self.due = clock.now() + HOUR
        self.lasted: list[float] = []
        self.late: list[float] = []
        self._seconds = seconds
        self._running = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start what is due; it ends by itself."""
        self.late.append(clock.now() - self.due)
        self.due += HOUR
        self._count(+1)
        threading.Thread(target=self._run, args=(clock.now(),)).start()

    def under_way(self) -> bool:
        """Whether one has not ended."""
        with self._lock:
            return self._running > 0

    def _run(self, started: float) -> None:
        time.sleep(self._seconds)
        self.lasted.append(clock.now() - started)
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._running += change


@pytest.fixture
def eager() -> Iterator[Timetable]:
    """Return a timetable whose own thread looks at every chance it gets."""
    timetable = Timetable(0.0)
    timetable.start()
    yield timetable
    timetable.close()


def test_what_the_timetable_s_own_thread_starts_ends_before_the_clock_goes_on(eager: Timetable) -> None:
    """Whoever moves the clock waits for it as for what it started by itself."""
    rotations = Rotations()
    eager.wait_for(rotations.under_way)
    eager.add(lambda: rotations.due, rotations.start)
    eager.advance(12 * HOUR + 1)
    assert rotations.lasted == [AT_ONCE] * 12


def test_what_becomes_due_while_the_clock_stands_does_not_wait_for_the_next_moment() -> None:
    """Also then it begins at its time: while an earlier one was waited for, or while alarms were looked at."""
    timetable, first, second = Timetable(1.0), Rotations(seconds=0.3), Rotations()
    second.due = first.due + 0.1
    for rotations in (first, second):
        timetable.wait_for(rotations.under_way)
        timetable.add(lambda rotations=rotations: rotations.due, rotations.start)  # type: ignore[misc]
    timetable.advance(5 * HOUR + 30)
    assert first.late == [AT_ONCE] * 5
    assert second.late == [AT_ONCE] * 5


def test_what_an_alarm_sets_in_motion_is_waited_for_too() -> None:
    """A function that hears of it works at the alarm's time."""
    timetable, rotations, functions = Timetable(1.0), Rotations(), Rotations()
    timetable.add(lambda: rotations.due, rotations.start)
    timetable.wait_for(functions.under_way)
    timetable.watch(lambda: functions.start() if len(functions.late) < len(rotations.late) else None)
    timetable.advance(5 * HOUR + 1)
    assert functions.lasted == [AT_ONCE] * 5


def test_what_does_not_end_is_told_and_the_clock_stands_where_it_began() -> None:
    """Moving on would tell of a rotation that got stuck, which none has."""
    timetable, rotations = Timetable(1.0, patience=0.1), Rotations(seconds=0.5)
    timetable.wait_for(rotations.under_way)
    timetable.add(lambda: rotations.due, rotations.start)
    began = clock.now()
    with pytest.raises(TimeoutError, match=r"within 0\.1 seconds.*: look into its log"):
        timetable.advance(5 * HOUR)
    assert clock.now() - began < HOUR + 60

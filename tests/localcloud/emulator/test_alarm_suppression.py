"""The actions suppressor, by the time lines of "Suppressing composite alarm actions"."""

from __future__ import annotations

from localcloud.emulator.alarms.suppression import Suppression

WAIT, EXTENSION = 120, 180


def suppression() -> Suppression[str]:
    """Return the waiting of an alarm that was OK so far."""
    return Suppression(WAIT, EXTENSION)


def test_without_the_suppressor_the_action_comes_after_the_wait_period() -> None:
    """The suppressor had its time to go into ALARM, and did not."""
    alarm = suppression()
    alarm.changed("OK", "ALARM", "page", now=0)
    assert alarm.look(suppressing=False, now=0) is None
    assert alarm.look(suppressing=False, now=119) is None
    assert alarm.look(suppressing=False, now=120) == "page"
    assert alarm.look(suppressing=False, now=121) is None


def test_a_suppressor_that_comes_in_time_holds_the_action_back() -> None:
    """It is performed when the extension period after the suppressor's end is over."""
    alarm = suppression()
    alarm.changed("OK", "ALARM", "page", now=0)
    assert alarm.look(suppressing=True, now=60) is None
    assert alarm.look(suppressing=True, now=5000) is None
    assert alarm.look(suppressing=False, now=6000) is None
    assert alarm.until == 6180
    assert alarm.look(suppressing=False, now=6180) == "page"


def test_an_alarm_that_ends_while_suppressed_tells_nobody() -> None:
    """Neither of the alarm nor of its end."""
    alarm = suppression()
    alarm.look(suppressing=True, now=0)
    alarm.changed("OK", "ALARM", "page", now=10)
    alarm.changed("ALARM", "OK", "calm", now=20)
    assert alarm.look(suppressing=False, now=30) is None
    assert alarm.look(suppressing=False, now=300) is None


def test_a_suppressor_that_returns_in_the_extension_period_goes_on_suppressing() -> None:
    """The extension period begins again after it."""
    alarm = suppression()
    alarm.look(suppressing=True, now=0)
    alarm.changed("OK", "ALARM", "page", now=10)
    assert alarm.look(suppressing=False, now=100) is None
    assert alarm.look(suppressing=True, now=200) is None
    assert alarm.look(suppressing=False, now=300) is None
    assert alarm.look(suppressing=False, now=479) is None
    assert alarm.look(suppressing=False, now=480) == "page"

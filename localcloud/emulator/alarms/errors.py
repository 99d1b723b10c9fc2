"""What is wrong with an alarm."""


class InvalidAlarmError(Exception):
    """An alarm that CloudWatch or this emulator refuses; the message says why."""

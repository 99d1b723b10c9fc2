"""What is wrong with a filter pattern."""


class InvalidPatternError(Exception):
    """A filter pattern that is refused; the message says why."""

"""Killing a rotation before or after any of its effects on the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Killed(BaseException):
    """The function was stopped; no handler of errors sees it."""


@dataclass
class Crash:
    """Counts the calls through the ports that it wraps, and kills at one of them.

    :param at: index of the call to die at; None lets all pass.
    :param after: die when the call has had its effect, instead of before.
    """

    at: int | None = None
    after: bool = False
    calls: int = 0

    def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call, or die at it."""
        index, self.calls = self.calls, self.calls + 1
        if index == self.at and not self.after:
            raise Killed
        answer = method(*args, **kwargs)
        if index == self.at:
            raise Killed
        return answer


class Fragile:
    """Any port, whose public methods go through a Crash; what login() returns is wrapped as well."""

    def __init__(self, port: Any, crash: Crash) -> None:
        self._port = port
        self._crash = crash

    def __getattr__(self, name: str) -> Any:
        """Return the wrapped method; what is no method tells nothing of the outside."""
        if not callable(getattr(self._port, name)):
            return getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = self._crash.call(getattr(self._port, name), *args, **kwargs)
            return Fragile(answer, self._crash) if name == "login" else answer

        return call

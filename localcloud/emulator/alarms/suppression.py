"""The actions suppressor of a composite alarm: when its actions are performed, and when not.

Source: "Suppressing composite alarm actions" (CloudWatch User Guide). While the suppressor is in ALARM, actions wait.
After a change of state they also wait for the suppressor to get there, for the wait period at most; after the
suppressor has left ALARM they wait for the extension period. What is performed in the end is the action of the state
that the alarm has then, unless nobody was told of another one in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Action = TypeVar("Action")


@dataclass
class Suppression(Generic[Action]):
    """The waiting of one composite alarm.

    :param wait: WaitPeriod in seconds.
    :param extension: ExtensionPeriod in seconds.
    """

    wait: float
    extension: float
    _pending: tuple[str, Action] | None = field(default=None, repr=False)
    _told: str | None = field(default=None, repr=False)
    _until: float | None = field(default=None, repr=False)
    _suppressed: bool = field(default=False, repr=False)

    def changed(self, old: str, new: str, action: Action, now: float) -> None:
        """Note that the alarm has changed its state; the action waits at least until the next look."""
        if self._told is None:
            self._told = old
        self._pending = (new, action)
        if not self._suppressed:
            self._until = now + self.wait

    def look(self, *, suppressing: bool, now: float) -> Action | None:
        """Return the action that is to be performed now, if one is.

        :param suppressing: whether the suppressor is in ALARM.
        """
        if suppressing:
            self._suppressed, self._until = True, None
            return None
        if self._suppressed and self._until is None:
            self._until = now + self.extension
        if self._until is not None and now < self._until:
            return None
        self._suppressed, self._until = False, None
        pending, self._pending = self._pending, None
        if pending is None or pending[0] == self._told:
            return None
        self._told = pending[0]
        return pending[1]

    @property
    def until(self) -> float | None:
        """When waiting ends by itself; None when nothing waits for a moment."""
        return self._until

"""When to log in again after a refusal: decisions without a clock, a driver or a call.

A rotation by the user itself changes the password first (setSecret) and moves the label AWSCURRENT afterwards
(finishSecret). In between no version labelled AWSCURRENT logs in, so the only thing that helps is to ask for the secret
until its version changes. Logging in again with a refused version may lock the account: it is done once, at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient a connector is; all times in seconds.

    :param budget: How long one ``connect`` may wait for a version that logs in. It bounds the waiting: a login or
        a read that is under way at its end is not interrupted.
    :param first_delay: Pause before the secret is asked for a second time; the first is at once. It doubles every time.
    :param max_delay: Longest pause.
    :param last_login: Whether a version that was refused is tried once more near the end of the budget, for a password
        that was set back. With it no version is tried more than twice by one ``connect``, without it once.
    :raises ValueError: if a time is negative or no number, or a delay is 0.
    """

    budget: float = 15.0
    first_delay: float = 0.1
    max_delay: float = 1.0
    last_login: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.budget) and self.budget >= 0):
            raise ValueError(f"budget is {self.budget!r}: give seconds, 0 or more.")
        if not 0 < self.first_delay <= self.max_delay < math.inf:
            raise ValueError(
                f"first_delay is {self.first_delay!r}, max_delay {self.max_delay!r}: give 0 < first <= max."
            )

    @property
    def patience(self) -> float:
        """How long to ask for a newer version; what is left of the budget is for the last logins."""
        return self.budget - min(1.0, self.budget / 10)


@dataclass(frozen=True, slots=True)
class Login:
    """Log in with the version just read."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask for the secret again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No version that may be tried is left."""


class RetryState:
    """What one ``connect`` has seen so far.

    :param started: When it began, on the clock that ``now`` is read from.
    """

    def __init__(self, policy: RetryPolicy, *, started: float) -> None:
        self.logins: dict[str, int] = {}
        self._policy = policy
        self._started = started
        self._delay = policy.first_delay

    def refused(self, version_id: str) -> None:
        """Note that a login with this version was refused."""
        self.logins[version_id] = self.logins.get(version_id, 0) + 1

    def next_move(self, version_id: str, *, now: float) -> Login | Wait | GiveUp:
        """Decide what to do with the version that Secrets Manager has just given."""
        tried = self.logins.get(version_id, 0)
        waited = now - self._started
        if tried == 0:
            return Login() if waited <= self._policy.budget else GiveUp()
        if waited < self._policy.patience:
            return Wait(min(self._policy.patience - waited, self._next_delay()))
        return Login() if self._policy.last_login and tried == 1 else GiveUp()

    def _next_delay(self) -> float:
        delay, self._delay = self._delay, min(self._policy.max_delay, self._delay * 2)
        return delay

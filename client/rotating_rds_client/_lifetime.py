"""How long a value may be used: arithmetic on times, without a clock, a lock or a call."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotating_rds_client.credentials import Credentials

_PAUSE_AFTER_FAILURE = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """A value with the moments that matter to its readers.

    :param asked_at: When Secrets Manager was last asked, successfully or not.
    :param refresh_at: From here on one reader has it renewed, while all of them go on using it.
    :param expires_at: From here on readers wait for a newer one.
    :param stale_until: How far an outage may move ``expires_at``.
    """

    credentials: Credentials
    asked_at: float
    refresh_at: float
    expires_at: float
    stale_until: float


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The rules for a source's values; all times in seconds.

    :raises ValueError: if a time is negative or no number, or the jitter is outside 0 to 1.
    """

    ttl: float
    jitter: float
    max_stale: float

    def __post_init__(self) -> None:
        for name in ("ttl", "max_stale"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value!r}: give seconds, 0 or more.")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"jitter is {self.jitter!r}: give a share of the TTL between 0 and 1.")

    def of_read(self, credentials: Credentials, *, at: float) -> Held:
        """Hold a value that was asked for at this moment."""
        early = self.ttl * self.jitter * random.random()  # noqa: S311 - spreads load, guards nothing
        expires_at = at + self.ttl
        return Held(credentials, at, expires_at - early, expires_at, expires_at + self.max_stale)

    def after_outage(self, held: Held, *, at: float) -> Held | None:
        """Go on with an old value until ``stale_until``, trying again in the background; ``None`` past that."""
        if at >= held.stale_until:
            return None
        return replace(held, asked_at=at, refresh_at=at + self._pause(), expires_at=held.stale_until)

    def after_malformed(self, held: Held, *, at: float) -> Held:
        """Go on with the last readable version for as long as the newer one is unreadable."""
        return replace(
            held,
            asked_at=at,
            refresh_at=at + self._pause(),
            expires_at=at + self.ttl,
            stale_until=at + self.ttl + self.max_stale,
        )

    def _pause(self) -> float:
        """Between two attempts while reading fails."""
        return min(_PAUSE_AFTER_FAILURE, self.ttl)

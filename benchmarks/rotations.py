"""Rotations of one engine and strategy, both sides in turn on the same server."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.process import Process
from benchmarks.results import Measure, median, ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.contenders import Contender
    from benchmarks.engines import Place
    from benchmarks.process import Rotated, Runtime
    from benchmarks.secrets_manager import SecretsManager


@dataclass(frozen=True)
class Observed:
    """One rotation, as the function's process, Secrets Manager and the database saw it."""

    rotated: Rotated
    calls: int
    connections: int
    failed_logins: int


@dataclass
class Figures:
    """What one side took, round by round."""

    cold: list[Observed] = field(default_factory=list)
    warm: list[Observed] = field(default_factory=list)

    @property
    def cold_seconds(self) -> list[float]:
        """Wall time from the import of the handler to the end of the fourth step."""
        return [observed.rotated.seconds for observed in self.cold]

    @property
    def warm_seconds(self) -> list[float]:
        """Wall time of the four steps."""
        return [observed.rotated.seconds for observed in self.warm]

    @property
    def peak_megabytes(self) -> list[float]:
        """The most memory of a process after its first rotation."""
        return [observed.rotated.peak_megabytes for observed in self.cold]

    def measures(self) -> dict[str, Measure]:
        """Return the figures by the ends of their names."""
        return {
            "warm_seconds": median(self.warm_seconds, "s"),
            "cold_seconds": median(self.cold_seconds, "s"),
            "secrets_manager_calls": median([observed.calls for observed in self.warm], "calls"),
            "database_connections": median([observed.connections for observed in self.warm], "connections"),
            "failed_logins": median([observed.failed_logins for observed in self.warm], "logins"),
        }


def ratios(ours: Figures, theirs: Figures, *, against: str) -> dict[str, Measure]:
    """Return how the sides compare, by the ends of the names."""
    return {
        "warm_ratio_to_reference": ratio(ours.warm_seconds, theirs.warm_seconds, against=against),
        "cold_ratio_to_reference": ratio(ours.cold_seconds, theirs.cold_seconds, against=against),
    }


@dataclass(frozen=True)
class Series:
    """Rotates in rounds, in each of which every side has one turn; who begins changes from round to round.

    :param rounds: how many are measured, cold and warm each.
    """

    runtime: Runtime
    manager: SecretsManager
    place: Place
    rounds: int

    def run(self, contenders: Sequence[Contender]) -> list[Figures]:
        """Return the figures of each contender.

        :raises BenchmarkError: if a rotation fails, or only seems to succeed.
        """
        figures = [Figures() for _ in contenders]
        for contender in contenders:
            self._compile(contender)
        for side in self._turns(len(contenders)):
            with Process(contenders[side].function, self.runtime) as process:
                figures[side].cold.append(self._observe(process, contenders[side]))
        with ExitStack() as stack:
            processes = [stack.enter_context(Process(each.function, self.runtime)) for each in contenders]
            for process, contender in zip(processes, contenders, strict=True):
                self._observe(process, contender)
            for side in self._turns(len(contenders)):
                figures[side].warm.append(self._observe(processes[side], contenders[side]))
        for contender in contenders:
            self._try_out(contender)
        return figures

    def _turns(self, sides: int) -> Iterator[int]:
        for number in range(self.rounds):
            yield from range(sides) if number % 2 else reversed(range(sides))

    def _compile(self, contender: Contender) -> None:
        """Rotate once unmeasured, which compiles what the interpreter and boto3 have to offer, but not the function."""
        with Process(contender.function, self.runtime, compiling=True) as process:
            self._observe(process, contender)
        self.runtime.forget_compiled(contender.function)

    def _observe(self, process: Process, contender: Contender) -> Observed:
        token = self.manager.begin_rotation(contender.secret)
        calls, logins = len(self.manager.calls), self.place.logins.read()
        rotated = process.rotate(contender.secret, token)
        calls, logins = len(self.manager.calls) - calls, self.place.logins.read() - logins
        if not self.manager.has_rotated(contender.secret, token):
            raise BenchmarkError(
                f"{contender.function.name} reported success, but its version is not AWSCURRENT: look at its source."
            )
        return Observed(rotated, calls, logins.connections, logins.failed)

    def _try_out(self, contender: Contender) -> None:
        """Log in with what is current after all rotations."""
        value = self.manager.current(contender.secret)
        self.place.try_out(value["username"], value["password"])

"""What a run measures, as the user's variables say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from benchmarks.errors import BenchmarkError
from benchmarks.reference import Reference, references
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.domain.strategies import STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROUNDS = 15


@dataclass(frozen=True)
class Settings:
    """One run.

    :param engines: names of those to measure.
    :param strategies: likewise.
    :param rounds: how often each figure is measured.
    :param references: AWS's samples to compare with.
    :param reference_tls: what the secrets of those say of TLS; see contenders.theirs().
    """

    engines: tuple[str, ...]
    strategies: tuple[str, ...]
    rounds: int
    references: tuple[Reference, ...]
    reference_tls: bool | None

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment.

        :param variables: ENGINES and STRATEGIES, names with commas between them, all of the function's by default;
            ROUNDS, 15 by default; REFERENCE and REFERENCE_PYTHON, see references(); REFERENCE_SSL, 1 to have the
            samples never try without TLS.
        :raises BenchmarkError: if one makes no sense.
        """
        rounds = variables.get("ROUNDS", str(_ROUNDS))
        if not rounds.isdigit() or int(rounds) < 1:
            raise BenchmarkError(f"ROUNDS is {rounds!r}: give a number from 1 on.")
        return cls(
            engines=_some(variables, "ENGINES", ENGINES),
            strategies=_some(variables, "STRATEGIES", STRATEGIES),
            rounds=int(rounds),
            references=tuple(references(variables)),
            reference_tls=True if variables.get("REFERENCE_SSL") == "1" else None,
        )

    def reference(self, engine: str, strategy: str) -> Reference | None:
        """Return the sample to compare with, if there is one."""
        found = (each for each in self.references if (each.engine, each.strategy) == (engine, strategy))
        return next(found, None)


def _some(variables: Mapping[str, str], name: str, known: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in variables.get(name, "").split(",") if part.strip()) or tuple(known)
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise BenchmarkError(f"{name} names {', '.join(unknown)}: choose of {', '.join(known)}.")
    return chosen

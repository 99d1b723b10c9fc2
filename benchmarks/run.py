"""One run: every engine and strategy in turn, then the bundle by itself, the client, and the synthesis of apps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks import bundle as bundles
from benchmarks.client import Client
from benchmarks.contenders import bundled, ours, theirs
from benchmarks.engines import ENGINES
from benchmarks.errors import BenchmarkError
from benchmarks.rotations import Series, ratios
from benchmarks.synthesis import synthesis

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.engines import Place
    from benchmarks.process import Runtime
    from benchmarks.results import Measure
    from benchmarks.secrets_manager import SecretsManager
    from benchmarks.settings import Settings
    from localcloud.databases import Authority


# A synthesis takes seconds, and varies little.
_SYNTHESES = 5


@dataclass
class Run:
    """Measures one thing after another; what failed is kept, and does not stop the rest.

    :param bundle: a copy that nobody else changes meanwhile.
    :param tell: shows the user what is going on.
    :param failures: a sentence for each series that could not be measured.
    """

    settings: Settings
    runtime: Runtime
    manager: SecretsManager
    bundle: Path
    tell: Callable[[str], None]
    measures: dict[str, Measure] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _peaks: list[list[float]] = field(default_factory=list)

    def rotations(self, folder: Path, authority: Authority) -> None:
        """Measure every engine that was asked for on a server of its own.

        :param folder: for the servers.
        :param authority: certifies them.
        """
        for name in self.settings.engines:
            with ENGINES[name].running(folder, authority) as place:
                for strategy in self.settings.strategies:
                    self._attempt(place, strategy)

    def bundle_itself(self) -> None:
        """Measure size, imports and memory."""
        self.tell("bundle: size, imports, memory")
        self.measures["bundle.megabytes"] = bundles.size(self.bundle)
        self.measures["bundle.import_ratio_to_boto3"] = bundles.imports(
            bundled(self.bundle), self.runtime, self.settings.engines, self.settings.rounds
        )
        if self._peaks:
            self.measures["bundle.peak_megabytes"] = bundles.peak(self._peaks)

    def client(self, python: Path) -> None:
        """Measure what applications pay.

        :param python: an interpreter that has what the client is compared with.
        """
        self.tell("client: cached reads, a first read, its import")
        client = Client(python, self.runtime.environment(), self.manager, self.settings.rounds)
        try:
            self.measures |= client.measures()
        except BenchmarkError as error:
            self.failures.append(f"client: {error}")

    def synthesis(self) -> None:
        """Measure what declarations cost."""
        self.tell("synthesis: the environment dev, and further databases")
        try:
            self.measures |= synthesis(min(self.settings.rounds, _SYNTHESES))
        except BenchmarkError as error:
            self.failures.append(f"synth: {error}")

    def _attempt(self, place: Place, strategy: str) -> None:
        name = f"{place.engine.name}.{strategy}"
        try:
            self._measure(place, strategy, name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other series are of interest
            self.failures.append(f"rotation.{name}: {error}")

    def _measure(self, place: Place, strategy: str, name: str) -> None:
        reference = self.settings.reference(place.engine.name, strategy)
        contenders = [ours(self.bundle, place, self.manager, strategy)]
        if reference is not None:
            contenders.append(theirs(reference, place, self.manager, tls=self.settings.reference_tls))
        self.tell(f"{name}: {', '.join(contender.function.name for contender in contenders)}")
        our_figures, *their_figures = Series(self.runtime, self.manager, place, self.settings.rounds).run(contenders)
        self._peaks.append(our_figures.peak_megabytes)
        self._note(f"rotation.{name}", our_figures.measures())
        for figures, contender in zip(their_figures, contenders[1:], strict=True):
            self._note(f"rotation.{name}", ratios(our_figures, figures, against=contender.function.name))
            self._note(f"reference.{name}", figures.measures())

    def _note(self, prefix: str, measures: dict[str, Measure]) -> None:
        self.measures |= {f"{prefix}.{name}": measure for name, measure in measures.items()}

"""What applications pay for the client: a read of what it holds, a first read, and its import."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.errors import BenchmarkError
from benchmarks.results import Measure, median, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.secrets_manager import SecretsManager

_ROOT: Final = Path(__file__).resolve().parent.parent
_WORKER: Final = Path(__file__).with_name("client_worker.py")
_VALUE: Final = {
    "engine": "postgres",
    "host": "orders.example",
    "port": 5432,
    "dbname": "orders",
    "username": "orders",
    "password": "nobody's",
}
_CLOCK: Final = "import time; started = time.perf_counter()\nimport {}\nprint(time.perf_counter() - started)"
_FIRST_READ: Final = "import sys, rotating_rds_client as client; client.SecretSource(sys.argv[1]).get()"


@dataclass(frozen=True)
class Client:
    """Measures the client beside what else reads secrets.

    :param python: an interpreter that has those, and boto3.
    :param environment: leads them to the Secrets Manager that *manager* is.
    """

    python: Path
    environment: Mapping[str, str]
    manager: SecretsManager
    rounds: int

    def measures(self) -> dict[str, Measure]:
        """Return the figures by name.

        :raises BenchmarkError: if one of the processes fails.
        """
        secret = self.manager.create("client", _VALUE)
        reads: dict[str, list[float]] = json.loads(self._run(str(_WORKER), secret, str(self.rounds)))
        ours = reads["rotating_rds_client"]
        return {
            "client.cached_read.microseconds": median(ours, "us"),
            "client.cached_read.speedup_over_powertools": _speedup(ours, reads["powertools"], "aws-lambda-powertools"),
            "client.cached_read.speedup_over_aws_caching": _speedup(
                ours, reads["aws_caching"], "aws-secretsmanager-caching"
            ),
            "client.cold_read.calls": Measure(self._calls_of_a_first_read(secret), ""),
            "client.import_ratio_to_boto3": self._imports(),
        }

    def _calls_of_a_first_read(self, secret: str) -> int:
        before = len(self.manager.calls)
        self._run("-c", _FIRST_READ, secret)
        return len(self.manager.calls) - before

    def _imports(self) -> Measure:
        pairs = [
            [float(self._run("-c", _CLOCK.format(module))) for module in ("rotating_rds_client", "boto3")]
            for _ in range(self.rounds + 1)
        ][1:]  # the first pair compiles
        ours, theirs = zip(*pairs, strict=True)
        return ratio(ours, theirs, against="boto3")

    def _run(self, *arguments: str) -> str:
        finished = subprocess.run(
            [str(self.python), *arguments],
            env={**self.environment, "PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT / "client")},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise BenchmarkError(f"The client cannot be measured: {finished.stderr.strip().splitlines()[-1]}")
        return finished.stdout


def _speedup(ours: list[float], theirs: list[float], against: str) -> Measure:
    """Return how many times as long they take: the median of the pairs of a round."""
    return Measure(ratio(theirs, ours, against=against).value, "x", better="higher", against=against)

"""A soak: applications at work, while their credentials rotate again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import BenchmarkError
from benchmarks.soak.clients import KINDS
from benchmarks.soak.figures import Figures
from benchmarks.soak.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.soak.credentials import SoakedCredential
    from localcloud.cloud import LocalCloud

_ROOT = Path(__file__).resolve().parents[2]
_ENDS = {"succeeded", "failed", "abandoned", "cancelled"}
_BEGIN_SECONDS = 60.0
_END_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a soak goes; all times in seconds.

    :param seconds: how long credentials rotate.
    :param period: from the beginning of a rotation to that of the next one.
    :param held: how long a rotation is held between setSecret and finishSecret.
    """

    seconds: float
    period: float = 5.0
    held: float = 2.0


def soak(
    cloud: LocalCloud,
    outputs: Mapping[str, str],
    credentials: Sequence[SoakedCredential],
    pace: Pace,
    folder: Path,
    *,
    impatient: bool = False,
) -> list[Figures]:
    """Have an application work with each of some credentials while all of these rotate; return what came of it.

    :param outputs: of the app `shop`, deployed to the cloud.
    :param folder: for the journals and what applications print.
    :param impatient: whether applications give up at the first refused login, which the soak has to notice.
    :raises BenchmarkError: if an application does not begin or does not end as it should.
    """
    journals = {each: folder / f"{each.engine}-{each.strategy}.jsonl" for each in credentials}
    with ExitStack() as applications:
        for each, journal in journals.items():
            applications.enter_context(_application(cloud, outputs, each, journal, impatient=impatient))
        for each, journal in journals.items():
            _wait_until_all_work(each, journal)
        with ThreadPoolExecutor(len(credentials)) as pool:
            begun = [
                pool.submit(_rotate, cloud, outputs[each.secret], pace, pace.period * place / len(credentials))
                for place, each in enumerate(credentials)
            ]
            tokens = [each.result() for each in begun]
    records = {record.version_id: record for record in cloud.rotations()}
    return [
        Figures(each, Journal.read(journal), tuple(records[token] for token in of_it))
        for (each, journal), of_it in zip(journals.items(), tokens, strict=True)
    ]


@contextmanager
def _application(
    cloud: LocalCloud, outputs: Mapping[str, str], credential: SoakedCredential, journal: Path, *, impatient: bool
) -> Iterator[None]:
    """Run an application under the role of a consumer."""
    command = [sys.executable, "-m", "benchmarks.soak.application", outputs[credential.secret], credential.engine]
    given = {**os.environ, **cloud.role_environment(outputs[credential.role]), "PYTHONPATH": f"{_ROOT}:{_ROOT}/client"}
    output = journal.with_suffix(".log")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [*command, str(journal), *(["--impatient"] if impatient else [])],
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=given,
            cwd=_ROOT,
        )
        try:
            yield
            process.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchmarkError(f"The application of {credential.name} does not end.") from None
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise BenchmarkError(f"The application of {credential.name} failed:\n{output.read_text()[-3000:]}")


def _wait_until_all_work(credential: SoakedCredential, journal: Path) -> None:
    """Return once every client has done something: a rotation before that would prove nothing."""
    until = time.monotonic() + _BEGIN_SECONDS
    while KINDS[credential.engine].keys() - {client for client, _ in Journal.read(journal).operations}:
        if time.monotonic() > until:
            log = journal.with_suffix(".log").read_text()[-3000:]
            raise BenchmarkError(f"The application of {credential.name} has not begun to work:\n{log}")
        time.sleep(0.2)


def _rotate(cloud: LocalCloud, secret: str, pace: Pace, delay: float) -> list[str]:
    """Rotate until the time is over; return the version of each rotation."""
    api, tokens = cloud.client("secretsmanager"), list[str]()
    time.sleep(delay)
    due, end = time.monotonic(), time.monotonic() + pace.seconds
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        cloud.hold_rotation("setSecret", pace.held, 1, secret)
        tokens.append(str(api.rotate_secret(SecretId=secret)["VersionId"]))
        _wait_for_end(cloud, tokens[-1])
        due = max(due + pace.period, time.monotonic())
    return tokens


def _wait_for_end(cloud: LocalCloud, token: str) -> None:
    until = time.monotonic() + _END_SECONDS
    while not any(record.version_id == token and record.outcome in _ENDS for record in cloud.rotations()):
        if time.monotonic() > until:
            raise BenchmarkError(f"The rotation to version {token} does not end.")
        time.sleep(0.2)

"""Runs the acts on a local cloud of the demo's own, and judges what they saw."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from examples.demo import acts, keeping, report
from examples.demo.application import ApplicationEndedError
from examples.demo.checks import CHECKS
from examples.demo.commands import CommandError
from examples.demo.stage import Stage
from examples.demo.waiting import NotInTimeError
from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Callable

    from examples.demo.narrator import Narrator

_FAILURES = (ApplicationEndedError, BotoCoreError, ClientError, CommandError, LocalCloudError, NotInTimeError)


class LifeCycle:
    """One run of the demo.

    :param keep: Leave the local cloud running in the end, where ``make local-up`` would have put it.
    """

    def __init__(self, narrator: Narrator, *, keep: bool) -> None:
        self._narrator = narrator
        self._keep = keep
        self._failed_acts: list[str] = []

    def run(self) -> bool:
        """Play all acts, report, and return whether everything held. Nothing is left running, however it ends."""
        with tempfile.TemporaryDirectory(prefix="rotating-rds-demo-") as folder, ExitStack() as running:
            stage = self._set_up(Path(folder), running)
            if stage is None:
                return False
            self._play(stage)
            (self._leave_running if self._keep else self._tear_down)(stage, running)
            return self._judge(stage)

    def _set_up(self, workspace: Path, running: ExitStack) -> Stage | None:
        try:
            with self._narrator.act("Start the local cloud"):
                cloud = keeping.start() if self._keep else LocalCloud.start(workspace / "cloud")
                running.callback(cloud.stop)
        except LocalCloudError as error:
            self._narrator.say(str(error))
            return None
        stage = Stage(cloud, workspace)
        running.enter_context(stage.closing)
        return stage

    def _play(self, stage: Stage) -> None:
        """Play until an act fails: what follows would only fail for the same reason."""
        for title, act in acts.LIFE:
            if not self._try(title, lambda act=act: act(stage)):  # type: ignore[misc]  # mypy cannot infer defaults
                break
            stage.census.take(stage.cloud)
        if stage.started is not None:
            stage.evidence.traffic = stage.started.stop()

    def _tear_down(self, stage: Stage, running: ExitStack) -> None:
        title, act = acts.END
        self._try(title, lambda: act(stage))
        self._try("Stop the local cloud", running.close)
        stage.evidence.processes = len(stage.census)
        stage.evidence.processes_left = stage.census.left()

    def _leave_running(self, stage: Stage, running: ExitStack) -> None:
        self._try("Stop the sample application", stage.closing.close)
        stage.cloud.release()
        running.pop_all()

    def _try(self, title: str, act: Callable[[], object]) -> bool:
        try:
            with self._narrator.act(title):
                act()
        except _FAILURES as error:
            self._failed_acts.append(title)
            self._narrator.say(str(error))
            return False
        return True

    def _judge(self, stage: Stage) -> bool:
        checks = [check for check in CHECKS if not (self._keep and check.ends)]
        verdicts = [(check, check.holds(stage.evidence)) for check in checks]
        report.show(self._narrator, stage.evidence, verdicts)
        missed = self._failed_acts + [check.sentence for check, holds in verdicts if not holds]
        if missed:
            self._narrator.console.print(f"[red]Failed after {self._narrator.seconds:.0f} s:[/] {'; '.join(missed)}.")
        else:
            self._narrator.console.print(f"All {len(verdicts)} checks held in {self._narrator.seconds:.0f} s.")
        if self._keep:
            self._narrator.say(keeping.directions(stage))
        return not missed

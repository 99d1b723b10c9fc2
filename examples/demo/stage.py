"""What the acts of the demo share."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from examples.demo.alarms import OnCall
from examples.demo.cdk import CdkCli, Deployment
from examples.demo.evidence import Evidence
from examples.demo.processes import ProcessCensus
from examples.demo.rotations import RotatingSecret

if TYPE_CHECKING:
    from pathlib import Path

    from examples.demo.application import SampleApplication
    from localcloud.cloud import LocalCloud


@dataclass
class Stage:
    """A local cloud, and what has been put on it so far.

    :param workspace: Takes logs, the journal and the cloud assembly; the caller removes it.
    :param closing: Undoes what an act leaves behind, last things first.
    :param deployed: What the stacks tell of themselves, once they are deployed.
    :param started: The sample application, once it is started.
    """

    cloud: LocalCloud
    workspace: Path
    evidence: Evidence = field(default_factory=Evidence)
    closing: ExitStack = field(default_factory=ExitStack)
    deployed: Deployment | None = None
    started: SampleApplication | None = None

    def __post_init__(self) -> None:
        self.cdk = CdkCli(self.cloud, self.workspace)
        self.census = ProcessCensus(self.workspace)

    @property
    def deployment(self) -> Deployment:
        """What is deployed, for the acts that come after that."""
        if self.deployed is None:
            raise LookupError("Nothing is deployed yet: this act comes too early.")
        return self.deployed

    @property
    def application(self) -> SampleApplication:
        """The running application, for the acts that come after its start."""
        if self.started is None:
            raise LookupError("The application is not started yet: this act comes too early.")
        return self.started

    @cached_property
    def on_call(self) -> OnCall:
        """Who hears of alarms, from the first act on that asks."""
        on_call = OnCall(self.cloud, self.deployment.alarm_topic_arn)
        self.closing.callback(on_call.leave)
        return on_call

    @property
    def secret(self) -> RotatingSecret:
        """The deployed secret."""
        return RotatingSecret(self.cloud, self.deployment.secret_arn)

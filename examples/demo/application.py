"""The sample application as a process under its consumer role."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from examples.demo.cdk import CHECKOUT, Deployment, environment
from examples.demo.traffic import Traffic, read_journal
from examples.demo.waiting import wait_for
from localcloud.lifeline import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.cloud import LocalCloud

_ORDERS_PER_SECOND = 15
_CONCURRENCY = 60  # the held gap alone makes 45 orders wait
_SECONDS_TO_END = 20.0  # an order that waits for a rotation may take the client's whole budget of 15 s


class ApplicationEndedError(Exception):
    """The application ended by itself."""


class SampleApplication:
    """Takes orders from its start until it is stopped.

    It has no key: boto3 fetches the role's credentials from the address that its environment names, as in a container.
    """

    def __init__(self, cloud: LocalCloud, deployment: Deployment, workspace: Path) -> None:
        self._journal = workspace / "orders.jsonl"
        self._log = workspace / "orders.log"
        variables = environment(cloud.role_environment(deployment.consumer_role)) | {
            "DATABASE_SECRET_ID": deployment.secret_arn,
            "ORDERS_PER_SECOND": str(_ORDERS_PER_SECOND),
            "ORDERS_CONCURRENCY": str(_CONCURRENCY),
            "ORDERS_JOURNAL": str(self._journal),
        }
        self._process = GuardedProcess.start(
            [sys.executable, "-m", "examples.orders_app"],
            log=self._log,
            cwd=CHECKOUT,
            environment=variables,
            grace=_SECONDS_TO_END,
        )

    def traffic(self) -> Traffic:
        """Read what it did so far."""
        return read_journal(self._journal)

    def wait_for(self, condition: Callable[[Traffic], bool], *, what: str) -> None:
        """Wait until something shows in what it did.

        :raises ApplicationEndedError: with what it said.
        """
        wait_for(lambda: self._running() and condition(self.traffic()), what=what)

    def stop(self) -> Traffic:
        """Ask it to end, and return all that it did."""
        self._process.stop()
        return self.traffic()

    def _running(self) -> bool:
        if not self._process.running:
            said = self._log.read_text(errors="replace").strip()
            raise ApplicationEndedError(f"The sample application ended by itself: {said}")
        return True

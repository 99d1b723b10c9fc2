"""One rotation: the four steps, as often as it takes.

A failing step makes Secrets Manager repeat the whole rotation with the same version id ("Rotation by Lambda function",
Secrets Manager User Guide). Every attempt has service events of its own.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING

from localcloud.emulator import clock
from localcloud.emulator.rotation import events, function, versions
from localcloud.emulator.rotation.holds import STEPS, Holds
from localcloud.emulator.rotation.records import RotationRecord, StepRecord

if TYPE_CHECKING:
    from localcloud.emulator.rotation.versions import Secret


class Run:
    """A rotation under way.

    :param version_id: the new version's id, which the function knows as its token.
    :param holds: the pauses that somebody asked for.
    """

    def __init__(self, secret: Secret, version_id: str, holds: Holds) -> None:
        self.secret = secret
        self.record = RotationRecord(secret["ARN"], version_id)
        self.held = False
        self._holds = holds
        self._ended = threading.Event()

    def end(self, outcome: str) -> None:
        """Stop after the present step."""
        self.record.outcome = self.record.outcome or outcome
        self._ended.set()

    def rotate(self, attempts: int, pause: float) -> bool:
        """Rotate and return whether that succeeded.

        :param attempts: how often it is tried in all.
        :param pause: seconds before the second attempt; they double with every further one.
        """
        for attempt in range(attempts):
            if attempt and self._ended.wait(pause * 2 ** (attempt - 1)):
                return False
            self.record.attempts += 1
            events.emit("RotationStarted", self.secret["ARN"])
            if self._attempt():
                self.secret["LastRotatedDate"] = int(clock.now())
                events.emit("RotationSucceeded", self.secret["ARN"])
                return True
            if self._ended.is_set():
                return False
            events.emit("RotationFailed", self.secret["ARN"])
        return False

    def test(self) -> None:
        """Try the configuration without rotating: testSecret alone, against the current value."""
        events.emit("TestRotationStarted", self.secret["ARN"])
        step = self._invoke("testSecret")
        self.secret["Versions"].pop(self.record.version_id, None)
        events.emit("TestRotationFailed" if step.error else "TestRotationSucceeded", self.secret["ARN"])

    def _attempt(self) -> bool:
        """Run the four steps and return whether all succeeded and the new version is current."""
        for name in STEPS:
            if versions.find(self.secret["ARN"]) is None:
                self.end("cancelled")  # the secret was deleted meanwhile
            if self._ended.is_set():
                return False
            step = self._invoke(name)
            self.record.steps.append(step)
            if step.error:
                return False
            self._hold(name)
        version = self.secret["Versions"].get(self.record.version_id, {"Stages": []})
        if versions.CURRENT in version["Stages"]:
            return True
        self.record.steps[-1].error = "The function ended without moving AWSCURRENT to the new version."
        return False

    def _hold(self, step: str) -> None:
        """Pause as long as somebody asked for after this step."""
        seconds = self._holds.take(step, self.secret["ARN"], self.secret["Name"])
        self.held = seconds > 0
        self._ended.wait(seconds)
        self.held = False

    def _invoke(self, step: str) -> StepRecord:
        payload = {
            "Step": step,
            "SecretId": self.secret["ARN"],
            "ClientRequestToken": self.record.version_id,
            "RotationToken": str(uuid.uuid4()),
        }
        started = clock.now()
        error = function.invoke(self.secret["RotationLambdaARN"], self.secret["ARN"], payload)
        return StepRecord(step, started, clock.now() - started, error)

"""Secrets Manager's rotations: what RotateSecret, CancelRotateSecret and the schedule set in motion.

Source: the API reference of RotateSecret and CancelRotateSecret, "Rotation by Lambda function" in the user guide. A
failing rotation is tried again as a whole with the same version id; AWS spreads the attempts over a day, this engine
over seconds (see `Settings`).
"""

from __future__ import annotations

import contextvars
import logging
import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, request_scope

from localcloud.emulator import clock
from localcloud.emulator.answers import ServiceError
from localcloud.emulator.rotation import events, function, versions
from localcloud.emulator.rotation.holds import STEPS, Holds
from localcloud.emulator.rotation.records import RotationRecord, StepRecord
from localcloud.emulator.rotation.rules import RotationRules
from localcloud.emulator.rotation.scheduler import Scheduler, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.rotation.versions import Secret
    from localcloud.emulator.settings import Settings

_logger = logging.getLogger("localcloud.rotation")

_UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."


@dataclass
class _Run:
    """A rotation under way; `ended` is set from outside when it must not go on."""

    record: RotationRecord
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, outcome: str) -> None:
        self.record.outcome = outcome
        self.ended.set()


class Rotations:
    """Every rotation of this emulator, running and past."""

    def __init__(self, settings: Settings, holds: Holds) -> None:
        self._attempts = settings.rotation_attempts
        self._retry_seconds = settings.rotation_retry_seconds
        self._holds = holds
        self._lock = threading.RLock()
        self._running: dict[str, _Run] = {}
        self._records: list[RotationRecord] = []
        self._scheduler = Scheduler(self._rotate_on_schedule)

    def start(self) -> None:
        """Start the schedule."""
        self._scheduler.start()

    def wake(self) -> None:
        """Start what is due, for the clock was moved."""
        self._scheduler.wake()

    def close(self) -> None:
        """End the schedule and every rotation after its present step."""
        self._scheduler.close()
        with self._lock:
            for run in self._running.values():
                run.end("cancelled")

    def records(self) -> list[RotationRecord]:
        """Return all rotations in the order of their start."""
        with self._lock:
            return list(self._records)

    def rotate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Serve RotateSecret.

        :raises ServiceError: as AWS answers it.
        """
        with self._lock:
            secret = versions.require(request.get("SecretId", ""))
            self._refuse_unfinished(secret)
            self._configure(secret, request)
            version_id = versions.new_token(secret, request.get("ClientRequestToken"))
            if request.get("RotateImmediately", True):
                versions.add_pending(secret, version_id)
                self._begin(secret, version_id)
            else:
                _, current = versions.find_label(secret, versions.CURRENT)
                versions.add_pending(secret, version_id, current)
                run = self._running[secret["ARN"]] = _Run(RotationRecord(secret["ARN"], version_id))
                _in_background(lambda: self._test(secret, run))
            return {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version_id}

    def cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        """Serve CancelRotateSecret: no more schedule; a running rotation stops, its labels stay where they are."""
        with self._lock:
            secret = versions.require(request.get("SecretId", ""))
            if not secret.get("RotationLambdaARN"):
                raise ServiceError("InvalidRequestException", "Rotation was never configured for this secret.")
            self.forget(secret)
            secret["RotationEnabled"] = False
            answer = {"ARN": secret["ARN"], "Name": secret["Name"]}
            pending, _ = versions.find_label(secret, versions.PENDING)
            return answer | ({"VersionId": pending} if pending else {})

    def forget(self, secret: Secret) -> None:
        """Take a secret off the schedule and stop its rotation."""
        self._scheduler.plan(_scope(secret), None)
        with self._lock:
            if run := self._running.get(secret["ARN"]):
                run.end("cancelled")

    def abandon(self, secret: Secret, new_version: str) -> None:
        """Give up a rotation because somebody else made a new current version, as Secrets Manager does."""
        pending = versions.unfinished(secret)
        if pending is None or pending == new_version:
            return
        versions.remove_label(secret, versions.PENDING)
        with self._lock:
            if run := self._running.get(secret["ARN"]):
                run.end("abandoned")
        events.emit("RotationAbandoned", secret["ARN"])

    def next_date(self, secret: Secret) -> float | None:
        """Return when the secret is rotated at the latest: NextRotationDate is the end of the window."""
        window = self._scheduler.window(_scope(secret))
        return window.end.timestamp() if window and secret.get("RotationEnabled") else None

    def _refuse_unfinished(self, secret: Secret) -> None:
        pending = versions.unfinished(secret)
        if pending is None:
            return
        if secret.get("RotationEnabled") and secret["ARN"] not in self._running:
            self._begin(secret, pending)
        raise ServiceError("InvalidRequestException", _UNFINISHED)

    def _configure(self, secret: Secret, request: dict[str, Any]) -> None:
        function_arn = request.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
        if not function_arn:
            raise ServiceError(
                "InvalidRequestException", "The secret has no rotation function yet: name one in RotationLambdaARN."
            )
        rules = request.get("RotationRules")
        parsed = RotationRules.parse(rules) if rules else None
        function.require_permission(function_arn, secret["ARN"])
        secret["RotationLambdaARN"] = function_arn
        secret["RotationEnabled"] = True
        if rules and parsed:
            secret["RotationRules"] = rules
        self._plan(secret)

    def _plan(self, secret: Secret) -> None:
        rules = secret.get("RotationRules")
        window = RotationRules.parse(rules).next_window(clock.utc(clock.now())) if rules else None
        self._scheduler.plan(_scope(secret), window)

    def _rotate_on_schedule(self, scope: Scope) -> None:
        with request_scope(scope.account, scope.region):
            try:
                if secret := versions.find(scope.secret_arn):
                    self._plan(secret)
                    self.rotate({"SecretId": scope.secret_arn})
            except ServiceError as error:
                _logger.warning("The scheduled rotation of %s did not start: %s", scope.secret_arn, error)

    def _begin(self, secret: Secret, version_id: str) -> None:
        run = _Run(RotationRecord(secret["ARN"], version_id))
        self._records.append(run.record)
        self._running[secret["ARN"]] = run
        _in_background(lambda: self._run(secret, run))

    def _run(self, secret: Secret, run: _Run) -> None:
        try:
            for attempt in range(self._attempts):
                run.record.attempts += 1
                events.emit("RotationStarted", secret["ARN"])
                if self._attempt(secret, run):
                    self._succeed(secret, run)
                    return
                if run.ended.is_set():
                    return
                events.emit("RotationFailed", secret["ARN"])
                if attempt + 1 < self._attempts and run.ended.wait(self._retry_seconds * 2**attempt):
                    return
            run.record.outcome = "failed"
        except Exception:
            run.record.outcome = "failed"
            _logger.exception("The rotation of %s broke inside the emulator.", secret["ARN"])
        finally:
            with self._lock:
                self._running.pop(secret["ARN"], None)

    def _succeed(self, secret: Secret, run: _Run) -> None:
        secret["LastRotatedDate"] = int(clock.now())
        # Free for the next rotation before anybody can see that this one succeeded.
        with self._lock:
            self._running.pop(secret["ARN"], None)
            run.record.outcome = "succeeded"
        events.emit("RotationSucceeded", secret["ARN"])

    def _attempt(self, secret: Secret, run: _Run) -> bool:
        """Run the four steps and return whether all succeeded and the new version is current."""
        for step in STEPS:
            if run.ended.is_set() or versions.find(secret["ARN"]) is None:
                run.ended.set()
                return False
            record = self._invoke(secret, run.record.version_id, step)
            run.record.steps.append(record)
            if record.error:
                return False
            run.ended.wait(self._holds.take(step, secret["ARN"], secret["Name"]))
        version = secret["Versions"].get(run.record.version_id, {"Stages": []})
        if versions.CURRENT in version["Stages"]:
            return True
        run.record.steps[-1].error = "The function ended without moving AWSCURRENT to the new version."
        return False

    def _invoke(self, secret: Secret, version_id: str, step: str) -> StepRecord:
        payload = {
            "Step": step,
            "SecretId": secret["ARN"],
            "ClientRequestToken": version_id,
            "RotationToken": str(uuid.uuid4()),
        }
        started = clock.now()
        error = function.invoke(secret["RotationLambdaARN"], secret["ARN"], payload)
        return StepRecord(step, started, clock.now() - started, error)

    def _test(self, secret: Secret, run: _Run) -> None:
        """Try the configuration without rotating: testSecret alone, against the current value."""
        events.emit("TestRotationStarted", secret["ARN"])
        record = self._invoke(secret, run.record.version_id, "testSecret")
        with self._lock:
            secret["Versions"].pop(run.record.version_id, None)
            self._running.pop(secret["ARN"], None)
        events.emit("TestRotationFailed" if record.error else "TestRotationSucceeded", secret["ARN"])


def _scope(secret: Secret) -> Scope:
    """Return where a secret of the request that is being served belongs."""
    return Scope(get_account_id(), get_region(), secret["ARN"])


def _in_background(work: Callable[[], None]) -> None:
    """Run work in a thread that belongs to the same account and region."""
    threading.Thread(target=contextvars.copy_context().run, args=(work,), name="rotation", daemon=True).start()

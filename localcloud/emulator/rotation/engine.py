"""Secrets Manager's rotations: what RotateSecret, CancelRotateSecret and the schedule set in motion.

Source: the API reference of RotateSecret and CancelRotateSecret. AWS spreads the attempts of a failing rotation over a
day, this engine over seconds (see `Settings`).
"""

from __future__ import annotations

import contextvars
import logging
import threading
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, request_scope

from localcloud.emulator import clock
from localcloud.emulator.answers import ServiceError
from localcloud.emulator.rotation import events, function, versions
from localcloud.emulator.rotation.rules import RotationRules
from localcloud.emulator.rotation.run import Run
from localcloud.emulator.rotation.schedule import Schedule, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.rotation.holds import Holds
    from localcloud.emulator.rotation.records import RotationRecord
    from localcloud.emulator.rotation.rules import Window
    from localcloud.emulator.rotation.versions import Secret
    from localcloud.emulator.settings import Settings

_logger = logging.getLogger("localcloud.rotation")

_UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."


class Rotations:
    """Every rotation of this emulator, running and past."""

    def __init__(self, settings: Settings, holds: Holds) -> None:
        self._attempts = settings.rotation_attempts
        self._retry_seconds = settings.rotation_retry_seconds
        self._holds = holds
        self._lock = threading.RLock()
        self._running: dict[str, Run] = {}
        self._records: list[RotationRecord] = []
        self._schedule = Schedule()

    def next_start(self) -> float | None:
        """Return when the next rotation is due."""
        return self._schedule.next_start()

    def start_due(self) -> None:
        """Start the rotations whose window has begun."""
        for scope in self._schedule.take_due():
            self._rotate_on_schedule(scope)

    def under_way(self) -> bool:
        """Whether a rotation is running that nobody holds."""
        with self._lock:
            return any(not run.held for run in self._running.values())

    def close(self) -> None:
        """End every rotation after its present step."""
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
                self._begin_test(secret, version_id)
            return {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": version_id}

    def cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        """Serve CancelRotateSecret: no more schedule; a running rotation stops, its labels stay where they are.

        :raises ServiceError: as AWS answers it.
        """
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
        self._schedule.plan(_scope(secret), None)
        self._end(secret, "cancelled")

    def abandon(self, secret: Secret, new_version: str) -> None:
        """Give up a rotation because somebody else made a new current version, as Secrets Manager does."""
        pending = versions.unfinished(secret)
        if pending is None or pending == new_version:
            return
        versions.remove_label(secret, versions.PENDING)
        self._end(secret, "abandoned")
        events.emit("RotationAbandoned", secret["ARN"])

    def next_date(self, secret: Secret) -> float | None:
        """Return when the secret is rotated at the latest: NextRotationDate is the end of the window."""
        window = self._schedule.window(_scope(secret))
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
        rules = request.get("RotationRules") or secret.get("RotationRules")
        window = _next_window(rules)
        function.require_permission(function_arn, secret["ARN"])
        secret |= {"RotationLambdaARN": function_arn, "RotationEnabled": True, "RotationRules": rules}
        self._schedule.plan(_scope(secret), window)

    def _rotate_on_schedule(self, scope: Scope) -> None:
        with request_scope(scope.account, scope.region), self._lock:
            secret = versions.find(scope.secret_arn)
            if secret is None:
                return
            # Whether or not this rotation can start, the next window comes.
            self._schedule.plan(scope, _next_window(secret["RotationRules"]))
            try:
                self.rotate({"SecretId": scope.secret_arn})
            except ServiceError as error:
                _logger.warning("The scheduled rotation of %s did not start: %s", scope.secret_arn, error)

    def _begin(self, secret: Secret, version_id: str) -> None:
        run = self._running[secret["ARN"]] = Run(secret, version_id, self._holds)
        self._records.append(run.record)
        self._in_background(run, lambda: run.rotate(self._attempts, self._retry_seconds))

    def _begin_test(self, secret: Secret, version_id: str) -> None:
        _, current = versions.find_label(secret, versions.CURRENT)
        versions.add_pending(secret, version_id, current)
        run = self._running[secret["ARN"]] = Run(secret, version_id, self._holds)
        self._in_background(run, run.test)

    def _end(self, secret: Secret, outcome: str) -> None:
        with self._lock:
            if run := self._running.get(secret["ARN"]):
                run.end(outcome)

    def _in_background(self, run: Run, work: Callable[[], bool | None]) -> None:
        """Work in a thread that belongs to the same account and region."""
        context = contextvars.copy_context()
        arguments = (self._work, run, work)
        threading.Thread(target=context.run, args=arguments, name="rotation", daemon=True).start()

    def _work(self, run: Run, work: Callable[[], bool | None]) -> None:
        succeeded = False
        try:
            succeeded = bool(work())
        except Exception:
            _logger.exception("The rotation of %s broke inside the emulator.", run.record.secret_arn)
        with self._lock:
            if self._running.get(run.record.secret_arn) is run:
                del self._running[run.record.secret_arn]
            run.end("succeeded" if succeeded else "failed")


def _next_window(rules: dict[str, Any] | None) -> Window | None:
    """Return when a secret is due next, None for one without a schedule.

    :raises ServiceError: the rules are not those of a schedule.
    """
    return RotationRules.parse(rules).next_window(clock.utc(clock.now())) if rules else None


def _scope(secret: Secret) -> Scope:
    """Return where a secret of the request that is being served belongs."""
    return Scope(get_account_id(), get_region(), secret["ARN"])

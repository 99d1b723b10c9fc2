"""Healing a credential: look, say what would be done, ask, do it, and look again."""

from __future__ import annotations

import json
import secrets as randomness
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotating_rds_ops import rotations, servers
from rotating_rds_ops.credentials import again, versions_of
from rotating_rds_ops.diagnosis import Remedy, Sight, remedies
from rotating_rds_ops.errors import OperationError
from rotating_rds_ops.probes import examine
from rotating_rds_ops.rotations import RotationFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential
    from rotating_rds_ops.servers import Server

# 32 characters that no engine, URL or shell treats specially; RDS takes 41 on MySQL and MariaDB, and 8 at least.
_PASSWORD_BYTES = 24


@dataclass(frozen=True)
class Repair:
    """Repairs one credential.

    :param consent: is told what would be done next, and answers whether it shall be.
    :param tell: gets what is found and done.
    :param seconds: that one remedy may take.
    """

    aws: Aws
    consent: Callable[[str], bool]
    tell: Callable[[str], None]
    seconds: float

    def run(self, credential: Credential) -> int:
        """Try remedies, first what changes least, until the credential is well, and return how many it took.

        :raises OperationError: with what is still wrong, if none is left or the next one is not wanted.
        """
        tried: set[Remedy] = set()
        failure: OperationError | None = None
        while True:
            sight, sentence = self._look(again(self.aws, credential), failure)
            if sight.is_well:
                self.tell(f"{credential.name} logs in and rotates.")
                return len(tried)
            self.tell(f"{credential.name} is not well: {sentence}")
            remedy = next((each for each in remedies(sight) if each not in tried), None)
            if remedy is None:
                raise OperationError(f"Nothing that this command does repairs {credential.name}: {sentence}")
            if not self.consent(f"Shall I {remedy.value}?"):
                raise OperationError(f"{credential.name} is still not well, and {len(tried)} remedies were tried.")
            tried.add(remedy)
            failure = self._do(remedy, sight)

    def _look(self, credential: Credential, failure: OperationError | None) -> tuple[Sight, str]:
        """Find out what is wrong, and the sentence that says so."""
        server = servers.server_of(self.aws, credential)
        cause = failure.cause if isinstance(failure, RotationFailedError) else None
        unequal, sentence = False, str(failure or "")
        if server is not None and server.stopped:
            cause, sentence = "unreachable", f"The database {server.identifier} is stopped."
        elif not credential.rotates:
            sentence = "Its rotation is switched off."
        elif credential.pending:
            # The probe would wait for the end of a rotation that may never come.
            sentence = sentence or "A rotation has begun and not ended."
        else:
            (examination,) = examine(self.aws, [credential])
            unequal = bool(examination.differences)
            cause = None if examination.outcome == "succeeded" else examination.cause or "unexamined"
            sentence = examination.sentence or f"The logins of the pair differ: {'; '.join(examination.differences)}."
        return Sight(credential, cause, unequal, self._lost(credential), server), sentence

    def _lost(self, credential: Credential) -> str | None:
        """Return the newest version that lost its labels and is younger than AWSCURRENT."""
        versions = list(versions_of(self.aws, credential))
        current = [each["CreatedDate"] for each in versions if "AWSCURRENT" in each.get("VersionStages", [])]
        lost = [
            each
            for each in versions
            if not each.get("VersionStages") and (not current or each["CreatedDate"] > current[0])
        ]
        return max(lost, key=lambda each: each["CreatedDate"])["VersionId"] if lost else None

    def _do(self, remedy: Remedy, sight: Sight) -> OperationError | None:
        """Do it, and return what came in between: the next look decides what that means."""
        try:
            _DEEDS[remedy](self, sight)
        except OperationError as error:
            return error
        return None

    def start(self, sight: Sight) -> None:
        """Start the server."""
        servers.start(self.aws, _found(sight), seconds=self.seconds)

    def switch_on(self, sight: Sight) -> None:
        """Turn rotation on with what the secret still says about it; nothing rotates now."""
        described = self.aws.secrets.describe_secret(SecretId=sight.credential.arn)
        function = described.get("RotationLambdaARN")
        arguments: Any = {"RotationLambdaARN": function} if function else {}
        self.aws.secrets.rotate_secret(
            SecretId=sight.credential.arn,
            RotationRules=described.get("RotationRules", {}),
            RotateImmediately=False,
            **arguments,
        )
        servers.wait_until(
            lambda: not again(self.aws, sight.credential).pending,
            seconds=self.seconds,
            otherwise=f"The trial of the rotation of {sight.credential.name} does not end.",
        )

    def step_back(self, sight: Sight) -> None:
        """Make the version before current, and rotate."""
        stages = sight.credential.stages
        self._move("AWSCURRENT", sight, to=stages["AWSPREVIOUS"])
        self.rotate(sight)

    def rotate(self, sight: Sight) -> None:
        """Rotate, and wait for the end."""
        now = again(self.aws, sight.credential)
        begun = rotations.begin(self.aws, now)
        rotations.watch(self.aws, now, begun, seconds=self.seconds, tell=self._tell_step)

    def relabel(self, sight: Sight) -> None:
        """Give the lost version its label back, and have its rotation ended."""
        if sight.lost is not None:
            self._move("AWSPENDING", sight, to=sight.lost)
        self.rotate(sight)

    def reset(self, sight: Sight) -> None:
        """Set a password that this process knows for as long as it takes to rotate it away."""
        server, password = _found(sight), randomness.token_urlsafe(_PASSWORD_BYTES)
        servers.set_master_password(self.aws, server, password)
        self.aws.secrets.put_secret_value(
            SecretId=sight.credential.arn,
            ClientRequestToken=str(uuid.uuid4()),
            SecretString=json.dumps(server.value(password)),
            VersionStages=["AWSCURRENT"],
        )
        servers.wait_until(
            lambda: examine(self.aws, [sight.credential])[0].outcome == "succeeded",
            seconds=self.seconds,
            otherwise=f"The new password of {sight.credential.name} does not log in after {self.seconds:g} seconds: "
            "see the events of the database, then repeat.",
        )
        self.rotate(sight)

    def _move(self, label: str, sight: Sight, *, to: str) -> None:
        holder = sight.credential.stages.get(label)
        self.aws.secrets.update_secret_version_stage(
            SecretId=sight.credential.arn,
            VersionStage=label,
            MoveToVersionId=to,
            **({"RemoveFromVersionId": holder} if holder else {}),
        )

    def _tell_step(self, step: rotations.Step) -> None:
        self.tell(f"  {step.name} {step.outcome}{f' ({step.cause})' if step.cause else ''}")


def _found(sight: Sight) -> Server:
    if sight.server is None:
        raise OperationError(f"RDS knows no database {sight.credential.database}: look into another region or account.")
    return sight.server


_DEEDS: dict[Remedy, Callable[[Repair, Sight], None]] = {
    Remedy.START: Repair.start,
    Remedy.SWITCH_ON: Repair.switch_on,
    Remedy.STEP_BACK: Repair.step_back,
    Remedy.ROTATE: Repair.rotate,
    Remedy.RELABEL: Repair.relabel,
    Remedy.RESET: Repair.reset,
}

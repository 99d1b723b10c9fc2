"""The values of one secret by their staging labels, each held against the deployment before anybody uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.domain.credentials import SecretValue
from rotating_rds_function.domain.errors import LabelsMovedError, WrongStateError
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Proceed, gate

if TYPE_CHECKING:
    from rotating_rds_function.domain.ports import SecretStore
    from rotating_rds_function.domain.targets import Target


class StagedValues:
    """Reads values when they are asked for, and never twice the same answer from memory.

    :param version: the version that the rotation makes.
    :param target: what the deployment says, which every value must agree with.
    """

    def __init__(self, store: SecretStore, secret_id: str, version: str, target: Target) -> None:
        self._store = store
        self._secret_id = secret_id
        self._version = version
        self.target = target

    def current(self) -> SecretValue:
        """Return the AWSCURRENT value.

        :raises WrongStateError: if there is none, or it cannot be read.
        :raises RefusedError: if it contradicts the deployment.
        """
        value = self._value(AWSCURRENT)
        if value is None:
            raise WrongStateError(
                "The secret has no AWSCURRENT value: put one with PutSecretValue that logs in to the database."
            )
        return value

    def previous(self) -> SecretValue | None:
        """Return the AWSPREVIOUS value, None before a first rotation.

        :raises RefusedError: if it contradicts the deployment.
        """
        return self._value(AWSPREVIOUS)

    def pending(self) -> SecretValue:
        """Return the value of the rotation's version, provided that it is AWSPENDING at this moment.

        :raises WrongStateError: if it has no value.
        :raises LabelsMovedError: if the label is gone.
        :raises RefusedError: if the value contradicts the deployment.
        """
        value = self._value(AWSPENDING, self._version)
        if value is None:
            raise self._missing_pending()
        return value

    def _value(self, label: str, version: str | None = None) -> SecretValue | None:
        text = self._store.read(self._secret_id, label=label, version=version)
        return None if text is None else SecretValue.parse(text, label=label).check(self.target, label=label)

    def _missing_pending(self) -> WrongStateError:
        if isinstance(gate(self._store.describe(self._secret_id), self._version), Proceed):
            return WrongStateError(
                f"Version {self._version} is staged AWSPENDING and has no value, as if createSecret never ran for it: "
                "rotate the secret again with RotateSecret."
            )
        return LabelsMovedError(
            f"Version {self._version} lost its label AWSPENDING while the step ran: another run of the rotation or "
            "a person moved it; look at the secret's versions, then rotate it again with RotateSecret."
        )

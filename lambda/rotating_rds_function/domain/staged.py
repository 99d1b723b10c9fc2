"""The values of one secret by their staging labels, each held against the deployment before anybody uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.domain.credentials import SecretValue
from rotating_rds_function.domain.errors import LabelsMovedError, WrongStateError
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Proceed, gate

if TYPE_CHECKING:
    from collections.abc import Collection

    from rotating_rds_function.domain.ports import SecretStore
    from rotating_rds_function.domain.targets import Target


class SecretValues:
    """Reads values when they are asked for, and never twice the same answer from memory.

    :param target: what the deployment says, which every value must agree with.
    """

    def __init__(self, store: SecretStore, secret_id: str, target: Target) -> None:
        self._store = store
        self._secret_id = secret_id
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

    def named(self, usernames: Collection[str]) -> str | None:
        """Return which of these users the AWSCURRENT value names; nothing else of it is looked at.

        :raises WrongStateError: if it cannot be read.
        """
        text = self._store.read(self._secret_id, label=AWSCURRENT)
        username = None if text is None else SecretValue.parse(text, label=AWSCURRENT).username
        return username if username in usernames else None

    def is_rotating(self) -> bool:
        """Tell whether a rotation has begun and not ended, so that another value than AWSCURRENT may be live."""
        description = self._store.describe(self._secret_id)
        pending = description.holder_of(AWSPENDING)
        return pending is not None and pending != description.holder_of(AWSCURRENT)

    def administrator(self) -> SecretValue:
        """Return the AWSCURRENT value of the administrator's secret; one that RDS manages names no endpoint.

        :raises WrongStateError: if there is none, or it cannot be read.
        :raises RefusedError: if it contradicts the deployment.
        """
        administrator = self.target.administrator
        assert administrator is not None, "whoever has an administrator is who asks for one"  # noqa: S101
        text = self._store.read(administrator.secret_id, label=AWSCURRENT)
        if text is None:
            raise WrongStateError(
                f"The administrator's secret {administrator.secret_id} has no AWSCURRENT value: put one with "
                "PutSecretValue that logs in to the database."
            )
        label = "administrator's AWSCURRENT"
        value = SecretValue.parse(text, label=label)
        return value.check(self.target, label=label, usernames=(administrator.username,))

    def _value(self, label: str, version: str | None = None) -> SecretValue | None:
        text = self._store.read(self._secret_id, label=label, version=version)
        if text is None:
            return None
        return SecretValue.parse(text, label=label).check(self.target, label=label, usernames=self.target.logins)


class StagedValues(SecretValues):
    """The values of a secret while it is rotated.

    :param version: the version that the rotation makes.
    """

    def __init__(self, store: SecretStore, secret_id: str, version: str, target: Target) -> None:
        super().__init__(store, secret_id, target)
        self._version = version

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

    def check_pending(self) -> None:
        """Make sure that the rotation's version is AWSPENDING, and not AWSCURRENT as well, at this moment.

        :raises LabelsMovedError: if it is not (any more).
        """
        if not self._is_pending():
            raise self._lost_label()

    def _missing_pending(self) -> WrongStateError:
        if self._is_pending():
            return WrongStateError(
                f"Version {self._version} is staged AWSPENDING and has no value, as if createSecret never ran for it: "
                "rotate the secret again with RotateSecret."
            )
        return self._lost_label()

    def _is_pending(self) -> bool:
        return isinstance(gate(self._store.describe(self._secret_id), self._version), Proceed)

    def _lost_label(self) -> LabelsMovedError:
        return LabelsMovedError(
            f"Version {self._version} lost its label AWSPENDING while the step ran: another run of the rotation or "
            "a person moved it; look at the secret's versions, then rotate it again with RotateSecret."
        )

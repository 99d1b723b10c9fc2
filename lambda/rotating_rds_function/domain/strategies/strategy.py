"""What a strategy decides; the four steps are the same for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rotating_rds_function.domain.credentials import SecretValue
    from rotating_rds_function.domain.ports import Database
    from rotating_rds_function.domain.staged import StagedValues
    from rotating_rds_function.domain.targets import Target


class Strategy(Protocol):
    """One way to replace a credential. Every method is idempotent, and safe beside another run of itself."""

    @property
    def administered(self) -> bool:
        """Whether an administrator changes the password, whose secret the deployment has to name."""

    @property
    def alternates(self) -> bool:
        """Whether two logins take turns, of which the deployment has to name the second."""

    def successor(self, current: SecretValue, password: str, target: Target) -> SecretValue:
        """Return the value that shall follow *current*."""

    def set_password(self, values: StagedValues, database: Database) -> None:
        """Make the pending value log in."""

    def test(self, values: StagedValues, database: Database) -> None:
        """Prove that the pending value serves whoever uses the current one.

        Also alone, right after a deployment, where pending is a copy of current.
        """

    def retire(self, values: StagedValues, database: Database) -> None:
        """End what the rotation left of the old credential, after the new one is AWSCURRENT and still AWSPENDING."""

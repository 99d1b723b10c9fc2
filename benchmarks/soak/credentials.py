"""The credentials that are soaked: every strategy on every engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SoakedCredential:
    """A credential of the app `shop`.

    :param secret: the stack's output with the secret's ARN.
    :param role: the stack's output with the name of a consumer's role.
    """

    engine: str
    strategy: str
    secret: str
    role: str

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"{self.engine} {self.strategy}"

    @property
    def has_gap(self) -> bool:
        """Whether AWSCURRENT does not log in between setSecret and finishSecret."""
        retains = self.engine == "mysql" and self.strategy == "admin_reset"
        return self.strategy != "alternating_users" and not retains


_ENGINES = {"postgres": "Postgres", "mysql": "MySql", "mariadb": "MariaDb"}
_STRATEGIES = {
    "single_user": ("Master", "AdministrationRole"),
    "alternating_users": ("Web", "ServiceRole"),
    "admin_reset": ("Reports", "ReportsRole"),
}
CREDENTIALS = tuple(
    SoakedCredential(engine, strategy, f"{prefix}{secret}", f"{prefix}{role}")
    for engine, prefix in _ENGINES.items()
    for strategy, (secret, role) in _STRATEGIES.items()
)

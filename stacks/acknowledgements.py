"""Findings that an environment accepts, each with its reason; what the library causes, it acknowledges by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds.acknowledgements import acknowledge

if TYPE_CHECKING:
    from rotating_rds import RotatingDatabase
    from stacks.tables import Database

_NAG = "AwsSolutions::AwsSolutions-"


def acknowledge_database(database: RotatingDatabase, wanted: Database) -> None:
    """Accept what the settings ask for although AwsSolutions objects."""
    findings = {
        "RDS11": (
            True,
            "The default port stays: only named security groups reach it, and from those another number hides nothing.",
        ),
        "RDS3": (
            not wanted.multi_az,
            "This environment does without a standby to save its cost: it may be down for as long as a restore takes.",
        ),
        "RDS10": (
            not wanted.deletion_protection,
            "This environment holds no data worth keeping and is destroyed together with its stacks.",
        ),
    }
    for rule, (applies, reason) in findings.items():
        if applies:
            acknowledge(database.instance, f"{_NAG}{rule}", reason)

"""The tables of `environments/<name>.toml`: what may be written there, and what is meant where it is not.

Each field's description completes the sentence "give ...", with which a value is refused.
"""

from __future__ import annotations

from stacks.tables.consumers import Consumer
from stacks.tables.databases import Database, Defaults
from stacks.tables.networks import ExistingNetwork, Network
from stacks.tables.operations import Alarms, Audit, Aws, Detection, Functions, RestrictReads
from stacks.tables.rotations import MasterRotation, UserRotation, When
from stacks.tables.table import Table
from stacks.tables.users import User

__all__ = [
    "Alarms",
    "Audit",
    "Aws",
    "Consumer",
    "Database",
    "Defaults",
    "Detection",
    "ExistingNetwork",
    "Functions",
    "MasterRotation",
    "Network",
    "RestrictReads",
    "Table",
    "User",
    "UserRotation",
    "When",
]

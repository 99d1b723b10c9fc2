"""The environment in which rights are proven: two databases, so that every role has neighbours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from stacks.settings_file import read_settings
from tests.support.environments import synthesise

if TYPE_CHECKING:
    from tests.support.templates import Template

NAME = "proof"
DIRECTORY = Path(__file__).resolve().parents[2] / "iam" / "environments"


@cache
def templates() -> dict[str, Template]:
    """Return its templates by part, synthesised once; nobody changes them."""
    return synthesise(read_settings(NAME, DIRECTORY))

"""The wheel's build hook: the functions' bundle becomes part of the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BundleHook(BuildHookInterface[BuilderConfig]):
    """Build the bundle before any wheel, editable ones included, is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Build the bundle into the package's folder."""
        root = Path(self.root)
        sys.path.insert(0, str(root))  # an isolated build knows hatchling's path only
        from tools.build_bundle import build  # noqa: PLC0415  # found only after the line above

        build(root / "constructs" / "rotating_rds" / "_bundle", root=root)

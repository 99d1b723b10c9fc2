"""The project's own tools, for tests that were not started by make."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def own_path() -> str:
    """Return a PATH on which the project's Python, Node and CDK command line come first."""
    own = [str(Path(sys.executable).parent), str(ROOT / "node_modules" / ".bin")]
    return os.pathsep.join([*own, os.environ.get("PATH", os.defpath)])


def put_own_tools_first() -> None:
    """Change this process's PATH; to be called before the CDK is imported, which starts the first `node` it finds."""
    if not os.environ.get("PATH", "").startswith(str(Path(sys.executable).parent)):
        os.environ["PATH"] = own_path()

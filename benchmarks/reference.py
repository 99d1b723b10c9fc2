"""AWS's sample functions, as far as the user named some: each is told by its own text for what it is."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORITIES: Final = "/etc/pki/tls/cert.pem"
"""Where the samples look for the authorities that they trust: Amazon Linux has them there."""

_ENGINE: Final = re.compile(r"engine must be set to '([a-z]+)'")
_TWO_USERS: Final = "masterarn"


@dataclass(frozen=True)
class Reference:
    """A sample function.

    :param source: its file.
    :param engine: what it rotates.
    :param strategy: what ours is called that does the same.
    :param packages: folder of its drivers.
    """

    source: Path
    engine: str
    strategy: str
    packages: Path

    @property
    def name(self) -> str:
        """The end of its path, by which people know it."""
        return "/".join(self.source.parts[-2:])


def references(variables: Mapping[str, str]) -> list[Reference]:
    """Return the samples that the environment names.

    :param variables: REFERENCE, paths with commas between them, none by default; REFERENCE_PYTHON, the interpreter of
        an environment with their drivers, which is needed with a path.
    :raises BenchmarkError: if one is not what was expected.
    """
    paths = [Path(path.strip()) for path in variables.get("REFERENCE", "").split(",") if path.strip()]
    if not paths:
        return []
    packages = _packages(variables.get("REFERENCE_PYTHON"))
    return [Reference(path, *_what(path), packages) for path in paths]


def _what(path: Path) -> tuple[str, str]:
    """Return engine and strategy."""
    if not path.is_file():
        raise BenchmarkError(f"REFERENCE names {path}, which is no file: name a lambda_function.py of AWS's samples.")
    text = path.read_text()
    engine = _ENGINE.search(text)
    if engine is None:
        raise BenchmarkError(
            f"REFERENCE names {path}, which says of no engine that it must be set: "
            "name a lambda_function.py of AWS's samples for RDS."
        )
    return engine[1], "alternating_users" if _TWO_USERS in text else "single_user"


def _packages(python: str | None) -> Path:
    if not python:
        raise BenchmarkError(
            "REFERENCE needs REFERENCE_PYTHON, the interpreter of a virtual environment with the drivers of AWS's "
            "samples: see benchmarks/README.md."
        )
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('platlib'))"]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"REFERENCE_PYTHON is {python}, which does not run: name an interpreter.") from error
    return Path(finished.stdout.strip())

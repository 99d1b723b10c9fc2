"""Run the client's tests on every Python that it claims, with the lowest and the highest drivers: `make client-matrix`.

The Pythons are the classifiers of `client/pyproject.toml`, the drivers its extras. uv finds `python3.x` on the PATH, or
downloads it; each combination has an environment of its own in `.venvs/client-matrix`. The table that is printed is the
one in `client/README.md`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "client" / "pyproject.toml"
ENVIRONMENTS = ROOT / ".venvs" / "client-matrix"
RESOLUTIONS = {"lowest": "lowest-direct", "highest": "highest"}

# The extra leaves the choice between libpq's wheel and the system's libpq to applications.
_BESIDE_THE_EXTRAS = "psycopg[binary]"
# What the tests themselves import; requirements-dev.txt says in which versions.
_TOOLS = ("psutil", "pytest", "pytest-timeout", "pytest-xdist", "trustme")
_UV = (sys.executable, "-m", "uv", "--quiet")
# Programs that the tests start find the client as well; nothing of this checkout's own environment is found.
_ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "client"), str(ROOT)))}
_WHEELS_ALONE = ("--only-binary", ":all:")


class MatrixError(RuntimeError):
    """A combination cannot be prepared or fails; the message says which, and what was said."""


def project() -> dict[str, Any]:
    """Return what the client's distribution says of itself."""
    found: dict[str, Any] = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    return found


def claimed_pythons() -> list[str]:
    """Return the versions of Python among the classifiers."""
    return re.findall(
        r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(project()["classifiers"]), re.MULTILINE
    )


def bounds() -> dict[str, str]:
    """Return the lowest version of each distribution that the client may meet."""
    lines = chain(project()["dependencies"], *project()["optional-dependencies"].values())
    return dict(re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\w.]+)$", "\n".join(lines), re.MULTILINE))


@dataclass(frozen=True)
class Combination:
    """One Python with one resolution of the drivers.

    :param python: its version, such as `3.11`.
    :param resolution: `lowest` or `highest`.
    """

    python: str
    resolution: str

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of every distribution that has a wheel for this Python."""
        command = [*_UV, "pip", "compile", str(PROJECT), "-", "--all-extras", "--no-header", *_WHEELS_ALONE]
        command += ["--resolution", RESOLUTIONS[self.resolution], "--python-version", self.python]
        return dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", _output(command, _BESIDE_THE_EXTRAS), re.MULTILINE))

    def run(self) -> str:
        """Run the tests, and return how many passed.

        :raises MatrixError: if one of them fails, or Python or a driver cannot be had.
        """
        # A driver of years ago may use what a Python of today warns of: that is not ours to mend.
        command = [str(self._interpreter()), "-m", "pytest", "tests/client", "-q", "-n", "auto", "--dist", "loadfile"]
        said = _output([*command, "-p", "no:cacheprovider", "-o", "filterwarnings="])
        (passed,) = re.findall(r"^(\d+) passed", said, re.MULTILINE)
        return str(passed)

    def _interpreter(self) -> Path:
        folder = ENVIRONMENTS / f"{self.python}-{self.resolution}"
        _output([*_UV, "venv", "--clear", "--python", self.python, str(folder)])
        install = [*_UV, "pip", "install", "--python", str(folder / "bin" / "python"), *_WHEELS_ALONE]
        _output([*install, "--no-deps", *(f"{name}=={version}" for name, version in self.versions.items())])
        _output([*install, "--constraint", str(ROOT / "requirements-dev.txt"), *_TOOLS])
        return folder / "bin" / "python"


def table(passed: dict[Combination, str]) -> str:
    """Return what passed as a table: a column a Python, in each cell the lowest and the highest version."""
    pythons = list(dict.fromkeys(each.python for each in passed))

    def row(title: str, values: dict[Combination, str]) -> str:
        cells = [
            ", ".join(dict.fromkeys(values[each] for each in passed if each.python == python)) for python in pythons
        ]
        return f"| {' | '.join([title, *cells])} |"

    head = [f"| | {' | '.join(f'Python {python}' for python in pythons)} |", "|---" * (len(pythons) + 1) + "|"]
    drivers = [row(f"`{name}`", {each: each.versions[name] for each in passed}) for name in sorted(bounds())]
    return "\n".join([*head, *drivers, row("tests passed", passed)])


def _output(command: Sequence[str], standard_input: str = "") -> str:
    finished = subprocess.run(
        command, input=standard_input, capture_output=True, text=True, check=False, cwd=ROOT, env=_ENVIRONMENT
    )
    if finished.returncode:
        said = "\n".join((finished.stdout + finished.stderr).splitlines()[-40:])
        raise MatrixError(f"{' '.join(command[:6])} ... failed with {finished.returncode}:\n{said}")
    return finished.stdout


def main() -> int:
    """Run every combination, print the table, and return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.client_matrix", description=__doc__)
    parser.add_argument("pythons", nargs="*", help="some versions only, such as 3.14; by default all that are claimed")
    passed: dict[Combination, str] = {}
    failed = False
    for python in parser.parse_args().pythons or claimed_pythons():
        for resolution in RESOLUTIONS:
            each = Combination(python, resolution)
            try:
                passed[each] = each.run()
            except MatrixError as error:
                failed = True
                sys.stderr.write(f"Python {python}, {resolution}: {error}\n")
            else:
                sys.stderr.write(f"Python {python}, {resolution}: {passed[each]} passed\n")
    sys.stdout.write(table(passed) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

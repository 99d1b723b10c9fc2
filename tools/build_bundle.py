"""Build the functions' bundle: their source and their locked, pure-Python dependencies, byte for byte reproducible.

Run by `make setup` in a checkout and by the build hook for the wheel, so that both carry the same asset hash.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DESTINATION = ROOT / "constructs" / "rotating_rds" / "_bundle"

# Written by installers, different on every machine or of no use to a running function.
_INSTALLER_RECORDS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
_NATIVE_SUFFIXES = {".so", ".pyd", ".dylib"}


class BundleError(RuntimeError):
    """The bundle cannot be built; the message says what was wrong and what to do."""


def build(destination: Path = DESTINATION, *, root: Path = ROOT) -> Path:
    """Build the bundle and put it at *destination*, replacing an older one in one move.

    :param destination: the bundle's folder; created.
    :param root: the checkout (or unpacked source distribution) that holds `lambda/`.
    :raises BundleError: if an installer fails or a dependency is not pure Python.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".bundle-") as scratch:
        staged = Path(scratch) / "bundle"
        _install_dependencies(root / "lambda" / "requirements.txt", staged)
        _drop_what_differs_between_machines(staged)
        _refuse_native_code(staged)
        shutil.copytree(
            root / "lambda" / "rotating_rds_function",
            staged / "rotating_rds_function",
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc", ".*"),
        )
        for path in staged.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if destination.exists():
            shutil.rmtree(destination)
        staged.rename(destination)
    return destination


def _install_dependencies(requirements: Path, target: Path) -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    command += ["--link-mode", "copy", "--target", str(target), "--requirement", str(requirements)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise BundleError(
            f"The dependencies of {requirements} could not be installed ({finished.stderr.strip()}): "
            "check the network and the lock file, then run `make setup` again."
        )


def _drop_what_differs_between_machines(tree: Path) -> None:
    for name in ("bin", ".lock"):
        path = tree / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for cache in list(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
    for path in tree.rglob("*"):
        if path.is_file() and (path.name in _INSTALLER_RECORDS or path.suffix == ".pyc"):
            path.unlink()


def _refuse_native_code(tree: Path) -> None:
    native = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.suffix in _NATIVE_SUFFIXES)
    if native:
        raise BundleError(
            f"The bundle would hold native code ({', '.join(native)}): "
            "choose a pure-Python release in lambda/requirements.in."
        )


if __name__ == "__main__":
    print(build().relative_to(ROOT))

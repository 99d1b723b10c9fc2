from __future__ import annotations

import hashlib
import shutil
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.build_bundle import DESTINATION, BundleError, build

ROOT = Path(__file__).resolve().parents[2]


def fingerprint(tree: Path) -> dict[str, str]:
    """Relative path to content digest, of every file below a folder."""
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def second_checkout(tmp_path: Path) -> Path:
    """The bundle's inputs at another path, as a colleague's checkout has them."""
    checkout = tmp_path / "another checkout"
    shutil.copytree(ROOT / "lambda", checkout / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    return checkout


def test_two_checkouts_build_the_same_bundle(second_checkout: Path) -> None:
    """Neither the path nor the moment of the build is part of the bundle."""
    built = build(second_checkout / "bundle", root=second_checkout)
    assert fingerprint(built) == fingerprint(DESTINATION)


def test_the_bundle_holds_the_function_and_its_drivers() -> None:
    """What Lambda loads is there: the handlers and every package of the lock file."""
    files = fingerprint(DESTINATION)
    for handler in ("rotate", "provision"):
        assert f"rotating_rds_function/handlers/{handler}.py" in files
    assert {"pg8000/__init__.py", "pymysql/__init__.py"} <= files.keys()


def test_the_bundle_leaves_to_lambda_what_comes_with_boto3() -> None:
    """A second copy would hide the first one, which is compiled, and may be a version that botocore does not take."""
    lock = (ROOT / "localcloud" / "requirements-runtime.txt").read_text()
    provided = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    bundled = {each.name.lower(): each for each in metadata.distributions(path=[str(DESTINATION)])}
    assert not bundled.keys() & provided
    required = {
        Requirement(text).name for each in bundled.values() for text in each.requires or () if "extra" not in text
    }
    assert required <= bundled.keys() | provided


def test_the_bundle_keeps_the_licences_of_what_it_carries() -> None:
    """Distributing a dependency means distributing its licence."""
    names = {Path(name).name.upper() for name in fingerprint(DESTINATION) if "dist-info" in name}
    assert "METADATA" in names
    assert any(name.startswith("LICENSE") for name in names)


@pytest.mark.parametrize("unwanted", ["*.pyc", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "*.so"])
def test_the_bundle_holds_nothing_that_differs_between_machines(unwanted: str) -> None:
    """Installer records, byte code and native code would change the asset hash or break on another runtime."""
    assert [str(path) for path in DESTINATION.rglob(unwanted)] == []


def test_native_code_in_a_dependency_is_refused(second_checkout: Path) -> None:
    """A native driver would die with the Lambda runtime that it was compiled for."""
    (second_checkout / "lambda" / "requirements.txt").write_text(_locked("pydantic-core"))
    with pytest.raises(BundleError, match=r"native code .*pydantic_core.*requirements"):
        build(second_checkout / "bundle", root=second_checkout)


def test_a_failed_build_leaves_the_earlier_bundle_in_place(second_checkout: Path) -> None:
    """Nothing is lost on bad input: a lock file that cannot be installed costs nobody a working bundle."""
    built = build(second_checkout / "bundle", root=second_checkout)
    before = fingerprint(built)
    (second_checkout / "lambda" / "requirements.txt").write_text("pg8000==1.31.6 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(BundleError, match="could not be installed"):
        build(second_checkout / "bundle", root=second_checkout)
    assert fingerprint(built) == before
    assert [path.name for path in second_checkout.iterdir()].count("bundle") == 1


def _locked(package: str) -> str:
    """The lines that lock a package, taken from the development lock file."""
    lines = (ROOT / "requirements-dev.txt").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next(i for i, line in enumerate(lines[start:], start) if not line.endswith("\\"))
    return "\n".join(lines[start : end + 1]) + "\n"

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from aws_cdk import FileSystem

from tools.build_bundle import DESTINATION

ROOT = Path(__file__).resolve().parents[2]


def build_wheel(project: Path, destination: Path) -> zipfile.ZipFile:
    """Build the wheel of a project with the locked build tools and open it."""
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-build-isolation"]
    subprocess.run(
        [*command, "--python", sys.executable, "--out-dir", str(destination), str(project)], check=True, timeout=120
    )
    (wheel,) = destination.glob("*.whl")
    return zipfile.ZipFile(wheel)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The construct library, unpacked from a wheel that was built in another checkout."""
    checkout = tmp_path_factory.mktemp("checkout")
    for room in ("constructs", "lambda", "tools"):
        shutil.copytree(ROOT / room, checkout / room, ignore=shutil.ignore_patterns("__pycache__", "_bundle"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, checkout / name)
    unpacked = tmp_path_factory.mktemp("library")
    with build_wheel(checkout, tmp_path_factory.mktemp("dist")) as wheel:
        wheel.extractall(unpacked)
    return unpacked


def test_the_wheel_carries_the_bundle_with_the_asset_hash_of_the_checkout(library: Path) -> None:
    """Who moves from a checkout to the wheel does not redeploy a function for it."""
    assert FileSystem.fingerprint(str(library / "rotating_rds" / "_bundle")) == FileSystem.fingerprint(str(DESTINATION))


def test_the_wheel_is_typed_and_licensed(library: Path) -> None:
    """Adopters type-check against the library and distribute it with its licences."""
    assert (library / "rotating_rds" / "py.typed").exists()
    assert {path.name for path in library.glob("*.dist-info/licenses/*")} == {"LICENSE", "NOTICE"}


def test_the_wheel_holds_the_library_alone(library: Path) -> None:
    """No room of the app leaks into the adopters' site-packages."""
    assert {path.name for path in library.iterdir() if not path.name.endswith(".dist-info")} == {"rotating_rds"}


def test_adopters_need_the_cdk_alone(library: Path) -> None:
    """The library brings no dependency that a CDK app does not have already."""
    (metadata,) = library.glob("*.dist-info/METADATA")
    required = {
        line.removeprefix("Requires-Dist: ").partition("<")[0].partition(">")[0]
        for line in metadata.read_text().splitlines()
        if line.startswith("Requires-Dist: ")
    }
    assert required == {"aws-cdk-lib", "constructs"}


def test_the_client_is_a_small_distribution_of_its_own(tmp_path: Path) -> None:
    """Applications install the client without the CDK."""
    with build_wheel(ROOT / "client", tmp_path) as wheel:
        names = wheel.namelist()
        (metadata,) = [name for name in names if name.endswith("METADATA")]
        requirements = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"rotating_rds_client"}
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert [line for line in requirements if "extra ==" not in line] == ["Requires-Dist: boto3>=1.34"]

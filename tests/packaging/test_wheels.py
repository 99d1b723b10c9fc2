"""What is distributed: the construct library with the finished bundle, and the client; each whole and alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import FileSystem

from tests.support.toolchain import put_own_tools_first
from tools.build_bundle import DESTINATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

put_own_tools_first()
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
    for room in ("constructs", "lambda", "ops", "tools"):
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


def test_the_wheel_holds_the_library_and_the_command_line_alone(library: Path) -> None:
    """No room of the app leaks into the adopters' site-packages."""
    found = {path.name for path in library.iterdir() if not path.name.endswith(".dist-info")}
    assert found - {"bin"} == {"rotating_rds", "rotating_rds_ops"}


def test_adopters_need_the_cdk_alone(library: Path) -> None:
    """The library brings no dependency that a CDK app does not have already; the command line is an extra."""
    (metadata,) = library.glob("*.dist-info/METADATA")
    required = {
        line.removeprefix("Requires-Dist: ").partition("<")[0].partition(">")[0]
        for line in metadata.read_text().splitlines()
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    }
    assert required == {"aws-cdk-lib", "constructs"}


def test_an_app_of_somebody_else_synthesises_from_the_wheel_without_network(
    library: Path, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """GIVEN the wheel instead of this checkout, and no network but loopback, THEN `examples/foreign_app` is written."""
    app = ROOT / "examples" / "foreign_app" / "app.py"
    assert sum(bool(line.strip()) for line in app.read_text().splitlines()) < 15
    program = f"import runpy, rotating_rds; assert rotating_rds.__file__.startswith({str(library)!r}); "
    environment = {**os.environ, "PYTHONPATH": str(library), "CDK_OUTDIR": str(tmp_path)}
    prefix = isolated()
    finished = subprocess.run(
        [*prefix, sys.executable, "-c", f"{program} runpy.run_path({str(app)!r})"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    tell(f"examples/foreign_app: synthesised {'without' if prefix else 'WITH, since this system keeps it,'} network")
    template = json.loads((tmp_path / "Shop.template.json").read_text())
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert {"AWS::RDS::DBInstance", "AWS::SecretsManager::RotationSchedule", "Custom::DatabaseUser"} <= kinds


def isolated() -> list[str]:
    """Return what runs a command in a network namespace of its own, where the system has and allows such."""
    command = ["unshare", "--map-root-user", "--net"]
    allowed = shutil.which(command[0]) and not subprocess.run([*command, "true"], check=False).returncode
    return command if allowed else []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The client's wheel."""
    with build_wheel(ROOT / "client", tmp_path_factory.mktemp("client")) as wheel:
        yield wheel


def test_the_client_is_a_small_distribution_of_its_own(client: zipfile.ZipFile) -> None:
    """Applications install the client without the CDK."""
    names = client.namelist()
    (metadata,) = [name for name in names if name.endswith("METADATA")]
    requirements = [line for line in client.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"rotating_rds_client"}
    assert any(name.endswith("dist-info/licenses/LICENSE") for name in names)
    assert [line for line in requirements if "extra ==" not in line] == ["Requires-Dist: boto3>=1.34"]


def test_an_application_that_uses_the_client_is_strictly_typed(client: zipfile.ZipFile, tmp_path: Path) -> None:
    """GIVEN the installed wheel beside the drivers, THEN mypy --strict finds the types that an application expects."""
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=60)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    client.extractall(packages)
    (packages / "drivers.pth").write_text(sysconfig.get_path("purelib") + "\n")
    application = shutil.copy(ROOT / "tests" / "packaging" / "strict_application.py", tmp_path)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    finished = subprocess.run(
        [*command, "--python-executable", str(environment / "bin" / "python"), application],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert finished.stdout == "Success: no issues found in 1 source file\n", finished.stdout + finished.stderr

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILES = [
    "requirements.txt",
    "requirements-dev.txt",
    "lambda/requirements.txt",
    "localcloud/requirements.txt",
    "benchmarks/requirements.txt",
    "localcloud/requirements-runtime.txt",
    "tools/bootstrap.txt",
]


def tracked_files() -> list[Path]:
    """Every file that git knows, or would know at the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("source_root", ["constructs", "lambda"])
def test_a_source_root_is_no_package(source_root: str) -> None:
    """With an __init__.py, `constructs` would be merged into the package that aws-cdk-lib imports."""
    assert not (ROOT / source_root / "__init__.py").exists()
    assert not list((ROOT / source_root).glob("*.py"))


@pytest.mark.parametrize("entry", ["app.py", "cdk.json", "stacks", "constructs", "lambda", "tests", "requirements.txt"])
def test_the_required_top_level_is_there(entry: str) -> None:
    """The entries that users of a CDK app look for."""
    assert (ROOT / entry).exists()


@pytest.mark.parametrize("lock_file", LOCK_FILES)
def test_a_lock_file_pins_versions_and_hashes_and_names_no_index(lock_file: str) -> None:
    """Whoever installs decides where from; what is installed is fixed."""
    text = (ROOT / lock_file).read_text()
    requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert requirements
    assert all(re.match(r"[A-Za-z0-9._-]+==\S+ ", line) for line in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)
    assert "://" not in text
    assert "--index" not in text


def test_the_node_lock_names_no_download_address() -> None:
    """The lock records integrity; the registry is the installing machine's choice."""
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert "://" not in json.dumps({name: {**entry, "funding": None} for name, entry in lock["packages"].items()})
    assert lock["packages"]["node_modules/aws-cdk"]["version"] == "2.1148.1"


def test_the_bootstrap_installer_is_the_locked_one() -> None:
    """`make setup` begins with the very uv that the development lock file pins."""
    assert (ROOT / "tools/bootstrap.txt").read_text().strip() in (ROOT / "requirements-dev.txt").read_text()


def test_no_file_names_the_machine_it_was_written_on() -> None:
    """A path of a home or checkout folder would be a lie on every other machine."""
    machine_path = re.compile(re.escape(str(ROOT)) + r"\b|(?<!\w)/(?:home|Users)/[a-z]+/")
    offenders = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if path.name != Path(__file__).name and machine_path.search(path.read_text(errors="ignore"))
    ]
    assert offenders == []


def test_every_documented_make_target_exists() -> None:
    """README, CONTRIBUTING and docs promise only what the Makefile does."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    command = re.compile(r"(?:`|^\s*|\$ )make ([a-z-]+)", re.MULTILINE)
    promised = {name for page in pages for name in command.findall(page.read_text())}
    assert promised - targets == set()
    assert {"setup", "demo", "test", "check", "synth", "deploy", "destroy", "local-up", "local-down"} <= targets
    assert {"wheel", "clean"} <= targets

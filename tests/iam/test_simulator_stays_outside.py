"""The simulator's licence is the AGPL: it is a program that tests run, and part of nothing that is shipped."""

from __future__ import annotations

import json
import subprocess

from tests.support.toolchain import ROOT

PACKAGE = "@cloud-copilot/iam-simulate"


def test_only_the_program_of_the_tests_names_the_simulator() -> None:
    """Nothing else imports it; package.json and its lock install it for development."""
    found = subprocess.run(
        ["git", "grep", "--files-with-matches", "--fixed-strings", PACKAGE], cwd=ROOT, capture_output=True, check=True
    )
    own = "tests/iam/test_simulator_stays_outside.py"
    programs = {path for path in found.stdout.decode().split() if not path.startswith("docs/")}
    assert programs - {own} == {
        "package.json",
        "package-lock.json",
        "tests/support/iam/simulate.mjs",
    }


def test_the_simulator_is_locked_for_development_only() -> None:
    """Its whole family is, at versions that the lock fixes."""
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    family = {name: entry for name, entry in packages.items() if "@cloud-copilot/" in name}
    assert f"node_modules/{PACKAGE}" in family
    assert all(entry["dev"] and entry["integrity"] for entry in family.values())

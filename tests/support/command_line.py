"""Runs the CDK's command line as a person does, on a machine without network and credentials."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.support.toolchain import ROOT, own_path

_SOURCES = ("app.py", "cdk.json", "stacks", "environments", "constructs")


def cdk(*arguments: str, checkout: Path = ROOT, home: Path) -> subprocess.CompletedProcess[str]:
    """Run `cdk` in a checkout; whoever tries to reach a network finds a closed port.

    :param checkout: where cdk.json is.
    :param home: an empty folder, so that no credentials and no caches are found.
    """
    nowhere = "http://127.0.0.1:9"
    return subprocess.run(
        ["cdk", *arguments],
        cwd=checkout,
        env={
            "PATH": own_path(),
            "HOME": str(home),
            "TMPDIR": str(home.parent),
            # Unpacking the CDK into the empty home would be most of the first run's time.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache" / "aws" / "jsii" / "package-cache"),
            "PYTHONPATH": os.pathsep.join([str(checkout / "constructs"), str(checkout)]),
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def synthesise(name: str, output: Path, *, checkout: Path = ROOT, home: Path) -> Path:
    """Run `cdk synth -c env=NAME`, and return the folder of the cloud assembly."""
    finished = cdk("synth", "--quiet", "-c", f"env={name}", "--output", str(output), checkout=checkout, home=home)
    assert finished.returncode == 0, finished.stderr
    return output


def copy_of_checkout(directory: Path) -> Path:
    """Copy what synthesis needs to another place."""
    directory.mkdir(parents=True)
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    return directory


def report(assembly: Path) -> list[dict[str, Any]]:
    """Return what each validation plugin reported about an assembly."""
    reports: list[dict[str, Any]] = json.loads((assembly / "validation-report.json").read_text(encoding="utf-8"))[
        "pluginReports"
    ]
    return reports

"""The scanners, each run once over all templates."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

from tools.audit.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# Redundant DependsOn, which the CDK writes so that nothing depends on what a property happens to refer to.
_STYLE = "W3005"
_SYSTEMS = {"Linux": "ubuntu", "Darwin": "macos"}
_MACHINES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


class ScannerError(RuntimeError):
    """A scanner did not run to its end."""


def cfn_lint(programs: Path, templates: Sequence[Path], _folder: Path) -> Iterator[Finding]:
    """Yield what AWS's linter finds: errors, warnings and informational hints."""
    output = _run(
        [
            programs / "cfn-lint",
            "--format",
            "json",
            "--include-checks",
            "I",
            "--ignore-checks",
            _STYLE,
            "--",
            *templates,
        ]
    )
    for found in json.loads(output or "[]"):
        path = found["Location"]["Path"]
        resource = path[1] if path and path[0] == "Resources" else "-"
        yield Finding("cfn-lint", found["Rule"]["Id"], _stack(found["Filename"]), resource)


def checkov(programs: Path, templates: Sequence[Path], _folder: Path) -> Iterator[Finding]:
    """Yield what checkov finds."""
    files = [part for template in templates for part in ("--file", template)]
    output = _run(
        [
            programs / "checkov",
            *files,
            "--framework",
            "cloudformation",
            "--compact",
            "--skip-download",
            "--output",
            "json",
        ]
    )
    reports: Any = json.loads(output)
    for report in reports if isinstance(reports, list) else [reports]:
        for found in report["results"]["failed_checks"]:
            resource = found["resource"].rpartition(".")[2]
            yield Finding("checkov", found["check_id"], _stack(found["file_path"]), resource)


def control_tower(programs: Path, templates: Sequence[Path], folder: Path) -> Iterator[Finding]:
    """Yield what AWS Control Tower's proactive controls would refuse."""
    package = _guard_package(programs, folder)
    guard = package / "bin" / _SYSTEMS[platform.system()] / _MACHINES[platform.machine()] / "cfn-guard"
    guard.chmod(0o755)
    rules = [str(path) for path in sorted((package / "rules" / "control-tower").rglob("*.guard"))]
    data = [part for template in templates for part in ("--data", str(template))]
    output = _run(
        [
            guard,
            "validate",
            "--rules",
            *rules,
            *data,
            "--structured",
            "--output-format",
            "json",
            "--show-summary",
            "none",
        ]
    )
    for report in json.loads(output):
        for rule in report["not_compliant"]:
            name = rule["Rule"]["name"]
            for resource in sorted(set(re.findall(r"/Resources/(\w+)", json.dumps(rule)))):
                yield Finding("control-tower", name, _stack(report["name"]), resource)


SCANNERS = (cfn_lint, checkov, control_tower)


def _guard_package(programs: Path, folder: Path) -> Path:
    """Unpack cfn-guard and the rules from AWS's plugin for the CDK, which carries both."""
    (archive,) = programs.parent.glob("lib/python*/site-packages/cdklabs/cdk_validator_cfnguard/_jsii/*.jsii.tgz")
    with tarfile.open(archive) as package:
        package.extractall(folder)  # noqa: S202  # of AWS, and pinned by its hash
    return folder / "package"


def _run(command: Sequence[object]) -> str:
    """Return what a scanner prints; its exit code tells of findings, which the output does as well."""
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if not finished.stdout.strip() and finished.returncode:
        raise ScannerError(f"{command[0]} exited with {finished.returncode}: {finished.stderr[-2000:]}")
    return finished.stdout


def _stack(file: str) -> str:
    return file.rpartition("/")[2].partition(".")[0]

"""Scan, compare with what is accepted, and say what is left: `python -m tools.audit PROGRAMS ASSEMBLY...`."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tools.audit.findings import Accepted, Finding, read_accepted
from tools.audit.scanners import SCANNERS

_ACCEPTED = Path(__file__).with_name("accepted.toml")


def main() -> int:
    """Return 0 if every finding is accepted, and everything accepted is still found."""
    programs, *assemblies = map(Path, sys.argv[1:])
    templates = [template for assembly in assemblies for template in sorted(assembly.glob("*.template.json"))]
    accepted = read_accepted(_ACCEPTED)
    with tempfile.TemporaryDirectory(prefix="rotating-rds-audit-") as folder:
        findings = [found for scan in SCANNERS for found in scan(programs, templates, Path(folder))]
    open_ones = sorted({found for found in findings if not any(each.covers(found) for each in accepted)})
    stale = [each for each in accepted if not any(each.covers(found) for found in findings)]
    for found in open_ones:
        print(f"not accepted: {found}")
    for each in stale:
        print(f"found no more: {', '.join(each.rules)} at {', '.join(each.where)}: take it out of {_ACCEPTED.name}.")
    print(_summary(len(templates), findings, accepted))
    return 1 if open_ones or stale else 0


def _summary(templates: int, findings: list[Finding], accepted: list[Accepted]) -> str:
    """Return how much was looked at: an audit that scans nothing would find nothing."""
    counts = Counter(found.tool for found in findings)
    tools = ", ".join(f"{tool} {count}" for tool, count in sorted(counts.items()))
    return f"{templates} templates by {len(SCANNERS)} scanners; accepted findings: {tools}; {len(accepted)} reasons."


if __name__ == "__main__":
    sys.exit(main())

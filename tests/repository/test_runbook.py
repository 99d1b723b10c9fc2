from __future__ import annotations

import re
from pathlib import Path

from rotating_rds.copy_detection import PARAGRAPH as COPIES
from rotating_rds.findings import FINDINGS

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"


def paragraphs() -> set[str]:
    """The headings of the runbook."""
    return set(re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE))


def references() -> set[str]:
    """The paragraphs that messages and descriptions name: in templates, and of alarms that only some of them have."""
    snapshots = [path for path in (ROOT / "tests").rglob("*.*") if "__snapshots__" in path.parts]
    assert snapshots
    found = {name for path in snapshots for name in re.findall(r"'([^']+)' in docs/runbook\.md", path.read_text())}
    return found | {finding.paragraph for finding in FINDINGS} | {COPIES}


def test_runbook_and_alarms_name_the_same_things() -> None:
    """Every alarm has its paragraph, and no paragraph is about an alarm that there is not."""
    assert references() == paragraphs()


def test_every_paragraph_says_what_a_person_on_call_asks() -> None:
    """Meaning, first command, causes and when it clears."""
    for paragraph in RUNBOOK.read_text().split("\n## ")[1:]:
        for question in ("**Meaning.**", "**First command.**", "**Causes", "**Clears.**"):
            assert question in paragraph, f"{paragraph.splitlines()[0]} lacks {question}"

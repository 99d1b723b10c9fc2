"""The counts of docs/costs.md are those of the templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import NAMES, templates
from tests.support.toolchain import ROOT, put_own_tools_first

if TYPE_CHECKING:
    from tests.support.templates import Template

put_own_tools_first()
DOCUMENT = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
KINDS = {
    "secrets": "AWS::SecretsManager::Secret",
    "customer keys": "AWS::KMS::Key",
    "alarms": "AWS::CloudWatch::Alarm",
    "composite alarms": "AWS::CloudWatch::CompositeAlarm",
}


def documented(row: str) -> dict[str, int]:
    """Return a row of the table of counts, by environment."""
    header = re.search(r"^\| \| (local.*) \|$", DOCUMENT, re.MULTILINE)
    cells = re.search(rf"^\| {row} \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert header is not None
    assert cells is not None
    return dict(zip(header[1].split(" | "), map(int, cells[1].split(" | ")), strict=True))


def zones(template: Template) -> int:
    """Return in how many zones the template's endpoint is."""
    endpoints = template.of_type("AWS::EC2::VPCEndpoint").values()
    return sum(len(endpoint["Properties"]["SubnetIds"]) for endpoint in endpoints)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_counted_is_what_is_deployed(name: str) -> None:
    """A change of the templates that costs money shows in the document."""
    parts = templates(name).values()
    for row, kind in KINDS.items():
        assert documented(row)[name] == sum(len(template.of_type(kind)) for template in parts), row
    assert documented("zones of the endpoint")[name] == sum(map(zones, parts))

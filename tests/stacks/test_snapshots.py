from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from tests.support.environments import NAMES, PARTS, template

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion
    from syrupy.types import SerializableData, SerializedData


class TemplateSnapshot(SingleFileSnapshotExtension):
    """One JSON file a template, so that a change reads like a change of the template."""

    _write_mode = WriteMode.TEXT
    file_extension = "json"

    def serialize(self, data: SerializableData, **_: object) -> SerializedData:
        """Write the template, without what depends on the bundle's and the CDK's own content."""
        text = json.dumps(data, indent=1, sort_keys=True) + "\n"
        return re.sub(r"\b[0-9a-f]{64}\b", "<asset>", text)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_template_is_as_reviewed(name: str, part: str, snapshot: SnapshotAssertion) -> None:
    """A net below the tests by meaning: whatever changes in a template shows in a review."""
    assert template(name, part).body == snapshot(extension_class=TemplateSnapshot)

"""One local cloud for all tests of the emulator; every test uses names of its own in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud, emulator and all, for the whole test session."""
    with LocalCloud.start(tmp_path_factory.mktemp("emulator") / "cloud", capture_secret_values=True) as running:
        yield running

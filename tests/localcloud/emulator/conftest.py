"""One local cloud for all tests of the emulator; every test uses names of its own in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from localcloud.emulator_process import EmulatorCommand
from tests.support import emulated

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud, emulator and all, for the whole test session."""
    directory = tmp_path_factory.mktemp("emulator") / "cloud"
    emulator = EmulatorCommand(variables={"LOCALCLOUD_ROTATION_RETRY_SECONDS": "0.5"})
    with LocalCloud.start(directory, capture_secret_values=True, emulator=emulator) as running:
        yield running


@pytest.fixture
def stack(cloud: LocalCloud) -> Iterator[str]:
    """Return a name for a stack that is deleted afterwards."""
    name = emulated.unique("stack")
    yield name
    if not emulated.error_of(cloud.client("cloudformation").describe_stacks, StackName=name):
        assert emulated.destroy(cloud, name) == "DELETE_COMPLETE"

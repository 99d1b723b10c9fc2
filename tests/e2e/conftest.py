from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from localcloud.emulator_process import EmulatorCommand
from tests.support.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The local environment, deployed once for all tests that leave it as they found it."""
    folder = tmp_path_factory.mktemp("e2e")
    # One attempt a rotation: what fails is examined as it failed.
    emulator = EmulatorCommand(variables={"LOCALCLOUD_ROTATION_ATTEMPTS": "1"})
    with LocalCloud.start(folder / "cloud", capture_secret_values=True, emulator=emulator) as cloud:
        deployed = Deployment.prepare(cloud, folder)
        deployed.deploy()
        yield deployed


@pytest.fixture
def paused(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment, with its function throttled to nothing: the service starts rotations and gets no further."""
    client, name = deployment.cloud.client("lambda"), deployment.outputs["RotationFunctionName"]
    reserved = client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    yield deployment
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)

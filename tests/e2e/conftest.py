from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from localcloud.emulator_process import EmulatorCommand
from tests.support.deployment import Deployment
from tests.support.manual_rotation import ManualRotations, manual_rotations
from tests.support.on_call import OnCall
from tests.support.operations import Operator
from tests.support.queues import Queue
from tests.support.shop import Shop

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


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A database of each engine, deployed once for all tests of it."""
    folder = tmp_path_factory.mktemp("shop")
    with LocalCloud.start(folder / "cloud") as cloud:
        shop = Shop.prepare(cloud, folder)
        shop.deploy()
        yield shop


@pytest.fixture
def paused(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment, with function and probe throttled to nothing: nobody but the test is at work on the database."""
    client = deployment.cloud.client("lambda")
    names = [deployment.outputs[f"{kind}FunctionName"] for kind in ("Rotation", "Probe")]
    reserved = {
        name: client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] for name in names
    }
    for name in names:
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    _wait_for_silence(deployment)
    yield deployment
    for name, executions in reserved.items():
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)


@pytest.fixture
def by_hand(paused: Deployment, tmp_path: Path) -> Iterator[ManualRotations]:
    """Rotations of the paused deployment that the test performs itself."""
    with manual_rotations(paused, tmp_path) as rotations:
        yield rotations


def _wait_for_silence(deployment: Deployment) -> None:
    """Return once the database has heard nothing for a second: what was invoked before may still be at work."""
    (database,) = deployment.cloud.control.databases()
    log, length = Path(database.log_file), -1
    while length != (length := log.stat().st_size):
        time.sleep(1)


@pytest.fixture
def administrator(deployment: Deployment) -> Iterator[str]:
    """A role with every right, which nobody declared."""
    iam, name = deployment.cloud.client("iam"), "administrator"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="All", PolicyDocument=json.dumps(everything))
    yield name
    iam.delete_role_policy(RoleName=name, PolicyName="All")
    iam.delete_role(RoleName=name)


@pytest.fixture
def on_call(deployment: Deployment) -> Iterator[OnCall]:
    """Read what reaches the alarm topic from now on."""
    queue = Queue.behind(deployment.cloud, deployment.outputs["AlarmTopicArn"])
    yield OnCall(queue)
    queue.remove()


@pytest.fixture
def operate(deployment: Deployment) -> Operator:
    """Run commands as a person on call would, once no rotation is being tried any more."""
    operator = Operator(deployment)
    operator.wait_for_rest()
    return operator

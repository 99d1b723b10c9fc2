from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from localcloud.databases.ports import free_port
from tests.support.processes import processes_of
from tests.support.starter import CHECKOUT
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSTANCE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBInstanceIdentifier": "orders",
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": "20",
        "MasterUsername": "chief",
        "MasterUserPassword": "a long password",
    },
}


class CommandLine:
    """Runs `python -m localcloud` on one directory and one port."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port(row=2)  # the control API takes the next one

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the directory and the port in its environment."""
        return subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, "LOCALCLOUD_DIRECTORY": str(self.directory), "LOCALCLOUD_PORT": str(self.port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        """Start the cloud."""
        outcome = self("up")
        assert outcome.returncode == 0, outcome.stderr
        return outcome


@pytest.fixture
def localcloud(tmp_path: Path) -> Iterator[CommandLine]:
    """Offer the command line, and prove after the test that `down` leaves nothing."""
    command = CommandLine(tmp_path / "cloud")
    yield command
    assert command("down").returncode == 0
    assert not processes_of(tmp_path)
    assert not command.directory.exists()


def test_up_keeps_a_cloud_running_and_prints_variables_for_the_shell(localcloud: CommandLine) -> None:
    """Standard output is what `eval` takes; the words for people are apart."""
    outcome = localcloud.up()
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    shell = subprocess.run(
        ["bash", "-c", f'{outcome.stdout}\n"{sys.executable}" -c "{program}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.strip() == "000000000000"
    assert f"http://127.0.0.1:{localcloud.port}" in outcome.stderr
    assert "cdk deploy -c env=local --all" in outcome.stderr


def test_a_profile_of_the_users_shell_is_unset(localcloud: CommandLine) -> None:
    """It would lead tools to a real account, or nowhere."""
    shell = subprocess.run(
        ["bash", "-c", f'AWS_PROFILE=production\n{localcloud.up().stdout}\necho "${{AWS_PROFILE-unset}}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout.strip() == "unset"


def test_a_second_up_says_that_it_runs_and_prints_the_same(localcloud: CommandLine) -> None:
    """Nothing is started twice."""
    first, state = localcloud.up(), LocalCloud.attach(localcloud.directory).state
    second = localcloud.up()
    assert "runs already" in second.stderr
    assert second.stdout == first.stdout == localcloud("env").stdout
    assert LocalCloud.attach(localcloud.directory).state == state


def test_a_shell_can_act_as_a_role(localcloud: CommandLine) -> None:
    """Root is whom no policy restricts; the variables of a role make tools that role, root's keys notwithstanding."""
    root = localcloud.up().stdout
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam = LocalCloud.attach(localcloud.directory).client("iam")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    shell = subprocess.run(
        ["bash", "-c", f'{root}\n{localcloud("env", "--role", "reader").stdout}\n"{sys.executable}" -c "{program}"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ":assumed-role/reader/" in shell.stdout


def test_a_command_runs_under_a_role_as_on_its_platform(localcloud: CommandLine) -> None:
    """Its output is its own, and its exit code is the command's; a role that has no such process is one sentence."""
    localcloud.up()
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = LocalCloud.attach(localcloud.directory).client("iam")
    iam.create_role(RoleName="service", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    program = "import boto3, sys; print(boto3.client('sts').get_caller_identity()['Arn']); sys.exit(3)"
    outcome = localcloud("run", "--as", "ecs:service", "--", sys.executable, "-c", program)
    assert (outcome.returncode, outcome.stderr) == (3, "")
    assert ":assumed-role/service/" in outcome.stdout
    outcome = localcloud("run", "--as", "ec2:service", "--", sys.executable, "-c", program)
    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("There is no instance profile named 'service': ")


def test_the_control_api_is_on_the_next_port(localcloud: CommandLine) -> None:
    """One number is enough to move a cloud."""
    localcloud.up()
    assert LocalCloud.attach(localcloud.directory).control_url == f"http://127.0.0.1:{localcloud.port + 1}"


def test_status_shows_what_runs(localcloud: CommandLine) -> None:
    """The exit code is for scripts."""
    localcloud.up()
    outcome = localcloud("status")
    assert outcome.returncode == 0
    assert f"http://127.0.0.1:{localcloud.port}" in outcome.stderr


@pytest.mark.parametrize("command", ["status", "env"])
def test_without_a_cloud_a_command_says_how_to_start_one(localcloud: CommandLine, command: str) -> None:
    """One sentence, no traceback, nothing on standard output that a shell would run."""
    outcome = localcloud(command)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr == (
        f"No local cloud runs in {localcloud.directory}: start one with `python -m localcloud up`.\n"
    )


def test_down_removes_everything_and_can_be_repeated(localcloud: CommandLine) -> None:
    """The second time there is nothing to do, which is no error."""
    localcloud.up()
    assert "gone" in localcloud("down").stderr
    assert not localcloud.directory.exists()
    assert not processes_of(localcloud.directory)
    again = localcloud("down")
    assert again.returncode == 0
    assert "No local cloud in" in again.stderr


def test_a_taken_port_is_one_sentence(localcloud: CommandLine, tmp_path: Path) -> None:
    """Who wants a second cloud learns which option to use; nothing is left of the attempt."""
    localcloud.up()
    outcome = localcloud("up", "--directory", str(tmp_path / "second"))
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"Port {localcloud.port} of the gateway is taken by process ")
    assert outcome.stderr.count("\n") == 1
    assert not (tmp_path / "second").exists()


def test_up_that_is_killed_in_the_middle_leaves_nothing_running(localcloud: CommandLine) -> None:
    """Until it is ready, the cloud hangs on the command that starts it."""
    place = ["--directory", str(localcloud.directory), "--port", str(localcloud.port)]
    command = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "up", *place],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with command:
        assert eventually((localcloud.directory / "emulator.log").exists, within=60)
        command.kill()
    assert eventually(lambda: not any(processes_of(localcloud.directory)))
    localcloud.up()


def test_a_database_server_is_shown_and_removed_with_the_cloud(localcloud: CommandLine) -> None:
    """What the cloud itself started goes with it."""
    localcloud.up()
    cloud = LocalCloud.attach(localcloud.directory)
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(StackName="orders", TemplateBody=json.dumps({"Resources": {"Orders": INSTANCE}}))
    assert eventually(lambda: len(cloud.control.databases()) == 1, within=30)
    folder = (localcloud.directory / "databases" / "orders" / "data").resolve()
    assert "postgres orders" in localcloud("status").stderr
    localcloud("down")
    assert not folder.exists()

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from localcloud.cloud import LocalCloud
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ATTACH = (
    "import os, pathlib; from localcloud.cloud import LocalCloud; "
    "cloud = LocalCloud.attach(pathlib.Path(os.environ['DIRECTORY']))"
)
WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud that keeps secret values and has one role."""
    with LocalCloud.start(tmp_path_factory.mktemp("connection") / "cloud", capture_secret_values=True) as cloud:
        cloud.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(TRUST))
        yield cloud


def _run(program: str, environment: Mapping[str, str]) -> str:
    outcome = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return outcome.stdout.strip()


def test_boto3_in_another_process_is_the_accounts_root(cloud: LocalCloud) -> None:
    """The variables are all it takes."""
    assert _run(WHO, cloud.environment()) == "arn:aws:iam::000000000000:root"


def test_boto3_in_another_process_becomes_a_role(cloud: LocalCloud) -> None:
    """It fetches the role's credentials as it would in a container."""
    assert ":assumed-role/reader/" in _run(WHO, cloud.role_environment("reader"))


def test_the_users_own_profiles_are_out_of_reach(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials of a real account in the home directory would win over those of the role."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[default]\naws_access_key_id = real\naws_secret_access_key = real\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ":assumed-role/reader/" in _run(WHO, cloud.role_environment("reader"))


def test_a_proxy_in_the_environment_is_passed_by(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a company's proxy the local cloud is still on this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert _run(WHO, cloud.environment()).endswith(":root")
    assert cloud.environment()["no_proxy"].startswith("internal.example,")
    assert cloud.client("sts").get_caller_identity()["Arn"].endswith(":root")
    assert _run(f"{ATTACH}; print(cloud.control.is_ready())", {"DIRECTORY": str(cloud.directory)}) == "True"


def test_a_client_can_act_as_a_role(cloud: LocalCloud) -> None:
    """Its calls are the role's, which has no permission."""
    assert ":assumed-role/reader/" in cloud.client("sts", role="reader").get_caller_identity()["Arn"]
    with pytest.raises(Exception, match="AccessDenied"):
        cloud.client("secretsmanager", role="reader").list_secrets()


def test_a_role_of_another_account_is_named_by_its_arn(cloud: LocalCloud) -> None:
    """Processes and clients act as it, in its account, where the other account's root made it."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam = cloud.client("iam", account="111122223333")
    arn = iam.create_role(RoleName="foreign", Path="/shop/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    expected = "arn:aws:sts::111122223333:assumed-role/foreign/local"
    assert cloud.client("sts", role=arn).get_caller_identity()["Arn"] == expected
    assert _run(WHO, cloud.role_environment(arn)) == expected
    with pytest.raises(LocalCloudError, match="no IAM role named 'arn:aws:iam::111122223333:role/foreign'"):
        cloud.client("sts", role="arn:aws:iam::111122223333:role/foreign")
    with pytest.raises(LocalCloudError, match="no IAM role named 'foreign'"):
        cloud.client("sts", role="foreign")


def test_a_client_asks_in_the_region_that_it_was_made_for(cloud: LocalCloud) -> None:
    """What is made in one region is not in another."""
    cloud.client("secretsmanager", region="eu-west-1").create_secret(Name="in Ireland", SecretString="value")
    assert "in Ireland" in str(cloud.client("secretsmanager", region="eu-west-1").list_secrets())
    assert "in Ireland" not in str(cloud.client("secretsmanager").list_secrets())


def test_an_unknown_role_is_named(cloud: LocalCloud) -> None:
    """The emulator's own sentence reaches the caller."""
    with pytest.raises(LocalCloudError, match="nobody"):
        cloud.client("sts", role="nobody")


def test_written_secret_values_are_captured_on_request(cloud: LocalCloud) -> None:
    """A leak search knows what to search for."""
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="captured", SecretString="the first")
    secrets.put_secret_value(SecretId="captured", SecretString="the second")
    assert {"the first", "the second"} <= set(cloud.captured_secret_values())


def test_a_hold_with_an_unknown_field_or_step_is_refused(cloud: LocalCloud) -> None:
    """The control API's refusal is an error with its reason."""
    with pytest.raises(LocalCloudError, match="afterwards"):
        cloud.hold_rotation("afterwards")


def test_an_unknown_database_is_named(cloud: LocalCloud) -> None:
    """Its identifier is in the message."""
    with pytest.raises(LocalCloudError, match="no-such-instance"):
        cloud.control.kill_database("no-such-instance")


def test_a_cloud_that_is_gone_says_so(tmp_path: Path) -> None:
    """The error names the address and how to find out more."""
    with LocalCloud.start(tmp_path / "cloud") as gone:
        pass
    with pytest.raises(LocalCloudError, match=f"control API at {gone.control_url} does not answer .*localcloud status"):
        gone.rotations()

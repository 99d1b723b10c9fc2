"""How a process gets a deployed role: as ECS gives it to a task, and EC2 to an instance."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from localcloud import platforms
from localcloud.errors import LocalCloudError
from tests.support import emulated
from tests.support.emulated import statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud

WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
TTL, TOKEN = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def role(cloud: LocalCloud, service: str, **condition: Any) -> str:
    """Make a role that a service may assume and that may list secrets; return its name."""
    trust = {**statement("Allow", "sts:AssumeRole", "*", **condition), "Principal": {"Service": service}}
    del trust["Resource"]
    name, iam = emulated.unique("role"), cloud.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=emulated.policy(trust))
    allowed = emulated.policy(statement("Allow", "secretsmanager:ListSecrets", "*"))
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=allowed)
    return name


@pytest.fixture(scope="module")
def task_role(cloud: LocalCloud) -> str:
    """A task role as the construct library declares it: for tasks of this account alone."""
    account = {"StringEquals": {"aws:SourceAccount": cloud.account}}
    return role(cloud, "ecs-tasks.amazonaws.com", **account, ArnLike={"aws:SourceArn": "arn:aws:ecs:us-east-1:*:*"})


@pytest.fixture(scope="module")
def instance_role(cloud: LocalCloud) -> str:
    """A role for instances."""
    return role(cloud, "ec2.amazonaws.com")


@pytest.fixture(scope="module")
def profile(cloud: LocalCloud, instance_role: str) -> str:
    """An instance profile with that role, under another name."""
    iam, name = cloud.client("iam"), emulated.unique("profile")
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=instance_role)
    return name


def test_a_deployed_instance_profile_is_known_by_its_name(
    cloud: LocalCloud, stack: str, task_role: str, instance_role: str
) -> None:
    """Ref is what instances are launched with; another role is an update, another path another profile."""
    kind, outputs = "AWS::IAM::InstanceProfile", {"Name": {"Ref": "Profile"}, "Arn": {"Fn::GetAtt": ["Profile", "Arn"]}}

    def deployed(role_name: str, path: str) -> tuple[str, str, str]:
        resource = {"Type": kind, "Properties": {"Roles": [role_name], "Path": path}}
        assert emulated.deploy(cloud, stack, {"Profile": resource}, outputs).endswith("E_COMPLETE")
        told = emulated.outputs(cloud, stack)
        profile = cloud.client("iam").get_instance_profile(InstanceProfileName=told["Name"])["InstanceProfile"]
        assert told["Arn"] == profile["Arn"] == f"arn:aws:iam::{cloud.account}:instance-profile{path}{told['Name']}"
        return told["Name"], profile["InstanceProfileId"], profile["Roles"][0]["RoleName"]

    first, updated = deployed(task_role, "/one/"), deployed(instance_role, "/one/")
    assert updated == (*first[:2], instance_role)
    moved = deployed(instance_role, "/two/")
    assert moved[0] != first[0]
    assert emulated.error_of(cloud.client("iam").get_instance_profile, InstanceProfileName=first[0]) == "NoSuchEntity"


def test_an_instance_profile_needs_its_role(cloud: LocalCloud) -> None:
    """The reason is IAM's own."""
    name = emulated.unique("stack")
    profile = {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": ["nobody"]}}
    assert emulated.deploy(cloud, name, {"Profile": profile}) == "ROLLBACK_COMPLETE"
    assert "The role with name nobody cannot be found." in emulated.failure_reasons(cloud, name)


def said_by(environment: dict[str, str], program: str = WHO) -> str:
    """Run a program of boto3's in an environment, and return what it says."""
    finished = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return (finished.stdout or finished.stderr).strip()


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Send one request and return status and body."""
    request = urllib.request.Request(url, method=method, headers=headers)  # noqa: S310  # always http, to our own server
    try:
        with OPENER.open(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def metadata(cloud: LocalCloud, profile: str) -> Iterator[str]:
    """Run as an instance, and give the metadata service's address."""
    with platforms.running_as(cloud, platforms.Ec2Instance(cloud, profile)) as environment:
        yield environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "latest"


def session(service: str, seconds: str = "60") -> dict[str, str]:
    """Begin a session with a metadata service, and return the header that is in it."""
    status, token = ask(f"{service}/api/token", "PUT", **{TTL: seconds})
    assert status == 200
    return {TOKEN: token}


@pytest.mark.parametrize("kind", ["ecs", "ec2"])
def test_boto3_finds_the_role_and_is_held_to_its_policies(
    cloud: LocalCloud, task_role: str, instance_role: str, profile: str, kind: str
) -> None:
    """Its chain of providers does the rest, without a key anywhere in the environment."""
    names = {"ecs": (task_role, task_role), "ec2": (profile, instance_role)}
    given, role_name = names[kind]
    program = f"""if True:
        {WHO}
        import json
        api, refused = boto3.client("secretsmanager"), ""
        api.list_secrets()
        try:
            api.create_secret(Name="x", SecretString="x")
        except Exception as error:
            refused = error.response["Error"]["Code"]
        print(boto3.Session().get_credentials().method, refused)
    """
    with platforms.running_as(cloud, platforms.parse(f"{kind}:{given}", cloud)) as environment:
        assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & environment.keys()
        arn, outcome = said_by(environment, program).splitlines()
    assert f":assumed-role/{role_name}/" in arn
    assert outcome == {"ecs": "container-role", "ec2": "iam-role"}[kind] + " AccessDeniedException"


def test_credentials_of_the_shell_are_not_passed_on(
    cloud: LocalCloud, task_role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key or a profile of the developer would win over the role, and hide that the role lacks something."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.setenv(name, "of-the-shell")
    with platforms.running_as(cloud, platforms.EcsTask(cloud, task_role)) as environment:
        assert f":assumed-role/{task_role}/" in said_by(environment)


@pytest.mark.parametrize(
    ("given", "sentence"), [("task", "the task role"), ("ecs:", "names no"), ("eks:r", "names no")]
)
def test_a_text_that_names_no_role_is_refused(cloud: LocalCloud, given: str, sentence: str) -> None:
    """With what can be written instead."""
    with pytest.raises(LocalCloudError, match=sentence):
        platforms.parse(given, cloud)


def test_a_role_has_to_be_there_and_to_trust_the_kind_of_compute(
    cloud: LocalCloud, task_role: str, instance_role: str, profile: str
) -> None:
    """As AWS starts no task and no instance otherwise: a role for one is none for the other."""
    iam = cloud.client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=instance_role)
    iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=task_role)
    refusals = {
        "ecs:nobody": "no IAM role named 'nobody'",
        f"ecs:{instance_role}": "cannot be assumed by ecs-tasks.amazonaws.com",
        "ec2:nobody": "no instance profile named 'nobody'",
        f"ec2:{profile}": "cannot be assumed by ec2.amazonaws.com",
    }
    try:
        for given, sentence in refusals.items():
            with (
                pytest.raises(LocalCloudError, match=sentence),
                platforms.running_as(cloud, platforms.parse(given, cloud)),
            ):
                pass
        iam.remove_role_from_instance_profile(InstanceProfileName=profile, RoleName=task_role)
        with pytest.raises(LocalCloudError, match="holds no role"):
            platforms.Ec2Instance(cloud, profile).credentials()
    finally:
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=instance_role)


def test_a_task_that_belongs_to_another_account_is_not_trusted(cloud: LocalCloud) -> None:
    """The trust policy's conditions count, not only whom it names."""
    other = role(cloud, "ecs-tasks.amazonaws.com", StringEquals={"aws:SourceAccount": emulated.OTHER_ACCOUNT})
    with pytest.raises(LocalCloudError, match="trust policy"):
        platforms.EcsTask(cloud, other).credentials()


def test_only_the_task_itself_is_given_its_role(cloud: LocalCloud, task_role: str) -> None:
    """Other processes of the machine have neither the path nor the token."""
    with platforms.running_as(cloud, platforms.EcsTask(cloud, task_role)) as environment:
        url, token = (environment[f"AWS_CONTAINER_{name}"] for name in ("CREDENTIALS_FULL_URI", "AUTHORIZATION_TOKEN"))
        assert [ask(url)[0], ask(url, Authorization="guessed")[0]] == [401, 401]
        assert ask(url + "0", Authorization=token)[0] == 404
        status, body = ask(url, Authorization=token)
    assert status == 200
    assert json.loads(body).keys() == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}


def test_the_metadata_service_answers_in_sessions_only(cloud: LocalCloud, profile: str) -> None:
    """IMDSv2: first a token, by a PUT that went through no proxy, with the time that it is good for."""
    with metadata(cloud, profile) as service:
        where = f"{service}/meta-data/instance-id"
        assert [ask(where)[0], ask(where, **{TOKEN: "guessed"})[0]] == [401, 401]
        refused = [ask(f"{service}/api/token", "PUT", **{TTL: ttl})[0] for ttl in ("0", "21601", "soon")]
        assert refused == [400, 400, 400]
        assert ask(f"{service}/api/token", "PUT", **{TTL: "60", "X-Forwarded-For": "10.0.0.1"})[0] == 403
        assert ask(f"{service}/api/token")[0] == 405
        assert ask(where, **session(service))[0] == 200


def test_an_instance_knows_who_it_is(cloud: LocalCloud, profile: str, instance_role: str) -> None:
    """Place, profile and role; its session is named by its id, as the trail of AWS shows instances."""
    with metadata(cloud, profile) as service:
        headers = session(service)

        def told(what: str) -> str:
            status, body = ask(f"{service}/{what}", **headers)
            assert status == 200
            return body

        assert told("meta-data/placement/region") == cloud.region
        assert told("meta-data/placement/availability-zone") == f"{cloud.region}a"
        assert json.loads(told("meta-data/iam/info"))["InstanceProfileArn"].endswith(f":instance-profile/{profile}")
        assert told("meta-data/iam/security-credentials/") == instance_role
        assert json.loads(told("dynamic/instance-identity/document"))["instanceId"] == told("meta-data/instance-id")
        keys = json.loads(told(f"meta-data/iam/security-credentials/{instance_role}"))
        assert (keys["Code"], keys["Type"]) == ("Success", "AWS-HMAC")
        sts = emulated.client_with(cloud, "sts", {**keys, "SessionToken": keys["Token"]})
        assert sts.get_caller_identity()["Arn"].endswith(f"/{instance_role}/{told('meta-data/instance-id')}")
        assert ask(f"{service}/meta-data/nothing", **headers)[0] == 404


def test_a_role_that_is_taken_away_reaches_nobody_any_more(cloud: LocalCloud) -> None:
    """What runs already keeps the keys that it has, and gets no others."""
    name = role(cloud, "ecs-tasks.amazonaws.com")
    with platforms.running_as(cloud, platforms.EcsTask(cloud, name)) as environment:
        iam = cloud.client("iam")
        iam.delete_role_policy(RoleName=name, PolicyName="inline")
        iam.delete_role(RoleName=name)
        token = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        status, body = ask(environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], Authorization=token)
    assert (status, "no IAM role" in body) == (500, True)

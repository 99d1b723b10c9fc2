"""The table of tests/iam, executed: every role of the local environment tries what it may do and what it may not."""

from __future__ import annotations

import json
import secrets as random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.iam.grid import Case, cases
from tests.iam.simulation import ROLES
from tests.support import emulated
from tests.support.environments import template
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment

CASES = cases()
_STAGES = {"current": {"VersionStage": "AWSCURRENT"}, "default": {}, "previous": {"VersionStage": "AWSPREVIOUS"}}
_FUNCTIONS = {"rotation": "RotationFunctionName", "provision": "ProvisionFunctionName"}


@dataclass(frozen=True)
class Scene:
    """What the cases are tried on.

    :param deployment: the environment.
    :param secrets: ARNs by target.
    :param roles: names by principal.
    :param previous: ids of the versions before the current ones, by target.
    :param sealed: what the environment's key has encrypted in the context of a secret, by target.
    :param clients: by service and principal; each takes a while to make.
    """

    deployment: Deployment
    secrets: dict[str, str]
    roles: dict[str, str]
    previous: dict[str, str]
    sealed: dict[str, bytes]
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def allows(self, case: Case) -> bool:
        """Try a case; an error other than a denial is one of the test."""
        try:
            self._attempt(case)()
        except ClientError as error:
            if error.response["Error"]["Code"] in {"AccessDeniedException", "AccessDenied"}:
                return False
            raise
        return True

    def _attempt(self, case: Case) -> Callable[[], object]:
        verb, _, which = case.attempt.partition(" ")
        service = {"invoke": "lambda", "decrypt": "kms"}.get(verb, "secretsmanager")
        client = self.clients.get((service, case.principal))
        if client is None:
            client = self.deployment.cloud.client(service, role=self.roles[case.principal])
            self.clients[service, case.principal] = client
        if verb == "invoke":
            name = self.deployment.outputs[_FUNCTIONS[case.target]]
            return lambda: client.invoke(FunctionName=name, InvocationType="DryRun")
        secret = self.secrets[case.target]
        if verb == "decrypt":
            context = {"SecretARN": secret}
            return lambda: client.decrypt(CiphertextBlob=self.sealed[case.target], EncryptionContext=context)
        if verb == "read":
            chosen = _STAGES[which] if which in _STAGES else {"VersionId": self.previous[case.target]}
            return lambda: client.get_secret_value(SecretId=secret, **chosen)
        return lambda: self._change(client, verb, secret)

    def _change(self, client: Any, verb: str, secret: str) -> None:
        """Change something that nobody uses: whoever may do it leaves no trace."""
        label, value = f"MATRIX{random.token_hex(4)}", random.token_hex(16)
        current = current_version(self.deployment, secret)
        calls: dict[str, Callable[[], object]] = {
            "describe": lambda: client.describe_secret(SecretId=secret),
            "put": lambda: client.put_secret_value(SecretId=secret, SecretString=value, VersionStages=[label]),
            "move_label": lambda: client.update_secret_version_stage(
                SecretId=secret, VersionStage=label, MoveToVersionId=current
            ),
            "rotate": lambda: client.rotate_secret(SecretId=secret),
            "cancel": lambda: client.cancel_rotate_secret(SecretId=secret),
            "delete": lambda: client.delete_secret(SecretId=secret),
            "open": lambda: client.put_resource_policy(SecretId=secret, ResourcePolicy=emulated.policy()),
            "untag": lambda: client.untag_resource(SecretId=secret, TagKeys=["x"]),
        }
        calls[verb]()
        root = self.deployment.cloud.client("secretsmanager")
        stages = root.describe_secret(SecretId=secret)["VersionIdsToStages"]
        for version, labels in stages.items():
            if label in labels:
                root.update_secret_version_stage(SecretId=secret, VersionStage=label, RemoveFromVersionId=version)


def current_version(deployment: Deployment, secret: str, label: str = "AWSCURRENT") -> str:
    """Return the version of a secret that has a label."""
    stages = deployment.cloud.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    return next(str(version) for version, labels in stages.items() if label in labels)


@pytest.fixture(scope="module")
def scene(deployment: Deployment) -> Iterator[Scene]:
    """Both credentials rotated once, so that there are previous versions, and two foreign secrets."""
    cloud, api = deployment.cloud, deployment.cloud.client("secretsmanager")
    own = {"master": deployment.secret, "user": deployment.outputs["UserOrdersSecretArn"]}
    for secret in own.values():
        rotate(deployment, secret)
    key = api.describe_secret(SecretId=deployment.secret)["KmsKeyId"]
    foreign = {
        "payroll": emulated.create_secret(cloud),
        "ledger": emulated.create_secret(cloud, KmsKeyId=key),
    }
    others = {
        "outsider": emulated.create_role(cloud),
        "admin": emulated.create_role(cloud, emulated.statement("Allow", "*", "*")),
    }
    kms = cloud.client("kms")
    yield Scene(
        deployment=deployment,
        secrets={**own, **foreign},
        roles={**others, **{name: role_of(deployment, *place) for name, place in ROLES.items()}},
        previous={name: current_version(deployment, secret, "AWSPREVIOUS") for name, secret in own.items()},
        sealed={
            name: kms.encrypt(KeyId=key, Plaintext=b"sealed", EncryptionContext={"SecretARN": secret})["CiphertextBlob"]
            for name, secret in own.items()
        },
    )
    for secret in foreign.values():
        api.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def rotate(deployment: Deployment, secret: str) -> None:
    """Rotate a credential once the service has tried its schedule, and wait until its new version is current."""
    api = deployment.cloud.client("secretsmanager")

    def is_idle() -> bool:
        labels = api.describe_secret(SecretId=secret)["VersionIdsToStages"].values()
        return not any("AWSPENDING" in staged for staged in labels)

    assert eventually(is_idle)
    version = api.rotate_secret(SecretId=secret)["VersionId"]
    assert eventually(lambda: is_idle() and current_version(deployment, secret) == version)


def role_of(deployment: Deployment, part: str, path: str) -> str:
    """Return the name that CloudFormation gave to the role at a path."""
    logical_id = template("local", part).logical_id("AWS::IAM::Role", path)
    api = deployment.cloud.client("cloudformation")
    described = api.describe_stack_resources(StackName=f"rotating-rds-local-{part}", LogicalResourceId=logical_id)
    (resource,) = (found for found in described["StackResources"] if found["LogicalResourceId"] == logical_id)
    return str(resource["PhysicalResourceId"])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_role_may_do_what_the_table_says(scene: Scene, case: Case) -> None:
    """As the simulator says of the templates, so does the local cloud of what was deployed from them."""
    assert scene.allows(case) is case.allowed


def test_the_scene_is_left_as_it_was_found(scene: Scene) -> None:
    """No label of a case is left, and the values still log in."""
    for secret in (scene.secrets["master"], scene.secrets["user"]):
        stages = scene.deployment.cloud.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
        assert not any(label.startswith("MATRIX") for labels in stages.values() for label in labels)
        value = scene.deployment.cloud.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        assert set(json.loads(value)) >= {"username", "password"}

"""Who may do what with the deployed secret, executed under the deployed roles; and that these checks can fail."""

from __future__ import annotations

import copy
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.deployment import Deployment

Policy = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """Something that a role may do, or may not.

    :param role: name of the role that tries.
    :param attempt: what it tries; denied if it raises AccessDenied.
    :param service: the service that it asks.
    """

    name: str
    role: str
    attempt: Callable[[Any], object]
    allowed: bool = False
    service: str = "secretsmanager"

    def holds(self, deployment: Deployment) -> bool:
        """Try it."""
        return self.allowed is permitted(lambda: self.attempt(deployment.cloud.client(self.service, role=self.role)))


@dataclass(frozen=True)
class Others:
    """What a role of ours must not reach.

    :param plain: a secret under the account's own key.
    :param under_our_key: a secret under the database's key.
    :param outsider: a role without any permission.
    """

    plain: str
    under_our_key: str
    outsider: str


def permitted(attempt: Callable[[], object]) -> bool:
    """Make a call; tell whether it was permitted, letting any other error through."""
    try:
        attempt()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"AccessDeniedException", "AccessDenied"}:
            return False
        raise
    return True


@pytest.fixture(scope="module")
def others(deployment: Deployment) -> Iterator[Others]:
    """Two foreign secrets, a foreign role, and a previous version that nobody but the function may read."""
    assert deployment.rotate().outcome == "succeeded"
    secrets, iam = deployment.cloud.client("secretsmanager"), deployment.cloud.client("iam")
    key = secrets.describe_secret(SecretId=deployment.secret)["KmsKeyId"]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="outsider", AssumeRolePolicyDocument=json.dumps(trust))
    made = Others(
        plain=secrets.create_secret(Name="payroll", SecretString="a salary nobody may see")["ARN"],
        under_our_key=secrets.create_secret(Name="ledger", SecretString="a sum nobody may see", KmsKeyId=key)["ARN"],
        outsider="outsider",
    )
    yield made
    iam.delete_role(RoleName=made.outsider)
    for secret in (made.plain, made.under_our_key):
        secrets.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


@pytest.fixture(scope="module")
def checks(deployment: Deployment, others: Others) -> list[Check]:
    """Every check but the rotation itself."""
    secret, labels = deployment.secret, deployment.labels
    consumer, function = deployment.outputs["ApplicationRoleName"], deployment.function_role

    def read(**which: str) -> Callable[[Any], object]:
        return lambda client: client.get_secret_value(**{"SecretId": secret, **which})

    key = deployment.cloud.client("secretsmanager").describe_secret(SecretId=secret)["KmsKeyId"]
    context = {"SecretARN": secret}
    sealed = deployment.cloud.client("kms").encrypt(KeyId=key, Plaintext=b"sealed", EncryptionContext=context)

    def decrypt(client: Any) -> object:
        """Use the key without Secrets Manager in between, in the context that is granted."""
        return client.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)

    return [
        Check("the consumer reads the current value", consumer, read(VersionStage="AWSCURRENT"), allowed=True),
        Check("the consumer reads without naming a label", consumer, read(), allowed=True),
        Check("the consumer reads the previous value", consumer, read(VersionStage="AWSPREVIOUS")),
        Check("the consumer reads a version by its id", consumer, read(VersionId=labels["AWSPREVIOUS"])),
        Check("the consumer reads another secret", consumer, read(SecretId=others.plain)),
        Check("the consumer reads another secret under this one", consumer, read(SecretId=others.under_our_key)),
        Check("the consumer describes the secret", consumer, lambda c: c.describe_secret(SecretId=secret)),
        Check("the consumer writes", consumer, lambda c: c.put_secret_value(SecretId=secret, SecretString="{}")),
        Check("the consumer rotates", consumer, lambda c: c.rotate_secret(SecretId=secret)),
        Check("the consumer deletes the secret", consumer, lambda c: c.delete_secret(SecretId=secret)),
        Check("the consumer decrypts on its own", consumer, decrypt, service="kms"),
        Check("the function reads the previous value", function, read(VersionStage="AWSPREVIOUS"), allowed=True),
        Check("the function reads another secret", function, read(SecretId=others.plain)),
        Check("the function reads another secret under this one", function, read(SecretId=others.under_our_key)),
        Check("the function changes tags", function, lambda c: c.untag_resource(SecretId=secret, TagKeys=["x"])),
        Check("the function decrypts on its own", function, decrypt, service="kms"),
        Check("the function deletes the secret", function, lambda c: c.delete_secret(SecretId=secret)),
        Check("the function stops the rotation", function, lambda c: c.cancel_rotate_secret(SecretId=secret)),
        Check("an outsider reads the current value", others.outsider, read()),
        Check("an outsider describes the secret", others.outsider, lambda c: c.describe_secret(SecretId=secret)),
    ]


def violations(deployment: Deployment, checks: list[Check]) -> set[str]:
    """Return the names of the checks that do not hold; the function's right to rotate is one of them."""
    broken = {check.name for check in checks if not check.holds(deployment)}
    return broken if deployment.rotate().outcome == "succeeded" else broken | {"the function rotates"}


@contextmanager
def changed_policy(deployment: Deployment, role: str, change: Callable[[Policy], None]) -> Iterator[None]:
    """Change a role's inline policy for a while; afterwards, a rotation that got stuck is finished."""
    iam = deployment.cloud.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    changed = copy.deepcopy(policy)
    change(changed)
    assert changed != policy, "a mutation that changes nothing proves nothing"
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))
    if "AWSPENDING" in deployment.labels:
        secrets = deployment.cloud.client("secretsmanager")
        with pytest.raises(secrets.exceptions.InvalidRequestException, match=r"previous rotation isn.t complete"):
            secrets.rotate_secret(SecretId=deployment.secret)
        assert eventually(lambda: "AWSPENDING" not in deployment.labels)


def statements_with(policy: Policy, action: str) -> list[dict[str, Any]]:
    """Return the statements of a policy that name an action."""
    found = [entry for entry in policy["Statement"] if action in _as_list(entry["Action"])]
    assert found
    return found


def take_away(action: str) -> Callable[[Policy], None]:
    """Return a change that takes an action out of a policy."""

    def change(policy: Policy) -> None:
        for statement in statements_with(policy, action):
            statement["Action"] = [name for name in _as_list(statement["Action"]) if name != action]
            if not statement["Action"]:
                policy["Statement"].remove(statement)

    return change


def take_away_label(policy: Policy) -> None:
    """Let every version be read, not only the current one."""
    for statement in statements_with(policy, "secretsmanager:GetSecretValue"):
        del statement["Condition"]["StringEquals"]["secretsmanager:VersionStage"]


def take_away_arn(policy: Policy) -> None:
    """Let every secret be read, not only the declared ones."""
    for statement in statements_with(policy, "secretsmanager:GetSecretValue"):
        statement["Resource"] = "*"


def take_away_encryption_context(policy: Policy) -> None:
    """Let every secret under the key be read."""
    take_away_arn(policy)
    for statement in statements_with(policy, "kms:Decrypt"):
        del statement["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"]


def take_away_service(policy: Policy) -> None:
    """Let the key be used without Secrets Manager in between."""
    for statement in statements_with(policy, "kms:Decrypt"):
        del statement["Condition"]["StringEquals"]["kms:ViaService"]


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_roles_may_do_what_they_need_and_nothing_else(deployment: Deployment, checks: list[Check]) -> None:
    """As deployed, every check holds."""
    assert violations(deployment, checks) == set()


@pytest.mark.parametrize(
    ("role", "change", "violated"),
    [
        (
            "ApplicationRoleName",
            take_away("kms:Decrypt"),
            {"the consumer reads the current value", "the consumer reads without naming a label"},
        ),
        (
            "ApplicationRoleName",
            take_away_label,
            {"the consumer reads the previous value", "the consumer reads a version by its id"},
        ),
        ("ApplicationRoleName", take_away_arn, {"the consumer reads another secret"}),
        (
            "ApplicationRoleName",
            take_away_encryption_context,
            {"the consumer reads another secret", "the consumer reads another secret under this one"},
        ),
        ("ApplicationRoleName", take_away_service, {"the consumer decrypts on its own"}),
        (
            "function_role",
            take_away("kms:Decrypt"),
            {"the function reads the previous value", "the function rotates"},
        ),
        ("function_role", take_away("kms:GenerateDataKey"), {"the function rotates"}),
        ("function_role", take_away("secretsmanager:UpdateSecretVersionStage"), {"the function rotates"}),
        ("function_role", take_away_arn, {"the function reads another secret"}),
        (
            "function_role",
            take_away_encryption_context,
            {"the function reads another secret", "the function reads another secret under this one"},
        ),
    ],
    ids=[
        "consumer without kms:Decrypt",
        "consumer without the staging label",
        "consumer without the secret's ARN",
        "consumer without the encryption context",
        "consumer without Secrets Manager in between",
        "function without kms:Decrypt",
        "function without kms:GenerateDataKey",
        "function without the right to move labels",
        "function without the secret's ARN",
        "function without the encryption context",
    ],
)
def test_a_changed_policy_is_noticed(
    deployment: Deployment, checks: list[Check], role: str, change: Callable[[Policy], None], violated: set[str]
) -> None:
    """Take something away from a policy: exactly the checks turn red that this touches."""
    name = deployment.outputs.get(role) or deployment.function_role
    with changed_policy(deployment, name, change):
        assert violations(deployment, checks) == violated


def test_a_disabled_key_closes_the_secret(deployment: Deployment, checks: list[Check]) -> None:
    """Who may read the secret cannot, as long as its key is disabled."""
    kms = deployment.cloud.client("kms")
    key = deployment.cloud.client("secretsmanager").describe_secret(SecretId=deployment.secret)["KmsKeyId"]
    (reads,) = [check for check in checks if check.name == "the consumer reads the current value"]
    kms.disable_key(KeyId=key)
    try:
        with pytest.raises(ClientError, match="DecryptionFailure"):
            reads.attempt(deployment.cloud.client("secretsmanager", role=reads.role))
    finally:
        kms.enable_key(KeyId=key)
    assert reads.holds(deployment)

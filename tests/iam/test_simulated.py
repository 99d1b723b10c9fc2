"""The table holds for the policies as synthesised, says a simulator of IAM; and each loosened policy is noticed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.iam.grid import Case, cases
from tests.iam.simulation import Scene
from tests.support.environments import templates
from tests.support.templates import Template
from tests.support.toolchain import put_own_tools_first

if TYPE_CHECKING:
    from collections.abc import Callable

put_own_tools_first()
CASES = cases()
READER, ROTATION = "Database/Users/orders/Api", "Database/RotationFunction/Role"


def test_the_table_is_large_enough_and_mostly_denials() -> None:
    """At least 60 cases, of which at least half are denied."""
    assert len(CASES) >= 60
    assert sum(not case.allowed for case in CASES) * 2 >= len(CASES)


def test_the_policies_allow_what_the_table_says_and_nothing_else() -> None:
    """Identity policies, key policy and conditions together."""
    assert wrong(Scene(templates("local"))) == set()


def wrong(scene: Scene) -> set[str]:
    """Return the cases whose verdict is not the table's."""
    return {str(case) for case, allowed in scene.verdicts(CASES).items() if allowed is not case.allowed}


def statements(body: dict[str, Any], role: str, action: str) -> list[dict[str, Any]]:
    """Return the statements of the role at a path which name an action, to change them."""
    template = Template(body)
    role_id = template.logical_id("AWS::IAM::Role", role)
    found = [
        statement
        for policy in template.of_type("AWS::IAM::Policy").values()
        if {"Ref": role_id} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if action in statement["Action"]
    ]
    assert found
    return found


def any_secret(body: dict[str, Any]) -> None:
    """Let the reader read every secret, under any key context."""
    for statement in statements(body, READER, "secretsmanager:GetSecretValue"):
        statement["Resource"] = "*"


def any_secret_under_the_key(body: dict[str, Any]) -> None:
    """Let the reader read every secret under the environment's key."""
    any_secret(body)
    without("kms:EncryptionContext:SecretARN", "kms:Decrypt")(body)


def without(key: str, action: str, role: str = READER) -> Callable[[dict[str, Any]], None]:
    """Return a change that drops a condition."""

    def change(body: dict[str, Any]) -> None:
        for statement in statements(body, role, action):
            del statement["Condition"]["StringEquals"][key]

    return change


def any_action(body: dict[str, Any]) -> None:
    """Let the rotation function do everything with its secrets."""
    for statement in statements(body, ROTATION, "secretsmanager:PutSecretValue"):
        statement["Action"] = "secretsmanager:*"


def any_version_of_the_master(body: dict[str, Any]) -> None:
    """Let the function that makes users read versions that are not in force."""
    without("secretsmanager:VersionStage", "secretsmanager:GetSecretValue", "Database/ProvisionFunction/Role")(body)


def an_outsider_at_the_key(body: dict[str, Any]) -> None:
    """Add a principal to the key's policy."""
    key = Template(body).resource("AWS::KMS::Key", "Database/Key")
    key["Properties"]["KeyPolicy"]["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::000000000000:role/outsider"},
            "Action": "kms:Decrypt",
            "Resource": "*",
        }
    )


def any_function(body: dict[str, Any]) -> None:
    """Let the framework invoke every function."""
    for statement in statements(body, "Database/ProvisionFunction/ProviderRole", "lambda:InvokeFunction"):
        statement["Resource"] = "*"


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (any_secret, {"api: read current of payroll"}),
        (
            any_secret_under_the_key,
            {
                "api: read current of payroll",
                "api: read current of ledger",
                "api: read current of master",
                "api: read default of master",
            },
        ),
        (without("secretsmanager:VersionStage", "secretsmanager:GetSecretValue"), {"api: read previous of user"}),
        (without("kms:ViaService", "kms:Decrypt"), {"api: decrypt of user"}),
        (
            any_action,
            {
                "rotation: rotate of master",
                "rotation: cancel of master",
                "rotation: delete of master",
                "rotation: open of master",
                "rotation: untag of master",
                "rotation: delete of user",
            },
        ),
        (
            any_version_of_the_master,
            {
                "provision: read previous of master",
                "provision: read by_id of master",
                "provision: read previous of user",
            },
        ),
        (an_outsider_at_the_key, {"outsider: decrypt of master", "outsider: decrypt of user"}),
        (any_function, {"framework: invoke of rotation"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_loosened_policy_is_noticed(change: Callable[[dict[str, Any]], None], noticed: set[str]) -> None:
    """GIVEN a wildcard, a dropped condition or an added principal, THEN exactly the cases turn that it opens."""
    parts = dict(templates("local"))
    body = copy.deepcopy(dict(parts["orders"].body))
    change(body)
    assert wrong(Scene({**parts, "orders": Template(body)})) == noticed


def test_a_case_is_named_by_who_does_what() -> None:
    """So that a failure can be read."""
    assert str(Case("read current", "master", "api", allowed=False)) == "api: read current of master"

"""One thing changed in the templates: exactly those cases of the matrix turn red that it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.iam import matrix, proof
from tests.support.iam.account import ACCOUNT, Account, copied
from tests.support.iam.requests import verdicts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.templates import Template

Templates = dict[str, "Template"]

READ = "secretsmanager:GetSecretValue"
API, CONSOLE = "orders/Database/Users/web/Api", "orders/Database/Console"
ROTATION = "orders/Database/RotationFunction/Role"
PROVISION = "orders/Database/ProvisionFunction/Role"
PROBE = "orders/Database/ProbeFunction/Role"
FRAMEWORK = "orders/Database/ProvisionFunction/ProviderRole"
OF_ORDERS = ("orders", "web", "reports")
ALL = (*OF_ORDERS, "billing", "invoices")
CURRENT = ("GetSecretValue", "GetSecretValue AWSCURRENT")
LABELS = ("GetSecretValue AWSPENDING", "GetSecretValue AWSPREVIOUS")
VERSIONS = (*LABELS, "GetSecretValue by version id")
DIRECTLY, THROUGH = "kms:Decrypt directly", "kms:Decrypt through Secrets Manager"


def statements(templates: Templates, place: str, action: str) -> list[dict[str, Any]]:
    """Return the statements of a role that allow an action, to be changed in place."""
    part, _, path = place.partition("/")
    role = {"Ref": templates[part].logical_id("AWS::IAM::Role", path)}
    found = [
        statement
        for policy in templates[part].of_type("AWS::IAM::Policy").values()
        if role in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if action in statement["Action"] and statement["Effect"] == "Allow"
    ]
    assert found, f"{place} is not allowed {action}"
    return found


def widen(place: str, action: str) -> Callable[[Templates], None]:
    """Return a change of the resource of a role's statements to everything."""

    def change(templates: Templates) -> None:
        for statement in statements(templates, place, action):
            statement["Resource"] = "*"

    return change


def drop(place: str, action: str, key: str) -> Callable[[Templates], None]:
    """Return a change that drops a condition of a role's statements."""

    def change(templates: Templates) -> None:
        conditional = [entry for entry in statements(templates, place, action) if "Condition" in entry]
        assert conditional
        for statement in conditional:
            del statement["Condition"]["StringEquals"][key]

    return change


def add(place: str, action: str, *further: str) -> Callable[[Templates], None]:
    """Return a change that adds actions to those of a role's statements that have one already."""

    def change(templates: Templates) -> None:
        for statement in statements(templates, place, action):
            own = statement["Action"]
            statement["Action"] = [*([own] if isinstance(own, str) else own), *further]

    return change


def both(*changes: Callable[[Templates], None]) -> Callable[[Templates], None]:
    """Return several changes as one."""

    def change(templates: Templates) -> None:
        for each in changes:
            each(templates)

    return change


def admit_to_key(principal: Mapping[str, str] | str) -> Callable[[Templates], None]:
    """Return a change that adds a principal to the key policy of a database."""

    def change(templates: Templates) -> None:
        key = templates["orders"].resource("AWS::KMS::Key", "Database/Key")
        key["Properties"]["KeyPolicy"]["Statement"].append(
            {"Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}
        )

    return change


def admit_to_secret(principal: str) -> Callable[[Templates], None]:
    """Return a change that gives a secret a policy for a principal."""

    def change(templates: Templates) -> None:
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "secretsmanager:*", "Resource": "*"}
        attachment = templates["orders"].logical_id(
            "AWS::SecretsManager::SecretTargetAttachment", "Database/Secret/Attachment"
        )
        templates["orders"].body["Resources"]["Added"] = {
            "Type": "AWS::SecretsManager::ResourcePolicy",
            "Properties": {
                "SecretId": {"Ref": attachment},
                "ResourcePolicy": {"Version": "2012-10-17", "Statement": [statement]},
            },
        }

    return change


def red(principal: str, actions: tuple[str, ...] | str, targets: tuple[str, ...] | str) -> set[tuple[str, str, str]]:
    """Return cases."""
    of_actions = (actions,) if isinstance(actions, str) else actions
    of_targets = (targets,) if isinstance(targets, str) else targets
    return {(principal, action, target) for action in of_actions for target in of_targets}


@dataclass(frozen=True)
class Mutation:
    """A change, and which cases turn red."""

    change: Callable[[Templates], None]
    turned: set[tuple[str, str, str]]


MUTATIONS = {
    "a consumer reads every version": Mutation(
        drop(API, READ, "secretsmanager:VersionStage"), red("api, of web", VERSIONS, "web")
    ),
    "a consumer's key is for every secret": Mutation(
        drop(API, "kms:Decrypt", "kms:EncryptionContext:SecretARN"), red("api, of web", THROUGH, ("orders", "reports"))
    ),
    "a consumer reads every secret of a key": Mutation(
        both(widen(API, READ), drop(API, "kms:Decrypt", "kms:EncryptionContext:SecretARN")),
        red("api, of web", (*CURRENT, THROUGH), ("orders", "reports")),
    ),
    "a consumer reads every secret of every key": Mutation(
        both(
            widen(API, READ),
            widen(API, "kms:Decrypt"),
            drop(API, "kms:Decrypt", "kms:EncryptionContext:SecretARN"),
        ),
        red("api, of web", (*CURRENT, THROUGH), ("orders", "reports", "billing", "invoices")),
    ),
    "a consumer decrypts without Secrets Manager": Mutation(
        drop(CONSOLE, "kms:Decrypt", "kms:ViaService"), red("console, of orders", DIRECTLY, "orders")
    ),
    "the rotation function describes and relabels every secret": Mutation(
        widen(ROTATION, "secretsmanager:DescribeSecret"),
        red("orders: rotation", ("DescribeSecret", "UpdateSecretVersionStage"), ("billing", "invoices")),
    ),
    "the rotation function deletes, retags and stops rotations": Mutation(
        add(
            ROTATION,
            "secretsmanager:PutSecretValue",
            "secretsmanager:DeleteSecret",
            "secretsmanager:TagResource",
            "secretsmanager:CancelRotateSecret",
        ),
        red("orders: rotation", ("DeleteSecret", "TagResource", "CancelRotateSecret"), OF_ORDERS),
    ),
    "the rotation function decrypts without Secrets Manager": Mutation(
        drop(ROTATION, "kms:Decrypt", "kms:ViaService"), red("orders: rotation", DIRECTLY, OF_ORDERS)
    ),
    "the function for users reads every version": Mutation(
        drop(PROVISION, READ, "secretsmanager:VersionStage"), red("orders: provision", VERSIONS, OF_ORDERS)
    ),
    "the probe reads every version": Mutation(
        drop(PROBE, READ, "secretsmanager:VersionStage"), red("orders: probe", VERSIONS, OF_ORDERS)
    ),
    "the framework's function invokes every function": Mutation(
        widen(FRAMEWORK, "lambda:InvokeFunction"),
        red(
            "orders: framework",
            "InvokeFunction",
            (
                "rotation of orders",
                "probe of orders",
                "framework of orders",
                "rotation of billing",
                "provision of billing",
                "probe of billing",
                "framework of billing",
            ),
        ),
    ),
    "the key admits a role that nobody declared": Mutation(
        admit_to_key({"AWS": f"arn:aws:iam::{ACCOUNT}:role/undeclared"}),
        red("undeclared", (DIRECTLY, THROUGH), OF_ORDERS),
    ),
    "the key admits whoever administers secrets": Mutation(
        admit_to_key({"AWS": f"arn:aws:iam::{ACCOUNT}:role/secrets-administrator"}),
        red("secrets-administrator", (*CURRENT, *VERSIONS, "BatchGetSecretValue", DIRECTLY, THROUGH), OF_ORDERS),
    ),
    "a secret admits a role that nobody declared": Mutation(
        admit_to_secret(f"arn:aws:iam::{ACCOUNT}:role/undeclared"),
        red(
            "undeclared",
            (
                "DescribeSecret",
                "ListSecretVersionIds",
                "UpdateSecretVersionStage",
                "RotateSecret",
                "CancelRotateSecret",
                "DeleteSecret",
                "PutResourcePolicy",
                "TagResource",
            ),
            "orders",
        ),
    ),
}


@pytest.fixture(scope="module")
def turned() -> dict[str, set[tuple[str, str, str]]]:
    """Return which cases turn red by each mutation; one run of the simulator for all."""
    accounts = []
    for mutation in MUTATIONS.values():
        templates = copied(proof.templates())
        mutation.change(templates)
        accounts.append(Account(templates))
    answers = verdicts_of(accounts, matrix.cases())
    return {
        name: {(case.principal, case.action, case.target) for case, answer in of_one.items() if answer != case.allowed}
        for name, of_one in zip(MUTATIONS, answers, strict=True)
    }


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_template_turns_the_matrix_red(name: str, turned: dict[str, set[tuple[str, str, str]]]) -> None:
    """Exactly the cases that the change concerns."""
    assert turned[name] == MUTATIONS[name].turned
    assert turned[name]

"""Evaluates the table over a template's policies, by somebody else's simulator of IAM."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.iam.arns import ACCOUNT, REGION, Filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.iam.grid import Case
    from tests.support.templates import Template

_SCRIPT = Path(__file__).with_name("simulate.mjs")
_VIA = f"secretsmanager.{REGION}.amazonaws.com"
_FAMILY = "kms:EncryptionContext:${EncryptionContextKey}"
ROLES = {
    "application": ("orders", "Database/Application"),
    "api": ("orders", "Database/Users/orders/Api"),
    "rotation": ("orders", "Database/RotationFunction/Role"),
    "provision": ("orders", "Database/ProvisionFunction/Role"),
    "framework": ("orders", "Database/ProvisionFunction/ProviderRole"),
    "trail": ("audit", "Trail/Role"),
    "flow_log": ("network", "FlowLogRole"),
}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_STAGES = {"current": "AWSCURRENT", "default": "AWSCURRENT", "previous": "AWSPREVIOUS"}
_ACTIONS = {
    "describe": "DescribeSecret",
    "put": "PutSecretValue",
    "move_label": "UpdateSecretVersionStage",
    "rotate": "RotateSecret",
    "cancel": "CancelRotateSecret",
    "delete": "DeleteSecret",
    "open": "PutResourcePolicy",
    "untag": "UntagResource",
}


@dataclass(frozen=True)
class Request:
    """One question to IAM: an API call may take several, which must all be answered by yes.

    :param action: what is asked for.
    :param resource: on what.
    :param context: condition keys.
    :param policy: the resource's own.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Scene:
    """The environment's templates, and what else is there.

    :param templates: by stack.
    """

    templates: Mapping[str, Template]

    def verdicts(self, cases: Iterable[Case]) -> dict[Case, bool]:
        """Return whether each case is allowed."""
        asked = [(case, request) for case in cases for request in self._requests(case)]
        answers = _ask([self._simulation(case, request) for case, request in asked])
        verdicts: dict[Case, bool] = {}
        for (case, _), answer in zip(asked, answers, strict=True):
            verdicts[case] = verdicts.get(case, True) and answer == "Allowed"
        return verdicts

    def _orders(self) -> Filled:
        return Filled(self.templates["orders"])

    def _secret(self, target: str) -> str:
        if target in ("ledger", "payroll"):
            return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{target}-AbCdEf"
        path = {"master": "Database/Secret", "user": "Database/Users/orders/Secret"}[target]
        return self._orders().arn("AWS::SecretsManager::Secret", path)

    def _key(self, target: str) -> tuple[str, Mapping[str, Any]] | None:
        """Return ARN and policy of the key that encrypts a secret; the account's own asks nobody."""
        if target == "payroll":
            return None
        orders = self._orders()
        return orders.arn("AWS::KMS::Key", "Database/Key"), orders.key_policy("Database/Key")

    def _requests(self, case: Case) -> list[Request]:
        orders, (verb, _, which) = self._orders(), case.attempt.partition(" ")
        if verb == "invoke":
            path = {"rotation": "Database/RotationFunction", "provision": "Database/ProvisionFunction"}[case.target]
            return [Request("lambda:InvokeFunction", orders.arn("AWS::Lambda::Function", path))]
        secret = self._secret(case.target)
        if verb == "decrypt":
            return [self._use_of_key(case.target, "kms:Decrypt")]
        if verb == "read":
            stage = {"secretsmanager:VersionStage": _STAGES[which]} if which in _STAGES else {}
            version = {} if stage else {"secretsmanager:VersionId": "00000000-0000-0000-0000-000000000000"}
            context = {**stage, **version}
            return [
                Request("secretsmanager:GetSecretValue", secret, context),
                *self._key_through_the_service(case.target, "kms:Decrypt"),
            ]
        written = self._key_through_the_service(case.target, "kms:GenerateDataKey") if verb == "put" else []
        return [Request(f"secretsmanager:{_ACTIONS[verb]}", secret), *written]

    def _key_through_the_service(self, target: str, action: str) -> list[Request]:
        return [] if target == "payroll" else [self._use_of_key(target, action, via=_VIA)]

    def _use_of_key(self, target: str, action: str, via: str | None = None) -> Request:
        key = self._key(target)
        assert key is not None
        context = {"kms:EncryptionContext:SecretARN": self._secret(target), "kms:CallerAccount": ACCOUNT}
        return Request(action, key[0], context | ({"kms:ViaService": via} if via else {}), key[1])

    def _principal(self, name: str) -> tuple[str, list[dict[str, Any]]]:
        """Return a role's ARN, and its policies."""
        if name not in ROLES:
            policies = [_EVERYTHING] if name == "admin" else []
            return f"arn:aws:iam::{ACCOUNT}:role/{name}", policies
        part, path = ROLES[name]
        filled = Filled(self.templates[part])
        return filled.arn("AWS::IAM::Role", path), filled.policies(path)

    def _simulation(self, case: Case, request: Request) -> dict[str, Any]:
        arn, policies = self._principal(case.principal)
        return {
            "request": {
                "principal": arn,
                "action": request.action,
                "resource": {"resource": request.resource, "accountId": ACCOUNT},
                "contextVariables": {"aws:PrincipalArn": arn, "aws:PrincipalAccount": ACCOUNT, **request.context},
            },
            "identityPolicies": [{"name": f"policy{n}", "policy": policy} for n, policy in enumerate(policies)],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
            **({"resourcePolicy": request.policy} if request.policy else {}),
        }


def _ask(simulations: list[dict[str, Any]]) -> list[str]:
    # The simulator knows the name under which AWS documents this family of keys, and ignores its members.
    text = json.dumps(simulations).replace("kms:EncryptionContext:SecretARN", _FAMILY)
    finished = subprocess.run(
        ["node", str(_SCRIPT)], input=text, capture_output=True, text=True, check=False, timeout=120
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    answers: list[str] = json.loads(finished.stdout)
    return answers

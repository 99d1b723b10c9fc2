"""Evaluates requests by policies alone, without any cloud: `simulate.mjs`, a program of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Policy = dict[str, Any]

_PROGRAM = Path(__file__).with_name("simulate.mjs")
_SECONDS = 120


@dataclass(frozen=True)
class Request:
    """Something that a principal asks of a service.

    :param principal: ARN of a role.
    :param action: such as `kms:Decrypt`.
    :param resource: ARN, or `*`.
    :param context: condition keys and their values.
    :param identity: the principal's policies.
    :param resource_policy: the resource's own policy, if it has one.
    :param endpoint: the policy of the VPC endpoint in between, if there is one.
    """

    principal: str
    action: str
    resource: str
    context: Mapping[str, str]
    identity: Sequence[Policy]
    resource_policy: Policy | None = None
    endpoint: Policy | None = None

    def simulation(self) -> dict[str, Any]:
        """Return it as the simulator takes it."""
        account = self.principal.split(":")[4]
        owner = self.resource.split(":")[4] if self.resource.startswith("arn:") else account
        about_caller = {"aws:PrincipalArn": self.principal, "aws:PrincipalAccount": account}
        simulation: dict[str, Any] = {
            "request": {
                "principal": self.principal,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": owner},
                "contextVariables": {**about_caller, **self.context},
            },
            "identityPolicies": _named(self.identity),
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        if self.resource_policy is not None:
            simulation["resourcePolicy"] = self.resource_policy
        if self.endpoint is not None:
            simulation["vpcEndpointPolicies"] = _named([self.endpoint])
        return simulation


def simulate(requests: Iterable[Request]) -> list[bool]:
    """Return which requests are allowed; equal ones are evaluated once."""
    texts = [json.dumps(request.simulation(), sort_keys=True) for request in requests]
    distinct = list(dict.fromkeys(texts))
    finished = subprocess.run(
        ["node", str(_PROGRAM)],
        input=f"[{','.join(distinct)}]",
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    verdicts = dict(zip(distinct, json.loads(finished.stdout), strict=True))
    return [verdicts[text] == "Allowed" for text in texts]


def _named(policies: Iterable[Policy]) -> list[dict[str, Any]]:
    return [{"name": f"policy{number}", "policy": policy} for number, policy in enumerate(policies)]

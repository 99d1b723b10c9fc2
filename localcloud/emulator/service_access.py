"""What policies of resources and roles say about AWS services, which the emulator itself plays."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam

from localcloud.emulator import patches

_evaluate = patches.expect(
    iam_evaluator, "evaluate_resource_policy", "(doc, ctx, service=None, named_only=False, direct_only=False)"
)


def on_behalf_of(resource_arn: str) -> dict[str, str]:
    """Return the condition keys of a call which a service makes for a resource of this account."""
    return {"aws:sourceaccount": get_account_id(), "aws:sourcearn": resource_arn}


def admits(policy: str, service: str, action: str, resource_arn: str, context: dict[str, str]) -> bool:
    """Whether a resource's policy lets a service do something.

    :param service: its principal, such as `events.amazonaws.com`.
    :param context: condition keys in lower case, and their values.
    """
    request = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
        secure_transport=True,
        service_context=context,
    )
    return bool(_evaluate(policy, request, service=service).decision == "Allow")


def may_assume(service: str, role_arn: str, for_arn: str) -> bool:
    """Whether a service may act in a role, which exists in this account, for a resource."""
    role: dict[str, Any] | None = iam._roles.get(role_arn.rpartition("/")[2])  # noqa: SLF001  # no public accessor
    if role is None or role["Arn"] != role_arn:
        return False
    return admits(
        _with_resource(role["AssumeRolePolicyDocument"]), service, "sts:AssumeRole", role_arn, on_behalf_of(for_arn)
    )


def _with_resource(trust_policy: Any) -> str:
    """Return a trust policy as the policy of a resource, whose statements name what they are about."""
    document = json.loads(trust_policy) if isinstance(trust_policy, str) else trust_policy
    statements = document.get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    return json.dumps({**document, "Statement": [{**statement, "Resource": "*"} for statement in statements]})

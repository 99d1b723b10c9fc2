"""The role in which a function runs.

- Lambda assumes it for the function: a role that does not exist, or whose trust policy does not admit
  lambda.amazonaws.com for this account and function (aws:SourceAccount, aws:SourceArn), fails the function's creation
  and, when the policy was changed later, its start ("Defining Lambda function permissions with an execution role").
- A function in a VPC needs a role that may make network interfaces ("Giving Lambda functions access to resources in an
  Amazon VPC"), which Lambda checks before it takes the function.
- Calls with a function's credentials carry lambda:SourceFunctionArn ("Using source function ARN to control function
  access behavior"); Lambda's own calls for the network do not.

ministack gives every function a session of any role, asks for no permission and sets no such key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, iam, lambda_svc, sts
from ministack.services.cloudformation import provisioners

from localcloud.emulator import patches, service_access
from localcloud.emulator.functions.worker import RoleNotAssumedError
from localcloud.emulator.hooks import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_KIND, _SERVICE = "AWS::Lambda::Function", "lambda.amazonaws.com"
_NOT_ASSUMED = "The role defined for the function cannot be assumed by Lambda."
_SOURCE_FUNCTION = "lambda:sourcefunctionarn"

_policies_of = patches.expect(iam_evaluator, "_gather_role_policies", "(role_name, account_id)")
_boundary_of = patches.expect(iam_evaluator, "_permissions_boundary", "(store, name, account_id)")
_evaluate = patches.expect(iam_evaluator, "evaluate", "(ctx, policies, *limits)")
_delete_function = patches.expect(provisioners, "_lambda_delete", "(physical_id, props)")


def install(_: Emulator) -> None:
    """Ask the role's policies when a function is made and started."""
    patches.require(ec2, "_security_groups", "_subnets")
    patches.require(iam, "_roles")
    patches.require(sts, "_sessions")
    patches.replace(lambda_runtime, "execution_credentials", "(config)", _credentials)
    patches.replace(iam_evaluator, "_principal_keys", "(credential)", _principal_keys)
    update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
    cloudformation.wrap(_KIND, "create", "(logical_id, props, stack_name)", _create)
    cloudformation.wrap(_KIND, "update", update_signature, _update)


def _credentials(original: Callable[..., dict[str, str]], config: dict[str, Any]) -> dict[str, str]:
    if not service_access.may_assume(_SERVICE, config["Role"], config["FunctionArn"]):
        raise RoleNotAssumedError(_NOT_ASSUMED)
    keys = original(config)
    unqualified = ":".join(config["FunctionArn"].split(":")[:7])
    sts._sessions[keys["AWS_ACCESS_KEY_ID"]]["FunctionArn"] = unqualified
    return keys


def _principal_keys(original: Callable[..., dict[str, Any]], credential: Any) -> dict[str, Any]:
    session = sts._sessions.get(credential.access_key_id) or {}
    own = {_SOURCE_FUNCTION: session["FunctionArn"]} if "FunctionArn" in session else {}
    return original(credential) | own


def _create(original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
    physical_id, attributes = original(logical_id, props, stack_name)
    try:
        _check(attributes["Arn"], props)
    except ValueError:
        _delete_function(physical_id, props)
        raise
    return physical_id, attributes


def _update(
    original: Callable[..., Created], physical_id: str, old: Properties, new: Properties, *names: Any
) -> Created:
    function = lambda_svc._functions.get(physical_id)
    if function is not None:
        _check(function["config"]["FunctionArn"], new)
    return original(physical_id, old, new, *names)


def _check(function_arn: str, props: Properties) -> None:
    if not service_access.may_assume(_SERVICE, props["Role"], function_arn):
        raise ValueError(_NOT_ASSUMED)
    network = props.get("VpcConfig") or {}
    if network.get("SubnetIds"):
        _check_network(network)
        _check_interfaces(props["Role"].rpartition("/")[2], network)


def _check_network(network: Properties) -> None:
    for identifiers, kind, known in (
        (network["SubnetIds"], "subnet", ec2._subnets),
        (network.get("SecurityGroupIds") or [], "security group", ec2._security_groups),
    ):
        for identifier in identifiers:
            if identifier not in known:
                raise ValueError(f"The {kind} ID {identifier!r} does not exist.")


def _check_interfaces(role: str, network: Properties) -> None:
    prefix = f"arn:aws:ec2:{get_region()}:{get_account_id()}"
    used = [f"{prefix}:network-interface/*"]
    used += [f"{prefix}:subnet/{subnet}" for subnet in network["SubnetIds"]]
    used += [f"{prefix}:security-group/{group}" for group in network.get("SecurityGroupIds") or []]
    needs = {"CreateNetworkInterface": used, "DescribeNetworkInterfaces": ["*"], "DeleteNetworkInterface": used[:1]}
    for action, resources in needs.items():
        if not all(_may(role, f"ec2:{action}", resource) for resource in resources):
            raise ValueError(f"The provided execution role does not have permissions to call {action} on EC2")


def _may(role: str, action: str, resource_arn: str) -> bool:
    """Whether a role's policies allow an action which Lambda itself takes in its name."""
    account = get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/lambda",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
        secure_transport=True,
    )
    limits = _boundary_of(iam._roles, role, account)
    return bool(_evaluate(context, _policies_of(role, account), *limits).decision == "Allow")

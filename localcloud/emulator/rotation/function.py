"""Invoking a rotation function as Secrets Manager does: by its service principal, in the function's own role."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import lambda_svc

from localcloud.emulator import patches, service_access
from localcloud.emulator.answers import ServiceError

_PRINCIPAL = "secretsmanager.amazonaws.com"

_find = patches.expect(lambda_svc, "_get_func_record_for_ref", "(function_ref)")
_record_for = patches.expect(lambda_svc, "_execution_record_for_config", "(func, config)")
_policy = patches.expect(lambda_svc, "function_policy_for_arn", "(resource_arn)")


def require_permission(function_arn: str, secret_arn: str) -> None:
    """Check that Secrets Manager may invoke a function for a secret.

    :raises ServiceError: there is no such function, or its resource policy does not admit the service for this secret.
    """
    policy = _policy(function_arn)
    if policy is None:
        raise ServiceError("ResourceNotFoundException", f"The rotation function {function_arn} does not exist.")
    context = service_access.on_behalf_of(secret_arn)
    if not service_access.admits(policy[0], _PRINCIPAL, "lambda:InvokeFunction", function_arn, context):
        raise ServiceError(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            f"access to the principal {_PRINCIPAL}.",
        )


def invoke(function_arn: str, secret_arn: str, payload: dict[str, Any]) -> str | None:
    """Run the function once and return what went wrong, None when nothing did."""
    try:
        require_permission(function_arn, secret_arn)
    except ServiceError as error:
        return f"{error.code}: {error}"
    record, config, _ = _find(function_arn)
    # Looked up at the call, not at import: the hooks of Lambda replace parts of it.
    result = lambda_svc._execute_function_with_config_scope(_record_for(record, config), payload)  # noqa: SLF001
    return _error(result.get("body")) if result.get("error") or result.get("throttle") else None


def _error(body: Any) -> str:
    document = json.loads(body) if isinstance(body, str | bytes) else body
    if not isinstance(document, dict):
        return "The function failed without an error document."
    return f"{document.get('errorType', 'Error')}: {document.get('errorMessage', document.get('message', ''))}"

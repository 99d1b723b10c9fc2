"""How a secret may be named in a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_secretsmanager as secretsmanager

if TYPE_CHECKING:
    from constructs import IConstruct

_LONGEST_NAME = 512  # "Quotas" in the Secrets Manager User Guide


def made_secret(secret: secretsmanager.ISecret) -> secretsmanager.ISecret:
    """Return the secret that an attachment stands for."""
    scope: IConstruct | None = secret.node.scope
    attached = isinstance(secret, secretsmanager.SecretTargetAttachment) and scope is not None
    return scope if attached else secret  # type: ignore[return-value]  # an attachment is made below its secret


def name_of(secret: secretsmanager.ISecret) -> str:
    """Return the name of a secret."""
    return made_secret(secret).secret_name


def longest_name_of(secret: secretsmanager.ISecret) -> int:
    """Return how many characters the name of a secret has at most."""
    resource = made_secret(secret).node.default_child
    if not isinstance(resource, secretsmanager.CfnSecret):
        return _LONGEST_NAME
    stack = Stack.of(resource)
    # CloudFormation names it after its logical id, with a hyphen and 12 random characters.
    return len(stack.resolve(stack.get_logical_id(resource))) + 13


def partial_arn_of(secret: secretsmanager.ISecret) -> str:
    """Return the ARN of a secret without the random characters at its end, which a request may leave out."""
    return Stack.of(secret).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=name_of(secret),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )

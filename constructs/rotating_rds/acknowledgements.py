"""Findings that are right by the book and accepted here, each with its reason, where they are caused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from constructs import IConstruct

AWS_SOLUTIONS = "AwsSolutions::AwsSolutions-"
NIST = "NIST.800.53.R5::NIST.800.53.R5-"
_INLINE_POLICIES = "_rotating_rds_accepts_inline_policies"


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Accept *finding* of a validation on *scope* and below; adopters see it, with the reason, in their report.

    :param finding: rule as the report names it, such as `AwsSolutions::AwsSolutions-IAM5[Resource::*]`.
    :param reason: what an auditor needs to know, in a sentence.
    """
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_inline_policies(scope: IConstruct) -> None:
    """Accept the inline policies of the roles on *scope* and below, unless that was done further up."""
    if any(hasattr(above, _INLINE_POLICIES) for above in scope.node.scopes):
        return
    setattr(scope, _INLINE_POLICIES, True)
    acknowledge(
        scope,
        f"{NIST}IAMNoInlinePolicy",
        "The policy of each role names the resources of that one role: inline, it can be attached to no other "
        "principal, and it goes with its role.",
    )

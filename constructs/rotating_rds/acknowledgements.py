"""Findings that are right by the book and accepted here, each with its reason, where they are caused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from constructs import IConstruct

AWS_SOLUTIONS = "AwsSolutions::AwsSolutions-"
NIST = "NIST.800.53.R5::NIST.800.53.R5-"
_ACCEPTED = "_rotating_rds_accepts"


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Accept *finding* of a validation on *scope* and below; adopters see it, with the reason, in their report.

    :param finding: rule as the report names it, such as `AwsSolutions::AwsSolutions-IAM5[Resource::*]`.
    :param reason: what an auditor needs to know, in a sentence.
    """
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_inline_policies(scope: IConstruct) -> None:
    """Accept the inline policies of the roles on *scope* and below, unless that was done further up."""
    _acknowledge_once(
        scope,
        f"{NIST}IAMNoInlinePolicy",
        "The policy of each role names the resources of that one role: inline, it can be attached to no other "
        "principal, and it goes with its role.",
    )


def acknowledge_missing_queues(scope: IConstruct) -> None:
    """Accept functions without a dead-letter queue on *scope* and below, unless that was done further up."""
    _acknowledge_once(
        scope,
        f"{NIST}LambdaDLQ",
        "No event is left over for a queue: Secrets Manager repeats a rotation that failed, CloudFormation rolls a "
        "deployment back, and an examination that was lost is made up for by the next one, whose absence alarms.",
    )


def _acknowledge_once(scope: IConstruct, finding: str, reason: str) -> None:
    if any(finding in getattr(above, _ACCEPTED, ()) for above in scope.node.scopes):
        return
    setattr(scope, _ACCEPTED, {*getattr(scope, _ACCEPTED, ()), finding})
    acknowledge(scope, finding, reason)

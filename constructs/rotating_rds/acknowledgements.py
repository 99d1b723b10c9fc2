"""Findings that are right by the book and accepted here, each with its reason, where they are caused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from constructs import IConstruct


def acknowledge(scope: IConstruct, finding: str, reason: str) -> None:
    """Accept *finding* of a validation on *scope* and below; adopters see it, with the reason, in their report.

    :param finding: rule as the report names it, such as `AwsSolutions::AwsSolutions-IAM5[Resource::*]`.
    :param reason: what an auditor needs to know, in a sentence.
    """
    Validations.of(scope).acknowledge(Acknowledgment(id=finding, reason=reason))

"""Where functions write, by names that are known before anything is deployed."""

from __future__ import annotations

from aws_cdk import RemovalPolicy


def log_group_prefix(owner: str) -> str:
    """Return how the names of log groups of functions begin.

    :param owner: the id of the database, or the name of the stack whose databases share them.
    """
    return f"/rotating-rds/{owner}"


def kept_unless_rolled_back(policy: RemovalPolicy) -> RemovalPolicy:
    """Return the policy of a log group with a name of its own.

    One that a failed deployment leaves behind would stand in the way of the next attempt ("DeletionPolicy attribute",
    RetainExceptOnCreate, in the CloudFormation User Guide).
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if policy is RemovalPolicy.RETAIN else policy

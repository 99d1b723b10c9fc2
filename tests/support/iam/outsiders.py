"""Principals that no environment declares, and what their own policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.iam.account import ACCOUNT, Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.iam.simulator import Policy


def _allow(*actions: str) -> Policy:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}


# Whoever administers secrets without rights on keys reads nothing; an administrator of everything does, which is what
# `restrict_reads` is for.
POLICIES: Mapping[str, list[Policy]] = {
    "undeclared": [],
    "secrets-administrator": [_allow("secretsmanager:*")],
    "administrator": [_allow("*")],
}
ROLES = {name: Role(f"arn:aws:iam::{ACCOUNT}:role/{name}", policies) for name, policies in POLICIES.items()}

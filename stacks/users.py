"""Users and consumers, from their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from rotating_rds import Access
from stacks.computes import COMPUTES
from stacks.key_path import refusals_name
from stacks.rotations import user_rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotating_rds import DatabaseUser, RotatingCluster, RotatingDatabase
    from stacks.network import DatabaseNetwork
    from stacks.tables import Consumer, User

_LEVELS: Mapping[str, Callable[..., Access]] = {
    "read_only": Access.read_only,
    "read_write": Access.read_write,
    "ddl": Access.ddl,
}
_REMOVALS = {"drop": RemovalPolicy.DESTROY, "retain": RemovalPolicy.RETAIN}


def add_user(database: RotatingDatabase | RotatingCluster, key: str, wanted: User) -> DatabaseUser:
    """Declare a user.

    :param key: of its table, as messages name it.
    """
    with refusals_name(key):
        return database.add_user(
            wanted.name,
            access=access(wanted),
            rotation=user_rotation(wanted.rotation),
            removal_policy=_REMOVALS[wanted.removal] if wanted.removal else None,
        )


def access(wanted: User) -> Access:
    """Return what a user may do; to read and write the database's own schema if the table says nothing of it."""
    parts = [_LEVELS[level](schema) for schema, level in wanted.schemas.items()]
    if wanted.statements:
        parts.append(Access.statements(wanted.statements))
    own = wanted.access or (None if parts else "read_write")
    whole = _LEVELS[own]() if own else Access()
    for part in parts:
        whole = whole.and_(part)
    return whole


def add_consumer(
    owner: RotatingDatabase | RotatingCluster | DatabaseUser,
    key: str,
    wanted: Consumer,
    *,
    database: RotatingDatabase | RotatingCluster,
    network: DatabaseNetwork,
) -> iam.IRole:
    """Declare who reads a credential, and from where.

    :param owner: whose credential it is.
    :param key: of its table, as messages name it.
    """
    why = f"Consumer {wanted.name}"
    for group in map(ec2.Peer.security_group_id, wanted.security_groups):
        database.connections.allow_default_port_from(group, why)
        network.admit_to_endpoint(group, why)
    name = construct_id(wanted.name)
    with refusals_name(key):
        if wanted.compute is not None:
            return owner.add_consumer(name, COMPUTES[wanted.compute].make(**wanted.compute_keys))
        role = iam.Role.from_role_arn(owner, name, str(wanted.role))
        owner.grants.read_secret(role)
        return role


def construct_id(name: str) -> str:
    """Return a name as constructs and outputs have it: `orders-api` as `OrdersApi`."""
    return "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))

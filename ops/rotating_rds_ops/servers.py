"""The database servers that credentials belong to, as the RDS API knows them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_ops.aws import Aws
    from rotating_rds_ops.credentials import Credential

_POLL_SECONDS = 2.0
_AVAILABLE = "available"


@dataclass(frozen=True)
class Server:
    """An instance, or a cluster with its instances.

    :param instances: identifiers of the instances that hold sessions, read replicas of an instance among them.
    :param master: the master user's name.
    """

    identifier: str
    is_cluster: bool
    status: str
    engine: str
    host: str
    port: int
    database: str | None
    master: str
    instances: tuple[str, ...]

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped it."""
        return self.status == "stopped"

    def value(self, password: str) -> dict[str, Any]:
        """Return what the master's secret has to hold, by the keys of AWS::SecretsManager::SecretTargetAttachment."""
        kind = "dbClusterIdentifier" if self.is_cluster else "dbInstanceIdentifier"
        return {
            "engine": self.engine,
            "host": self.host,
            "port": self.port,
            **({"dbname": self.database} if self.database else {}),
            kind: self.identifier,
            "username": self.master,
            "password": password,
        }


def server_of(aws: Aws, credential: Credential) -> Server | None:
    """Return the server whose identifier is the database of a credential; None if there is none."""
    try:
        found = aws.databases.describe_db_instances(DBInstanceIdentifier=credential.database)["DBInstances"]
    except aws.databases.exceptions.DBInstanceNotFoundFault:
        return _cluster_of(aws, credential)
    return _instance(found[0]) if found else _cluster_of(aws, credential)


def start(aws: Aws, server: Server, *, seconds: float) -> None:
    """Start a server, and wait until it answers."""
    if server.is_cluster:
        aws.databases.start_db_cluster(DBClusterIdentifier=server.identifier)
    else:
        aws.databases.start_db_instance(DBInstanceIdentifier=server.identifier)
    _wait(aws, server.instances, seconds)


def restart(aws: Aws, server: Server, *, seconds: float) -> None:
    """Restart every instance of a server, which ends all sessions, and wait until they answer."""
    for instance in server.instances:
        aws.databases.reboot_db_instance(DBInstanceIdentifier=instance)
    _wait(aws, server.instances, seconds)


def set_master_password(aws: Aws, server: Server, password: str) -> None:
    """Have RDS give the master user a password; it may take RDS a minute to do so."""
    if server.is_cluster:
        aws.databases.modify_db_cluster(
            DBClusterIdentifier=server.identifier, MasterUserPassword=password, ApplyImmediately=True
        )
    else:
        aws.databases.modify_db_instance(
            DBInstanceIdentifier=server.identifier, MasterUserPassword=password, ApplyImmediately=True
        )


def wait_until(condition: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
    """Look again and again.

    :raises OperationError: with the sentence, if it does not come true in time.
    """
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            raise OperationError(otherwise)
        time.sleep(_POLL_SECONDS)


def _wait(aws: Aws, instances: tuple[str, ...], seconds: float) -> None:
    for instance in instances:

        def available(name: str = instance) -> bool:
            (found,) = aws.databases.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
            return found["DBInstanceStatus"] == _AVAILABLE

        wait_until(
            available,
            seconds=seconds,
            otherwise=f"{instance} is not available after {seconds:g} seconds: see its events, then repeat.",
        )


def _instance(told: Any) -> Server:
    return Server(
        identifier=told["DBInstanceIdentifier"],
        is_cluster=False,
        status=told["DBInstanceStatus"],
        engine=told["Engine"],
        host=told.get("Endpoint", {}).get("Address", ""),
        port=told.get("Endpoint", {}).get("Port", 0),
        database=told.get("DBName"),
        master=told["MasterUsername"],
        instances=(told["DBInstanceIdentifier"], *told.get("ReadReplicaDBInstanceIdentifiers", [])),
    )


def _cluster_of(aws: Aws, credential: Credential) -> Server | None:
    try:
        found = aws.databases.describe_db_clusters(DBClusterIdentifier=credential.database)["DBClusters"]
    except aws.databases.exceptions.DBClusterNotFoundFault:
        return None
    if not found:
        return None
    told: Any = found[0]
    return Server(
        identifier=told["DBClusterIdentifier"],
        is_cluster=True,
        status=told["Status"],
        engine=told["Engine"],
        host=told.get("Endpoint", ""),
        port=told.get("Port", 0),
        database=told.get("DatabaseName"),
        master=told["MasterUsername"],
        instances=tuple(member["DBInstanceIdentifier"] for member in told.get("DBClusterMembers", [])),
    )

"""`AWS::RDS::DBInstance` with a real server behind it.

ministack only keeps the record of an instance that CloudFormation creates. Here a server is started on this machine:
the endpoint is where it listens, the master's password is the server's, deleting removes it. Source: CloudFormation's
resource reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from localcloud.databases import DatabaseServerError
from localcloud.emulator import engine_versions, patches
from localcloud.emulator.databases import DatabaseError
from localcloud.emulator.hooks import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.databases import Databases
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

_KIND = "AWS::RDS::DBInstance"

_attributes = patches.expect(provisioners, "_rds_db_instance_attrs", "(instance)")
_resolve = patches.expect(rds, "_resolve_instance", "(db_id)")


def install(emulator: Emulator) -> None:
    """Put the servers behind the instances."""
    patches.require(rds, "_instances")
    _Resource(emulator.databases).install()


class _Resource:
    """The CloudFormation resource."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    def install(self) -> None:
        cloudformation.run_in_thread(_KIND)
        update_signature = "(physical_id, old_props, new_props, stack_name, logical_id=None)"
        cloudformation.wrap(_KIND, "create", "(logical_id, props, stack_name)", self._create)
        cloudformation.wrap(_KIND, "update", update_signature, self._update)
        cloudformation.wrap(_KIND, "delete", "(physical_id, props)", self._delete)

    def _create(self, original: Callable[..., Created], logical_id: str, props: Properties, stack_name: str) -> Created:
        _refuse_unusable(props)
        _check_version(props)
        identifier, _ = original(logical_id, props, stack_name)
        instance = rds._instances[identifier]
        try:
            database = self._databases.create(
                identifier,
                engine=instance["Engine"],
                username=instance["MasterUsername"],
                password=instance.pop("_MasterUserPassword"),
                name=props.get("DBName"),
            )
        except (DatabaseError, DatabaseServerError) as error:
            rds._instances.pop(identifier, None)
            raise ValueError(str(error)) from error
        # RDS makes no database of its own when none is named; ministack invents one.
        instance["DBName"] = props.get("DBName", "")
        instance["Endpoint"] |= {"Address": database.server.host, "Port": database.server.port}
        return identifier, _attributes(instance)

    def _update(
        self,
        original: Callable[..., Created],
        physical_id: str,
        old_props: Properties,
        new_props: Properties,
        *names: Any,
    ) -> Created:
        _check_version(new_props)
        # The port of a server here is whichever was free, so that a changed Port moves nothing.
        kept = {"Port": old_props["Port"]} if "Port" in old_props else {}
        changed = {key: value for key, value in new_props.items() if key != "Port"} | kept
        identifier, attributes = original(physical_id, old_props, changed, *names)
        rds._instances[identifier].pop("_MasterUserPassword", None)
        password = new_props["MasterUserPassword"]
        if identifier == physical_id and password != old_props["MasterUserPassword"]:
            self._databases.get(identifier).server.set_master_password(password)
        return identifier, attributes

    def _delete(self, original: Callable[..., None], physical_id: str, props: Properties) -> None:
        instance = rds._instances.get(physical_id)
        if instance is not None and instance.get("DeletionProtection"):
            raise ValueError(
                f"Cannot delete protected DB instance {physical_id}: deploy it without DeletionProtection first."
            )
        original(physical_id, props)
        self._databases.destroy(physical_id)


def _check_version(props: Properties) -> None:
    try:
        engine_versions.check(props["Engine"], props.get("EngineVersion"))
    except (engine_versions.EngineVersionError, DatabaseServerError) as error:
        raise ValueError(str(error)) from error


def _refuse_unusable(props: Properties) -> None:
    if provisioners._cfn_bool(props.get("ManageMasterUserPassword", False)):
        raise ValueError("ManageMasterUserPassword is not played by the local cloud: give MasterUserPassword.")
    missing = [name for name in ("MasterUsername", "MasterUserPassword") if not props.get(name)]
    if missing:
        raise ValueError(f"The DB instance needs {' and '.join(missing)}.")
    identifier = props.get("DBInstanceIdentifier")
    if identifier and _resolve(identifier) is not None:
        raise ValueError(f"A DB instance with the identifier {identifier} already exists.")

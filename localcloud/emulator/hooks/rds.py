"""DB instances with real servers behind them.

ministack keeps the record of an instance, or starts a container. Here a server is started on this machine: the endpoint
is where it listens, the master's password is the server's, stopping and deleting mean what they say. Source: the API
reference of CreateDBInstance, ModifyDBInstance, StopDBInstance, StartDBInstance and DeleteDBInstance, and
`AWS::RDS::DBInstance` in CloudFormation's resource reference.

Instances come from CloudFormation; CreateDBInstance by the API is refused, for no user of the local cloud needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from localcloud.databases import DatabaseServerError
from localcloud.emulator import patches
from localcloud.emulator.databases import DatabaseError
from localcloud.emulator.hooks import cloudformation

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.databases import Databases
    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

    Handler = Callable[[dict[str, Any]], Answer]

_KIND = "AWS::RDS::DBInstance"
_OK = 200

_attributes = patches.expect(provisioners, "_rds_db_instance_attrs", "(instance)")
_error = patches.expect(rds, "_error", "(code, message, status)")
_parameter = patches.expect(rds, "_p", "(params, key, default='')")
_resolve = patches.expect(rds, "_resolve_instance", "(db_id)")


def install(emulator: Emulator) -> None:
    """Put the servers behind the instances."""
    _Resource(emulator.databases).install()
    _Api(emulator.databases).install()


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


def _refuse_unusable(props: Properties) -> None:
    if provisioners._cfn_bool(props.get("ManageMasterUserPassword", False)):
        raise ValueError("ManageMasterUserPassword is not played by the local cloud: give MasterUserPassword.")
    missing = [name for name in ("MasterUsername", "MasterUserPassword") if not props.get(name)]
    if missing:
        raise ValueError(f"The DB instance needs {' and '.join(missing)}.")
    identifier = props.get("DBInstanceIdentifier")
    if identifier and _resolve(identifier) is not None:
        raise ValueError(f"A DB instance with the identifier {identifier} already exists.")


class _Api:
    """The operations of the RDS API that reach the server."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    def install(self) -> None:
        patches.replace(rds, "_create_db_instance", "(p)", _refuse_create)
        patches.replace(rds, "_delete_db_instance", "(p)", self._delete)
        patches.replace(rds, "_rotate_instance_password", "(instance, old_pass, new_pass)", self._set_password)
        patches.replace(rds, "_describe_db_instances", "(p)", self._describe)
        patches.replace(rds, "_stop_db_instance", "(p)", self._in_state("available", "stop"))
        patches.replace(rds, "_start_db_instance", "(p)", self._in_state("stopped", "start"))
        patches.replace(rds, "_begin_instance_reboot", "(p)", self._reboot)

    def _set_password(self, _: Callable[..., None], instance: dict[str, Any], _old: str, new_pass: str) -> None:
        self._databases.get(instance["DBInstanceIdentifier"]).server.set_master_password(new_pass)
        instance.pop("_MasterUserPassword", None)

    def _delete(self, original: Handler, p: dict[str, Any]) -> Answer:
        instance = _resolve(_parameter(p, "DBInstanceIdentifier"))
        answer = original(p)
        if answer[0] == _OK and instance is not None:
            self._databases.destroy(instance["DBInstanceIdentifier"])
        return answer

    def _describe(self, original: Handler, p: dict[str, Any]) -> Answer:
        """Tell the state of the servers, which tests stop and kill behind the API's back."""
        for database in self._databases.all():
            instance = _resolve(database.identifier)
            if instance is not None and instance["DBInstanceStatus"] in {"available", "stopped"}:
                instance["DBInstanceStatus"] = "stopped" if database.server.pid is None else "available"
        return original(p)

    def _in_state(self, state: str, action: str) -> Callable[[Handler, dict[str, Any]], Answer]:
        def handler(original: Handler, p: dict[str, Any]) -> Answer:
            instance = _resolve(_parameter(p, "DBInstanceIdentifier"))
            if instance is not None and instance["DBInstanceStatus"] != state:
                message = f"Instance {instance['DBInstanceIdentifier']} is not in {state} state."
                return _error("InvalidDBInstanceState", message, 400)  # type: ignore[no-any-return]
            if instance is not None:
                getattr(self._databases.get(instance["DBInstanceIdentifier"]).server, action)()
            return original(p)

        return handler

    def _reboot(self, original: Callable[..., Any], p: dict[str, Any]) -> Any:
        instance = _resolve(_parameter(p, "DBInstanceIdentifier"))
        if instance is not None:
            server = self._databases.get(instance["DBInstanceIdentifier"]).server
            server.stop()
            server.start()
        return original(p)


def _refuse_create(_: Handler, _p: dict[str, Any]) -> Answer:
    message = "The local cloud creates DB instances by CloudFormation alone: deploy a stack."
    return _error("InvalidParameterCombination", message, 400)  # type: ignore[no-any-return]

"""Operations of the RDS API that reach the server behind a DB instance.

Source: the API reference of ModifyDBInstance, StopDBInstance, StartDBInstance, RebootDBInstance and DeleteDBInstance.
Instances come from CloudFormation; CreateDBInstance is refused, for nobody needs it here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ministack.services import rds

from localcloud.emulator import patches
from localcloud.emulator.hooks import server_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.databases import Databases
    from localcloud.emulator.emulator import Emulator

    Handler = Callable[[dict[str, Any]], Answer]

_OK = 200
_NO_STANDBY = (
    "ForceFailover cannot be specified since the instance is not configured for either MultiAZ or High Availability"
)

_error = patches.expect(rds, "_error", "(code, message, status)")
_parameter = patches.expect(rds, "_p", "(params, key, default='')")
_resolve = patches.expect(rds, "_resolve_instance", "(db_id)")


def install(emulator: Emulator) -> None:
    """Put the servers behind the operations."""
    _Api(emulator.databases).install()


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
        instance, fails_over = _resolve(_parameter(p, "DBInstanceIdentifier")), _parameter(p, "ForceFailover") == "true"
        if instance is None or instance["DBInstanceStatus"] != "available":
            return original(p)
        if fails_over and not instance["MultiAZ"]:
            return _error("InvalidParameterCombination", _NO_STANDBY, 400)
        server = self._databases.get(instance["DBInstanceIdentifier"]).server
        if fails_over:
            _hand_over(instance)
            server.kill()  # nobody asks a primary that is to fail; what it committed, the standby has
        else:
            server.stop()
        try:
            server.start()
            answer = original(p)
        except BaseException:
            instance.pop("_FailingOver", None)
            raise
        if answer[0] != HTTPStatus.OK:
            instance.pop("_FailingOver", None)
        return answer


def _hand_over(instance: dict[str, Any]) -> None:
    """Let the standby be in the other zone."""
    zone = instance["AvailabilityZone"]
    instance |= {"AvailabilityZone": zone[:-1] + ("b" if zone.endswith("a") else "a"), "_FailingOver": True}
    server_events.FAILOVER_STARTED.tell(instance)


def _refuse_create(_: Handler, _p: dict[str, Any]) -> Answer:
    message = "The local cloud creates DB instances by CloudFormation alone: deploy a stack."
    return _error("InvalidParameterCombination", message, 400)  # type: ignore[no-any-return]

"""Ports that a user chose: whether the local cloud can have them."""

from __future__ import annotations

from localcloud.databases.ports import is_free
from localcloud.errors import LocalCloudError
from localcloud.processes import listener_on

_LAST_PORT = 65535


def check_ports(*, gateway: int, control: int) -> None:
    """Check that the local cloud can listen on both of its ports.

    :raises LocalCloudError: a port is no port, taken, or named twice; the message names the port and who has it.
    """
    if gateway == control:
        raise LocalCloudError(f"The gateway and the control API cannot both have port {gateway}: choose two ports.")
    for name, port, remedy in (
        ("gateway", gateway, "--port or LOCALCLOUD_PORT"),
        ("control API", control, "--control-port or LOCALCLOUD_CONTROL_PORT"),
    ):
        if not 1 <= port <= _LAST_PORT:
            raise LocalCloudError(f"{port} is no port for the {name}: choose one from 1 to {_LAST_PORT} by {remedy}.")
        if not is_free(port):
            holder = listener_on(port) or "another process"
            raise LocalCloudError(
                f"Port {port} of the {name} is taken by {holder}: end it, or choose another port by {remedy}."
            )

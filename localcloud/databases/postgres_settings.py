"""PostgreSQL's configuration files, written the way RDS runs it where that is visible from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.databases.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST_BASED_AUTHENTICATION = """\
# rds.force_ssl=1: everybody by TLS and SCRAM, nobody by plaintext, trust or a local socket.
hostssl all all 127.0.0.1/32 scram-sha-256
"""

_FIXED = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # no socket, hence no limit on the length of the folder's path
    "ssl": "on",
    "ssl_cert_file": "server.crt",
    "ssl_key_file": "server.key",
    "ssl_min_protocol_version": "TLSv1.2",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_timezone": "UTC",
    # The data need not survive the machine, but what was committed survives the death of the server, as on RDS: hence
    # `synchronous_commit` stays on.
    "fsync": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that a killed server leaves nothing in /dev/shm
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
}


def server_settings(port: int, parameters: Mapping[str, str]) -> str:
    """Return what postgresql.conf has to say.

    :param port: the port to listen on.
    :param parameters: settings of the caller, which win over the defaults; names as in PostgreSQL's manual.
    """
    settings = {**_FIXED, **parameters, "port": str(port)}
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

"""Servers that misbehave in one way each, on free ports of the loopback interface."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.databases import Authority

TLS_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client of PostgreSQL sends first when it wants TLS."""

_ALL_BUT_TLS = 0xFFFFFFFF & ~0x800
_GREETING = b"".join(
    (
        b"\x0a8.0.36\0" + bytes(4) + b"saltsalt\0",
        struct.pack("<HBHHB", _ALL_BUT_TLS & 0xFFFF, 45, 2, _ALL_BUT_TLS >> 16, 21) + bytes(10),
        b"saltsaltsalt\0caching_sha2_password\0",
    )
)
MYSQL_WITHOUT_TLS = struct.pack("<I", len(_GREETING)) + _GREETING
"""What a server of MySQL that has no TLS says first."""

POSTGRES_WITHOUT_TLS = b"N"
"""What a server of PostgreSQL that has no TLS answers to the request for it."""

_LOOPBACK = "127.0.0.1"


@contextmanager
def tcp_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server and yield its port; each connection is handed to *talk*, which closes it by returning."""
    with socket.create_server((_LOOPBACK, 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, talk), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@contextmanager
def postgres_with_tls(authority: Authority, talk: Callable[[ssl.SSLSocket], object]) -> Iterator[int]:
    """Run a server that agrees on TLS as PostgreSQL does, and is whatever *talk* makes of it afterwards."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))

    def begin(connection: socket.socket) -> None:
        connection.recv(len(TLS_REQUEST))
        connection.sendall(b"S")
        with context.wrap_socket(connection, server_side=True) as channel:
            talk(channel)

    with tcp_server(begin) as port:
        yield port


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port on which connections are accepted by the system and never answered."""
    with socket.create_server((_LOOPBACK, 0)) as listener:
        yield listener.getsockname()[1]


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server((_LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _serve(listener: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(5)
            talk(connection)

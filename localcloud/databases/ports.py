"""Ports for servers that ask for none in particular."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which Linux (32768) and macOS (49152) take the ports of outgoing connections: a stopped server
# finds its port free again.
_RANGE = range(20000, 32000)


def free_port(*, row: int = 1) -> int:
    """Return a port of the loopback interface that nobody listens on at this moment.

    :param row: how many ports in a row, the returned one first, have to be free; one by default.
    :raises OSError: no port among many random ones is.
    """
    for port in random.sample(_RANGE, 200):
        if all(is_free(port + offset) for offset in range(row)):
            return port
    raise OSError(f"No free port among 200 tried between {_RANGE.start} and {_RANGE.stop}.")


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of the loopback interface now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True

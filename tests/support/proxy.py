"""A TCP proxy in front of a real server, which does one bad thing at one moment."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOPBACK = "127.0.0.1"
_CHUNK = 65536
DELAY_SECONDS = 0.4


class Fault(StrEnum):
    """What happens to a chunk of data, and to its connection."""

    RESET = "reset"
    CLOSE = "close"
    TRUNCATE = "truncate"
    DELAY = "delay"
    BLACK_HOLE = "black hole"
    OUTAGE = "outage"


@dataclass(eq=False)
class _Link:
    """A client's connection and ours to the server."""

    client: socket.socket
    server: socket.socket
    silent: bool = False

    def reset(self) -> None:
        """End both so that neither side hears a good-bye."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """End both."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass
class Proxy:
    """Forwards chunks, counts them in both directions, and spoils one.

    :param upstream: port of the server.
    """

    upstream: int
    chunks: int = 0
    _fault: Fault | None = None
    _at: int = -1
    _down: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _links: set[_Link] = field(default_factory=set)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server((_LOOPBACK, 0)))

    @property
    def port(self) -> int:
        """Where clients connect to."""
        port: int = self._listener.getsockname()[1]
        return port

    def arm(self, fault: Fault, at: int) -> None:
        """Spoil the chunk with this number from now on, once."""
        with self._lock:
            self.chunks, self._fault, self._at = 0, fault, at

    def heal(self) -> None:
        """Spoil nothing any more; connections that were swallowed stay so."""
        with self._lock:
            self.chunks, self._fault, self._down = 0, None, False

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._down:
                client.close()
                continue
            try:
                server = socket.create_connection((_LOOPBACK, self.upstream), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            link = _Link(client, server)
            self._links.add(link)
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(link, source, sink), daemon=True).start()

    def close(self) -> None:
        """Stop, and end every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            link.close()

    def _pump(self, link: _Link, source: socket.socket, sink: socket.socket) -> None:
        try:
            while chunk := source.recv(_CHUNK):
                if not self._forward(link, sink, chunk):
                    return
        except OSError:
            pass
        if not link.silent:
            link.close()

    def _forward(self, link: _Link, sink: socket.socket, chunk: bytes) -> bool:
        """Forward a chunk, or spoil it; return whether the connection goes on."""
        if link.silent:
            return True
        match fault := self._due():
            case Fault.RESET | Fault.OUTAGE:
                self._down = fault is Fault.OUTAGE
                link.reset()
                return False
            case Fault.CLOSE | Fault.TRUNCATE:
                sink.sendall(chunk[: len(chunk) // 2] if fault is Fault.TRUNCATE else b"")
                link.close()
                return False
            case Fault.BLACK_HOLE:
                link.silent = True
                return True
            case Fault.DELAY:
                time.sleep(DELAY_SECONDS)
            case None:
                pass
        sink.sendall(chunk)
        return True

    def _due(self) -> Fault | None:
        with self._lock:
            number, self.chunks = self.chunks, self.chunks + 1
            if self._fault is None or number != self._at:
                return None
            fault, self._fault = self._fault, None
            return fault


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """Run a proxy to a port of this machine."""
    proxy = Proxy(port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(5)

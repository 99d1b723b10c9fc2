"""Running the gateway and the control API until the process is asked to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from hypercorn.asyncio import serve  # type: ignore[import-not-found]  # lives in the emulator's environment
from hypercorn.config import Config  # type: ignore[import-not-found]  # likewise
from ministack import app
from ministack.core import lambda_runtime

from localcloud.databases.ports import is_free
from localcloud.emulator import hooks
from localcloud.emulator.control import ControlServer
from localcloud.emulator.emulator import Emulator
from localcloud.emulator.settings import LOOPBACK

if TYPE_CHECKING:
    from localcloud.emulator.settings import Settings

_POLL_SECONDS = 0.02


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; then stop every database server and function.

    :raises OSError: a port is taken.
    """
    for port in (settings.gateway_port, settings.control_port):
        if not is_free(port):
            raise OSError(f"port {port} of {LOOPBACK} is taken by another process: choose another one or end it.")
    emulator = Emulator(settings)
    hooks.install(emulator)
    emulator.start()
    try:
        asyncio.run(_serve(emulator))
    finally:
        lambda_runtime.reset()
        emulator.close()


async def _serve(emulator: Emulator) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    config = Config()
    config.bind = [f"{LOOPBACK}:{emulator.settings.gateway_port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.3
    config.loglevel = "WARNING"
    gateway = asyncio.create_task(serve(app.app, config, shutdown_trigger=stopping.wait))
    control: ControlServer | None = None
    try:
        await _until_answering(emulator.settings.gateway_port, gateway)
        # Only now, so that an answer of the control API means that both answer.
        control = ControlServer(emulator)
        threading.Thread(target=control.serve_forever, name="control", daemon=True).start()
        await gateway
    finally:
        stopping.set()
        if control is not None:
            control.shutdown()
            control.server_close()
        with contextlib.suppress(OSError):
            await gateway


async def _until_answering(port: int, gateway: asyncio.Task[None]) -> None:
    while not gateway.done():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(_POLL_SECONDS)
    await gateway

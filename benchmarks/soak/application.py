"""An application with a client of every kind that its engine has, all on one credential: a process under its role.

`python -m benchmarks.soak.application SECRET ENGINE JOURNAL [--impatient]` works until its standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from benchmarks.soak.clients import KINDS, Access
from benchmarks.soak.journal import JournalWriter
from rotating_rds_client import RetryPolicy, SecretSource

if TYPE_CHECKING:
    from benchmarks.soak.clients import Operation

# From the beginning of an operation to that of the next one, by the same client.
_PERIOD_SECONDS = 0.7
# Whoever waits for a version that logs in occupies a thread.
_THREADS = 64
_AT_ONCE = RetryPolicy(budget=0, last_login=False)


def main() -> None:
    """Read the arguments and work."""
    parser = argparse.ArgumentParser()
    parser.add_argument("secret")
    parser.add_argument("engine", choices=KINDS)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--impatient", action="store_true", help="give up at the first refused login")
    given = parser.parse_args()
    api = boto3.client("secretsmanager")
    with JournalWriter(given.journal) as journal:
        api.meta.events.register("before-call.secrets-manager", lambda model, **_: journal.called(model.name))
        source = SecretSource(given.secret, client=api)
        asyncio.run(_work(given.engine, source, _AT_ONCE if given.impatient else RetryPolicy(), journal))


async def _work(engine: str, source: SecretSource, retry: RetryPolicy, journal: JournalWriter) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    threading.Thread(target=_tell_the_end, args=(loop, over), daemon=True).start()
    async with AsyncExitStack() as tidy, asyncio.TaskGroup() as tasks:
        for name, kind in KINDS[engine].items():
            observer = partial(journal.connected, name)
            operate = await tidy.enter_async_context(kind(Access(source, retry, observer)))
            tasks.create_task(_repeat(name, operate, over, journal))


def _tell_the_end(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(over.set)


async def _repeat(name: str, operate: Operation, over: asyncio.Event, journal: JournalWriter) -> None:
    while not over.is_set():
        began = time.monotonic()
        try:
            await operate()
        except Exception as error:  # noqa: BLE001 - whatever a client raises is what the soak looks for
            journal.operated(name, error)
        else:
            journal.operated(name, None)
        await asyncio.sleep(max(0.0, _PERIOD_SECONDS - (time.monotonic() - began)))


if __name__ == "__main__":
    main()

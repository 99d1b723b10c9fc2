"""The same for event loops: credentials and connections that outlast rotations, without blocking a loop.

boto3 has no asynchronous calls: they run in a thread, one at a time for all tasks of a loop that need the same answer.
"""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, assert_never
from weakref import WeakKeyDictionary

from rotating_rds_client._dialogue import Deed, Dialogue, Get, LogIn, Refresh, Sleep, outcome_of, tell
from rotating_rds_client._drivers import arguments_of, complete, keywords_of, unwrapped
from rotating_rds_client.authentication import is_authentication_error
from rotating_rds_client.clock import Clock, SystemClock
from rotating_rds_client.observer import ConnectReport, Outcome
from rotating_rds_client.retry import RetryPolicy
from rotating_rds_client.source import check_source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from rotating_rds_client.credentials import Credentials
    from rotating_rds_client.source import SecretSource

C = TypeVar("C")


class AsyncSecretSource:
    """A :class:`SecretSource` for tasks; loops and threads may share the one behind it.

    However many tasks of a loop need a newer value at once, one of them asks, in a thread, and the others wait for its
    answer; a task that is cancelled takes nothing from the others.

    :param source: What holds and renews the credentials.
    """

    def __init__(self, source: SecretSource) -> None:
        check_source(source)
        self._source = source
        self._flights: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[object, asyncio.Future[Credentials]]] = (
            WeakKeyDictionary()
        )

    async def get(self) -> Credentials:
        """Return credentials; see :meth:`SecretSource.get`. Does not wait while those that are held may be used."""
        return self._source.peek() or await self._shared("get", self._source.get)

    async def refresh(self, rejected: Credentials | None = None, *, max_age: float = 0.0) -> Credentials:
        """Ask Secrets Manager now; see :meth:`SecretSource.refresh`."""
        key = (None if rejected is None else rejected.version_id, max_age)
        return await self._shared(key, partial(self._source.refresh, rejected, max_age=max_age))

    async def _shared(self, key: object, ask: Callable[[], Credentials]) -> Credentials:
        loop = asyncio.get_running_loop()
        flights = self._flights.setdefault(loop, {})
        flight = flights.get(key)
        if flight is None:
            flight = flights[key] = loop.run_in_executor(None, ask)
            flight.add_done_callback(lambda _: flights.pop(key, None))
        return await asyncio.shield(flight)


class AsyncRotatingConnector(Generic[C]):
    """A :class:`RotatingConnector` for asynchronous drivers: the same decisions, awaited.

    :param source: Usually ``AsyncSecretSource(SecretSource(...))``.
    :param connect: ``asyncpg.connect``, ``psycopg.AsyncConnection.connect``, or a ``functools.partial`` of one of them;
        over verified TLS unless ``ssl`` or ``sslmode`` says otherwise.
    :param options: Further keywords for it, as of :class:`DriverAdapter`.
    :param retry: How patient to be; by default 15 s in all.
    :param observer: Called with a :class:`ConnectReport` after every call, successful or not.
    :param is_refusal: Tells a refused login from any other error; by what known drivers raise, by default.
    :param clock: For tests; the process's monotonic clock by default.
    :raises TypeError: if the driver is unknown, or user name or password are among the options, as with
        :class:`DriverAdapter`.
    """

    def __init__(
        self,
        source: AsyncSecretSource,
        connect: Callable[..., Awaitable[C]],
        *,
        retry: RetryPolicy | None = None,
        observer: Callable[[ConnectReport], None] | None = None,
        is_refusal: Callable[[BaseException], bool] = is_authentication_error,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **options: Any,
    ) -> None:
        check_source(source)
        self._source = source
        self._connect, preset = unwrapped(connect)
        keywords = keywords_of(self._connect)
        self._arguments = partial(arguments_of, keywords, complete({**preset, **options}, keywords))
        self._retry = retry or RetryPolicy()
        self._observer = observer
        self._is_refusal = is_refusal
        self._now = (clock or SystemClock()).monotonic
        self._sleep = sleep

    async def connect(self) -> C:
        """Open one connection; see :meth:`RotatingConnector.connect`."""
        dialogue = Dialogue(self._retry, self._is_refusal, self._now)
        try:
            connection: C = await self._perform(dialogue.run())
        except BaseException as error:
            tell(self._observer, dialogue.report(outcome_of(error)))
            raise
        tell(self._observer, dialogue.report(Outcome.CONNECTED))
        return connection

    async def _perform(self, deeds: Generator[Deed, Any, C]) -> C:
        """Do what a dialogue asks for, in the caller's task."""
        came_of_it: Callable[[], Deed] = partial(next, deeds)
        while True:
            try:
                deed = came_of_it()
            except StopIteration as end:
                connection: C = end.value
                return connection
            try:
                came_of_it = partial(deeds.send, await self._do(deed))
            except Exception as error:  # noqa: BLE001 - the dialogue decides
                came_of_it = partial(deeds.throw, error)

    async def _do(self, deed: Deed) -> object:
        match deed:
            case Get():
                return await self._source.get()
            case Refresh(rejected, max_age):
                return await self._source.refresh(rejected, max_age=max_age)
            case LogIn(credentials):
                connecting = self._connect(**self._arguments(credentials))
                return await connecting if inspect.isawaitable(connecting) else connecting
            case Sleep(seconds):
                await self._sleep(seconds)
                return None
            case unknown:
                assert_never(unknown)

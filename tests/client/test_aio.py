"""Credentials and connections for event loops: one call however many tasks, and the same decisions as for threads."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import asyncpg
import psycopg
import pytest

from rotating_rds_client import (
    AsyncRotatingConnector,
    AsyncSecretSource,
    ConnectReport,
    Credentials,
    CredentialsRejectedError,
    Outcome,
    SecretSource,
    SecretUnavailableError,
)
from tests.support.clock import FakeClock
from tests.support.event_loop import run
from tests.support.secrets_manager import FakeSecretsManager, aws_error

if TYPE_CHECKING:
    from tests.support.rotating_login import RotatingLogin

TASKS = 1_000


class SlowManager(FakeSecretsManager):
    """Answers when it is told to, so that everybody who asks asks at once."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.put("v1", {"username": "orders", "password": "hunter2-v1"})

    def get_secret_value(self, **request: Any) -> Any:
        """Wait, then answer."""
        assert self.go_on.wait(10)
        return super().get_secret_value(**request)


async def at_once(manager: SlowManager, *calls: Any) -> list[Any]:
    """Begin all calls, let Secrets Manager answer, and return what came of each."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    await asyncio.sleep(0.05)
    manager.go_on.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_a_thousand_tasks_at_one_expiry_make_one_call() -> None:
    """The others wait for its answer, without a thread each."""
    manager, clock = SlowManager(), FakeClock()
    source = AsyncSecretSource(SecretSource("orders", client=manager, clock=clock, jitter=0))
    found = asyncio.run(at_once(manager, *(source.get() for _ in range(TASKS))))
    assert {credentials.version_id for credentials in found} == {"v1"}
    assert len(manager.requests) == 1
    manager.go_on.clear()
    clock.sleep(301)
    asyncio.run(at_once(manager, *(source.get() for _ in range(TASKS))))
    assert len(manager.requests) == 2


def test_a_thousand_refused_tasks_ask_once() -> None:
    """At the moment of a rotation all of them find out together."""
    manager = SlowManager()
    source = AsyncSecretSource(SecretSource("orders", client=manager, clock=FakeClock()))
    refused = Credentials(username="orders", password="old", version_id="v0")
    asyncio.run(at_once(manager, *(source.refresh(refused) for _ in range(TASKS))))
    assert len(manager.requests) == 1


def test_what_is_held_is_returned_without_leaving_the_loop() -> None:
    """No thread, no suspension: the task goes on at once."""
    manager = SlowManager()
    manager.go_on.set()
    source = SecretSource("orders", client=manager, clock=FakeClock())
    source.get()
    with pytest.raises(StopIteration) as finished:
        AsyncSecretSource(source).get().send(None)
    assert finished.value.value.version_id == "v1"


def test_a_cancelled_task_takes_nothing_from_the_others() -> None:
    """Even if it was the one who asked."""
    manager = SlowManager()
    source = AsyncSecretSource(SecretSource("orders", client=manager, clock=FakeClock()))

    async def cancel_the_first() -> list[Any]:
        first = asyncio.ensure_future(source.get())
        await asyncio.sleep(0.01)
        first.cancel()
        return [first, *await at_once(manager, source.get())]

    first, second = asyncio.run(cancel_the_first())
    assert first.cancelled()
    assert second.version_id == "v1"
    assert len(manager.requests) == 1


def test_an_outage_reaches_every_task_that_waits() -> None:
    """As a typed error; the next one asks again."""
    manager = SlowManager()
    manager.failure = aws_error("InternalServiceError")
    source = AsyncSecretSource(SecretSource("orders", client=manager, clock=FakeClock()))
    found = run(at_once(manager, source.get(), source.get()))
    assert all(isinstance(error, SecretUnavailableError) for error in found)
    manager.failure = None
    assert run(source.get()).version_id == "v1"


DRIVERS = {"asyncpg": asyncpg.connect, "psycopg": psycopg.AsyncConnection.connect}


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_connection_is_opened_in_the_middle_of_a_rotation(login: RotatingLogin, driver: str) -> None:
    """The password has changed, and the label moves while the task waits."""
    reports: list[ConnectReport] = []
    source = SecretSource("orders", client=login.manager)
    source.get()
    login.execute(f"ALTER ROLE {login.username} PASSWORD 'hunter2-v2'")
    connector: AsyncRotatingConnector[Any] = AsyncRotatingConnector(
        AsyncSecretSource(source), DRIVERS[driver], observer=reports.append
    )

    async def connect() -> None:
        opening = asyncio.ensure_future(connector.connect())
        await asyncio.sleep(0.3)
        login.store("v2", "hunter2-v2")
        await (await opening).close()

    run(connect())
    (report,) = reports
    assert (report.outcome, report.version_id) == (Outcome.CONNECTED, "v2")
    assert report.logins == 2


def test_a_password_that_nobody_repairs_is_given_up_within_the_budget(login: RotatingLogin) -> None:
    """After the login that every version gets, and the last one."""
    login.execute(f"ALTER ROLE {login.username} PASSWORD 'somebody else'")
    clock = FakeClock()

    async def pass_time(seconds: float) -> None:
        clock.sleep(seconds)

    connector: AsyncRotatingConnector[Any] = AsyncRotatingConnector(
        AsyncSecretSource(SecretSource("orders", client=login.manager)),
        asyncpg.connect,
        clock=clock,
        sleep=pass_time,
    )
    with pytest.raises(CredentialsRejectedError) as rejected:
        run(connector.connect())
    assert rejected.value.logins == 2
    assert isinstance(rejected.value.__cause__, asyncpg.InvalidPasswordError)


def test_an_error_of_another_kind_passes_through_untouched(login: RotatingLogin) -> None:
    """A database that there is not, for example."""
    source = AsyncSecretSource(SecretSource("orders", client=login.manager))
    connector: AsyncRotatingConnector[Any] = AsyncRotatingConnector(source, asyncpg.connect, database="nowhere")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        run(connector.connect())


def test_user_and_password_come_from_the_secret_alone() -> None:
    """An option for them would be a second truth."""
    with pytest.raises(TypeError, match="'password' comes from the secret"):
        AsyncRotatingConnector(AsyncSecretSource(SecretSource("orders")), asyncpg.connect, password="x")

"""One renewal at a time, whatever the number of threads. Events decide who waits for whom; nothing sleeps."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from rotating_rds_client import Credentials, SecretSource, SecretUnavailableError
from rotating_rds_client._lifetime import Held
from tests.support.clock import FakeClock
from tests.support.secrets_manager import FakeSecretsManager, aws_error

if TYPE_CHECKING:
    from collections.abc import Iterator

THREADS = 50
PATIENCE = 20.0


class Gate:
    """Holds a call inside Secrets Manager until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self) -> None:
        """Wait, as the call does."""
        self.entered.set()
        assert self.opened.wait(PATIENCE)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def manager() -> FakeSecretsManager:
    """Return a store with one version."""
    manager = FakeSecretsManager()
    manager.put("v1", {"username": "user-v1", "password": "password-v1"})
    return manager


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Run threads, all of which have ended when the test has."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def rotate(manager: FakeSecretsManager, version_id: str) -> None:
    """Make a version current whose user name and password both tell which one it is."""
    manager.put(version_id, {"username": f"user-{version_id}", "password": f"password-{version_id}"})


def warm_source(manager: FakeSecretsManager, clock: FakeClock, *, jitter: float = 0.0) -> SecretSource:
    """Make a source that holds v1 with a TTL of 100 s."""
    source = SecretSource("orders", client=manager, clock=clock, ttl=100, jitter=jitter)
    source.get()
    return source


def read_together(source: SecretSource, pool: ThreadPoolExecutor, gate: Gate) -> list[Credentials]:
    """Have all threads read at once while the first call is held, then let it go."""
    ready = threading.Barrier(THREADS)

    def read() -> Credentials:
        ready.wait(PATIENCE)
        return source.get()

    results = [pool.submit(read) for _ in range(THREADS)]
    assert gate.entered.wait(PATIENCE)
    gate.opened.set()
    return [result.result(PATIENCE) for result in results]


def test_fifty_threads_at_one_expiry_make_one_call(
    manager: FakeSecretsManager, clock: FakeClock, pool: ThreadPoolExecutor
) -> None:
    """The threads that wait take what the first one fetches."""
    source = warm_source(manager, clock)
    rotate(manager, "v2")
    clock.advance(100)
    manager.answering = gate = Gate()
    assert {credentials.version_id for credentials in read_together(source, pool, gate)} == {"v2"}
    assert manager.calls == 2


def test_fifty_threads_make_one_cold_call(
    manager: FakeSecretsManager, clock: FakeClock, pool: ThreadPoolExecutor
) -> None:
    """A process that starts with a full pool costs one call."""
    manager.answering = gate = Gate()
    source = SecretSource("orders", client=manager, clock=clock)
    assert len(read_together(source, pool, gate)) == THREADS
    assert manager.calls == 1


def test_a_reader_never_waits_for_the_renewal_of_a_valid_value(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Near its end the value is renewed by a thread of its own, once, while readers go on."""
    source = warm_source(manager, clock, jitter=1.0)
    rotate(manager, "v2")
    manager.answering = gate = Gate()
    clock.advance(99.999)
    assert [source.get().version_id for _ in range(5)] == ["v1"] * 5
    assert gate.entered.wait(PATIENCE)
    gate.opened.set()
    end_background_renewal()
    assert source.get().version_id == "v2"
    assert manager.calls == 2


def test_the_moment_of_renewal_is_spread_over_the_jitter(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """A fleet that started together does not ask together."""
    early = 0
    for _ in range(50):
        source = warm_source(manager, clock, jitter=0.5)
        clock.advance(75)
        calls = manager.calls
        source.get()
        end_background_renewal()
        early += manager.calls - calls
    assert 5 < early < 45


@pytest.fixture
def somebody_waits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Tell when a thread begins to wait for another one's call."""
    waiting = threading.Event()

    class WatchedFuture(Future[Held]):
        def result(self, timeout: float | None = None) -> Held:
            waiting.set()
            return super().result(timeout)

    monkeypatch.setattr("rotating_rds_client._shared_value.Future", WatchedFuture)
    return waiting


def test_who_waits_gets_the_error_of_the_one_call(
    manager: FakeSecretsManager, clock: FakeClock, pool: ThreadPoolExecutor, somebody_waits: threading.Event
) -> None:
    """A failed cold read is no reason to ask again at once."""
    manager.answering = gate = Gate()
    manager.failure = aws_error("AccessDeniedException")
    source = SecretSource("orders", client=manager, clock=clock)
    first = pool.submit(source.get)
    assert gate.entered.wait(PATIENCE)
    second = pool.submit(source.get)
    assert somebody_waits.wait(PATIENCE)
    gate.opened.set()
    assert isinstance(first.exception(PATIENCE), SecretUnavailableError)
    assert isinstance(second.exception(PATIENCE), SecretUnavailableError)
    assert manager.calls == 1


def test_an_interrupted_thread_interrupts_no_other(
    manager: FakeSecretsManager, clock: FakeClock, pool: ThreadPoolExecutor, somebody_waits: threading.Event
) -> None:
    """Who waited for a thread that was stopped asks again."""

    class StoppedError(BaseException):
        """As KeyboardInterrupt: no Exception."""

    gate = Gate()

    def stopped() -> None:
        manager.answering = lambda: None
        gate()
        raise StoppedError

    manager.answering = stopped
    source = SecretSource("orders", client=manager, clock=clock)
    first = pool.submit(source.get)
    assert gate.entered.wait(PATIENCE)
    second = pool.submit(source.get)
    assert somebody_waits.wait(PATIENCE)
    gate.opened.set()
    assert isinstance(first.exception(PATIENCE), StoppedError)
    assert second.result(PATIENCE).version_id == "v1"


def test_user_name_and_password_are_always_of_one_version(
    manager: FakeSecretsManager, clock: FakeClock, pool: ThreadPoolExecutor
) -> None:
    """Readers see whole versions while the secret changes under them."""
    source = SecretSource("orders", client=manager, clock=clock, ttl=0)
    done = threading.Event()

    def read() -> set[Credentials]:
        seen = set()
        while not done.is_set():
            seen.add(source.get())
        return seen

    readers = [pool.submit(read) for _ in range(4)]
    for number in range(200):
        rotate(manager, f"v{number}")
        source.refresh()
    done.set()
    seen = set().union(*(reader.result(PATIENCE) for reader in readers))
    assert len(seen) > 1
    assert all(
        credentials.username == f"user-{credentials.version_id}"
        and credentials.password == f"password-{credentials.version_id}"
        for credentials in seen
    )


def end_background_renewal() -> None:
    """Wait for the renewing thread, if there is one."""
    for thread in threading.enumerate():
        if thread.name == "rotating-rds-client-refresh":
            thread.join(PATIENCE)
            assert not thread.is_alive()

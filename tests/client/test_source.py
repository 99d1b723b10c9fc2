from __future__ import annotations

import logging
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rotating_rds_client import MalformedSecretError, RefreshFailure, SecretSource, SecretUnavailableError
from tests.support.clock import FakeClock
from tests.support.secrets_manager import FakeSecretsManager, aws_error

FIRST = {"username": "orders", "password": "first-hunter2"}
SECOND = {"username": "orders", "password": "second-hunter2"}


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def manager() -> FakeSecretsManager:
    """Return a store with one version."""
    manager = FakeSecretsManager()
    manager.put("v1", FIRST)
    return manager


def source_of(manager: FakeSecretsManager, clock: FakeClock, **options: Any) -> SecretSource:
    """Make a source that renews nothing early, so that every call in a test is the test's own doing."""
    return SecretSource("orders", client=manager, clock=clock, **({"jitter": 0} | options))


def test_a_cold_read_is_one_call_with_the_label(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """A policy conditioned on the staging label refuses calls without it."""
    assert source_of(manager, clock).get().password == FIRST["password"]
    assert manager.requests == [{"SecretId": "orders", "VersionStage": "AWSCURRENT"}]


def test_the_label_is_part_of_the_key(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """A source of AWSPENDING never answers AWSCURRENT."""
    manager.put("v2", SECOND, label="AWSPENDING")
    pending = source_of(manager, clock, stage="AWSPENDING")
    assert source_of(manager, clock).get().version_id == "v1"
    assert pending.get().version_id == "v2"


@pytest.mark.parametrize("ttl", [300, 0.5])
def test_within_the_ttl_nothing_is_asked(manager: FakeSecretsManager, clock: FakeClock, ttl: float) -> None:
    """The value is used until the TTL has passed, to the moment."""
    source = source_of(manager, clock, ttl=ttl)
    source.get()
    clock.advance(ttl * 0.999)
    source.get()
    assert manager.calls == 1


def test_after_the_ttl_the_new_version_is_read(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """A rotation is noticed after the TTL even if no login fails."""
    source = source_of(manager, clock, ttl=300)
    source.get()
    manager.put("v2", SECOND)
    clock.advance(300)
    assert source.get().version_id == "v2"


def test_a_ttl_of_zero_asks_every_time(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Nothing is held for those who want it so."""
    source = source_of(manager, clock, ttl=0)
    for _ in range(3):
        source.get()
    assert manager.calls == 3


@pytest.mark.parametrize(
    "options", [{"ttl": -1}, {"ttl": float("nan")}, {"max_stale": -0.1}, {"jitter": 1.1}, {"jitter": -0.1}]
)
def test_impossible_times_are_refused_at_once(manager: FakeSecretsManager, clock: FakeClock, options: Any) -> None:
    """The sentence names the option and the value."""
    name, value = next(iter(options.items()))
    with pytest.raises(ValueError, match=rf"{name} is {value}"):
        source_of(manager, clock, **options)


def test_an_empty_id_is_refused_at_once() -> None:
    """An unset environment variable is the usual reason."""
    with pytest.raises(ValueError, match="secret_id is empty"):
        SecretSource("")


def test_refresh_asks_whatever_the_ttl_says(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """After a refused login there is no time to wait for the TTL."""
    source = source_of(manager, clock)
    rejected = source.get()
    manager.put("v2", SECOND)
    assert source.refresh(rejected).version_id == "v2"
    assert source.get().version_id == "v2"


def test_refresh_makes_no_call_for_a_version_that_was_replaced_already(
    manager: FakeSecretsManager, clock: FakeClock
) -> None:
    """Twenty threads refused with one version cost one call, even when they come one after the other."""
    source = source_of(manager, clock)
    rejected = source.get()
    manager.put("v2", SECOND)
    for _ in range(20):
        assert source.refresh(rejected).version_id == "v2"
    assert manager.calls == 2


def test_refresh_shares_an_answer_that_is_recent_enough(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Threads that poll for a new version ask together, not each on its own."""
    source = source_of(manager, clock)
    rejected = source.get()
    clock.advance(0.04)
    source.refresh(rejected, max_age=0.05)
    assert manager.calls == 1
    clock.advance(0.02)
    source.refresh(rejected, max_age=0.05)
    assert manager.calls == 2


def test_refresh_takes_no_earlier_answer_by_default(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Not even one of the same moment: it may be from before the login that was refused."""
    source = source_of(manager, clock)
    source.refresh(source.get())
    assert manager.calls == 2


def test_an_outage_is_bridged_and_told(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """The last value is used, and the callback hears why and for how long."""
    failures: list[RefreshFailure] = []
    source = source_of(manager, clock, ttl=10, max_stale=60, on_refresh_failure=failures.append)
    source.get()
    manager.failure = EndpointConnectionError(endpoint_url="nowhere")
    clock.advance(10)
    assert source.get().version_id == "v1"
    assert [(failure.secret_id, failure.usable_for) for failure in failures] == [("orders", 60)]
    assert isinstance(failures[0].error, SecretUnavailableError)


def test_past_the_bound_an_outage_is_a_typed_error(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """A value is not used for ever because nobody can say that it has changed."""
    source = source_of(manager, clock, ttl=10, max_stale=60)
    source.get()
    manager.failure = EndpointConnectionError(endpoint_url="nowhere")
    clock.advance(10)
    source.get()
    clock.advance(60)
    with pytest.raises(SecretUnavailableError) as caught:
        source.get()
    assert caught.value.code == "EndpointConnectionError"


def test_after_an_outage_the_new_version_is_used(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Recovery needs no restart."""
    source = source_of(manager, clock, ttl=10, max_stale=0)
    source.get()
    manager.failure = aws_error("InternalServiceError")
    clock.advance(10)
    with pytest.raises(SecretUnavailableError):
        source.get()
    manager.failure = None
    manager.put("v2", SECOND)
    assert source.get().version_id == "v2"


def test_a_new_version_that_cannot_be_parsed_leaves_the_old_one_in_use(
    manager: FakeSecretsManager, clock: FakeClock
) -> None:
    """Not even past the bound of an outage: Secrets Manager is there, its value is wrong."""
    source = source_of(manager, clock, ttl=10, max_stale=0)
    source.get()
    manager.put("v2", "not json hunter2")
    for _ in range(10):
        clock.advance(10)
        assert source.get().version_id == "v1"


def test_a_first_version_that_cannot_be_parsed_is_an_error(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """There is nothing else to use."""
    manager.put("v1", None)
    with pytest.raises(MalformedSecretError):
        source_of(manager, clock).get()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDeniedException", "kms:Decrypt"),
        ("ResourceNotFoundException", "check the secret's id"),
        ("InvalidRequestException", "scheduled for deletion"),
        ("DecryptionFailure", "key is enabled"),
        ("ThrottlingException", "network path"),
    ],
)
def test_the_error_names_code_and_remedy(manager: FakeSecretsManager, clock: FakeClock, code: str, remedy: str) -> None:
    """Each code of AWS asks for something else."""
    manager.failure = aws_error(code)
    with pytest.raises(SecretUnavailableError, match=remedy) as caught:
        source_of(manager, clock).get()
    assert caught.value.code == code
    assert "'orders'" in str(caught.value)


def test_a_failing_callback_costs_no_reader_the_value(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Observers are not trusted with availability."""

    def fail(_: RefreshFailure) -> None:
        raise RuntimeError("observer")

    source = source_of(manager, clock, ttl=10, on_refresh_failure=fail)
    source.get()
    manager.failure = aws_error("ThrottlingException")
    clock.advance(10)
    assert source.get().version_id == "v1"


def test_an_outage_is_not_waited_for_twice(manager: FakeSecretsManager, clock: FakeClock) -> None:
    """Once an outage is known, readers go on at once and a later one asks again in the background."""
    source = source_of(manager, clock, ttl=10, max_stale=60)
    source.get()
    manager.failure = aws_error("InternalServiceError")
    clock.advance(10)
    source.get()
    calls = manager.calls
    clock.advance(4.9)
    source.get()
    assert manager.calls == calls


def test_nothing_secret_is_logged(
    manager: FakeSecretsManager, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a value that is used nor one that cannot be."""
    with caplog.at_level(logging.DEBUG):
        source = source_of(manager, clock, ttl=10)
        source.get()
        manager.put("v2", SECOND)
        clock.advance(10)
        source.get()
        manager.put("v3", '{"password": "third-hunter2')
        clock.advance(10)
        source.get()
    ours = [record.getMessage() for record in caplog.records if record.name == "rotating_rds_client"]
    assert len(ours) == 3
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(source)

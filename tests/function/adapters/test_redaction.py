"""The boundary behind which an adapter may make mistakes."""

from __future__ import annotations

import base64
import json
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from rotating_rds_function.adapters.boundary import RedactingDatabase, RedactingStore
from rotating_rds_function.adapters.redaction import Redactor
from rotating_rds_function.domain.errors import AuthenticationError, InternalError, LabelsMovedError, RotationError
from rotating_rds_function.domain.versions import AWSCURRENT
from tests.support.fake_secret_store import FakeSecretStore
from tests.support.leaks import find_leaks

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "o'hara's \"secret\" \\ 100% é"
SECRET_STRING = json.dumps({"username": "dbadmin", "password": PASSWORD})


def _told(error: BaseException) -> list[str]:
    """Return whatever of an exception people and tools may print, locals of its frames included."""
    formatted = traceback.TracebackException.from_exception(error, capture_locals=False)
    return [str(error), repr(error), repr(error.args), "".join(formatted.format())]


class _Leaking:
    """An adapter that tells the password whatever is called."""

    def __init__(self, error: Callable[[str], Exception]) -> None:
        self._error = error

    def _leak(self, *_: object, **__: object) -> None:
        try:
            raise ValueError(PASSWORD)  # noqa: TRY301 - what a driver does
        except ValueError:
            raise self._error(f"failed for {PASSWORD} {PASSWORD!r} {SECRET_STRING}")  # noqa: B904 - a careless adapter

    login = verify = lock = replace_password = close = describe = write_pending = move_label = _leak


_CARELESS = [AuthenticationError, RuntimeError, KeyError]


def _calls(error: Callable[[str], Exception]) -> list[Callable[[], object]]:
    redactor = Redactor()
    redactor.learn(SECRET_STRING)
    database = RedactingDatabase(_Leaking(error), redactor)  # type: ignore[arg-type]
    store = RedactingStore(_Leaking(error), redactor)  # type: ignore[arg-type]
    return [
        lambda: database.login("dbadmin", PASSWORD),
        lambda: store.describe("arn"),
        lambda: store.write_pending("arn", version="v", text=SECRET_STRING),
        lambda: store.move_label("arn", label="x", source="a", destination="b"),
    ]


@pytest.mark.parametrize("error", _CARELESS)
@pytest.mark.parametrize("index", range(4))
def test_no_call_through_a_port_tells_a_secret_when_it_fails(index: int, error: Callable[[str], Exception]) -> None:
    """Neither the error nor anything that hangs on to it."""
    with pytest.raises(RotationError) as caught:
        _calls(error)[index]()
    assert find_leaks([SECRET_STRING], _told(caught.value)) == []
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("error", _CARELESS)
def test_the_leak_search_finds_what_these_adapters_tell(error: Callable[[str], Exception]) -> None:
    """Without the boundary it is there: the tests above can fail."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each class in turn
        _Leaking(error).login()
    assert find_leaks([SECRET_STRING], _told(caught.value))


def test_a_session_is_inside_the_boundary_as_well() -> None:
    """Most statements run there."""

    class LeakingDatabase:
        retains_passwords = False

        def login(self, username: str, password: str) -> _Leaking:  # noqa: ARG002 - the port's signature
            return _Leaking(RuntimeError)

    database: Any = LeakingDatabase()
    session = RedactingDatabase(database, Redactor()).login("dbadmin", PASSWORD)
    calls: tuple[Callable[[], object], ...] = (
        lambda: session.verify(None),
        session.close,
        lambda: session.lock("dbadmin"),
        lambda: session.replace_password("dbadmin", PASSWORD),
    )
    for call in calls:
        with pytest.raises(InternalError) as caught:
            call()
        assert find_leaks([PASSWORD], _told(caught.value)) == []


def test_what_was_read_is_not_told_by_a_later_failure() -> None:
    """The value passes the boundary before it is used."""
    redactor, fake = Redactor(), FakeSecretStore()
    fake.stage("v", AWSCURRENT, value=SECRET_STRING)
    assert RedactingStore(fake, redactor).read("arn", label=AWSCURRENT) == SECRET_STRING
    assert redactor.clean(f"<{PASSWORD}>") == "<***>"


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD,
        repr(PASSWORD),
        json.dumps(PASSWORD),
        quote(PASSWORD, safe=""),
        PASSWORD.replace("'", "''"),
        base64.b64encode(PASSWORD.encode()).decode(),
        PASSWORD.encode().hex(),
    ],
)
def test_a_secret_is_masked_however_it_is_written(written: str) -> None:
    """Drivers quote, and loggers escape."""
    redactor = Redactor()
    redactor.learn(PASSWORD)
    cleaned = redactor.clean(f"before {written} after")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    assert "***" in cleaned
    assert find_leaks([PASSWORD], [cleaned]) == []


def test_a_typed_error_keeps_its_class_and_its_harmless_words() -> None:
    """The cause is what alarms and runbook need."""
    redactor = Redactor()
    redactor.learn(PASSWORD)
    error = redactor.presentable(LabelsMovedError("The label moved."))
    assert type(error) is LabelsMovedError
    assert str(error) == "The label moved."


def test_an_unforeseen_error_is_told_by_type_and_place_only() -> None:
    """Its text is foreign; where it happened is enough to find it."""
    with pytest.raises(InternalError, match=r"KeyError at test_redaction\.py:\d+") as caught:
        Redactor().guard(_Leaking(KeyError).login)
    assert "failed for" not in str(caught.value)


def test_stopping_the_function_is_not_an_error_to_translate() -> None:
    """KeyboardInterrupt and SystemExit pass."""

    def stop() -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        Redactor().guard(stop)

"""Nothing secret leaves: what crosses a port is remembered, and no error passes with it or with a foreign text.

An adapter may leak by a mistake of its own or of its driver. These decorators are the second line behind the adapters'
care, and the handler's own last look is the third.
"""

from __future__ import annotations

import base64
import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import quote

from rotating_rds_function.domain.errors import InternalError, RotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rotating_rds_function.domain.ports import Database, DatabaseSession, SecretStore
    from rotating_rds_function.domain.versions import SecretDescription

P = ParamSpec("P")
T = TypeVar("T")

_MASK = "***"


class Redactor:
    """Knows the secrets of one invocation."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def learn(self, secret: str) -> None:
        """Remember a password, or a SecretString with its password."""
        for part in (secret, *_passwords_in(secret)):
            self._forms.update(form for form in _forms_of(part) if form)

    def clean(self, text: str) -> str:
        """Return *text* without any secret, however it is written."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, _MASK)
        return text

    def presentable(self, error: Exception) -> RotationError:
        """Return a new error that may be shown: without chain, frames and foreign text."""
        if isinstance(error, RotationError):
            return type(error)(self.clean(str(error)))
        return InternalError(
            f"The step failed with {self.clean(type(error).__name__)} at {_place_of(error)}: "
            "this is a defect of the function; report it with this sentence."
        )

    def guard(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call whose errors are presentable."""
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass as it is
            failure = self.presentable(error)
        raise failure  # out here, where the original is not its context


class RedactingStore:
    """A SecretStore whose errors tell no secret."""

    def __init__(self, store: SecretStore, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor

    def describe(self, secret_id: str) -> SecretDescription:
        """Pass on, as every method here."""
        return self._redactor.guard(self._store.describe, secret_id)

    def read(self, secret_id: str, *, label: str, version: str | None = None) -> str | None:
        """Remember what was read."""
        text = self._redactor.guard(self._store.read, secret_id, label=label, version=version)
        self._redactor.learn(text or "")
        return text

    def write_pending(self, secret_id: str, *, version: str, text: str) -> None:
        """Remember what is written."""
        self._redactor.learn(text)
        self._redactor.guard(self._store.write_pending, secret_id, version=version, text=text)

    def move_label(self, secret_id: str, *, label: str, source: str | None, destination: str | None) -> None:
        """Pass on."""
        self._redactor.guard(self._store.move_label, secret_id, label=label, source=source, destination=destination)


class RedactingDatabase:
    """A Database whose errors tell no secret."""

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    def login(self, username: str, password: str) -> DatabaseSession:
        """Remember the password."""
        self._redactor.learn(password)
        return RedactingSession(self._redactor.guard(self._database.login, username, password), self._redactor)


class RedactingSession:
    """A DatabaseSession whose errors tell no secret."""

    def __init__(self, session: DatabaseSession, redactor: Redactor) -> None:
        self._session = session
        self._redactor = redactor

    def verify(self) -> None:
        """Pass on."""
        self._redactor.guard(self._session.verify)

    def lock(self, username: str) -> None:
        """Pass on."""
        self._redactor.guard(self._session.lock, username)

    def set_password(self, username: str, password: str) -> None:
        """Remember the password."""
        self._redactor.learn(password)
        self._redactor.guard(self._session.set_password, username, password)

    def close(self) -> None:
        """Pass on."""
        self._redactor.guard(self._session.close)


def _passwords_in(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict) and isinstance(document.get("password"), str):
        yield document["password"]


def _forms_of(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        secret.replace("'", "''"),
        quote(raw, safe=""),
        base64.b64encode(raw).decode("ascii"),
        raw.hex(),
    }


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"

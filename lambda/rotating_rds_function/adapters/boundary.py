"""The ports as the domain gets them: every call's errors are presentable, every secret that passes is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotating_rds_function.adapters.redaction import Redactor
    from rotating_rds_function.domain.access import UserAccess
    from rotating_rds_function.domain.ports import Database, DatabaseSession, SecretStore
    from rotating_rds_function.domain.targets import Pair
    from rotating_rds_function.domain.versions import SecretDescription


class RedactingStore:
    """A SecretStore whose errors tell no secret."""

    def __init__(self, store: SecretStore, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor

    def describe(self, secret_id: str) -> SecretDescription:
        """Pass on, as every method here."""
        return self._redactor.guard(self._store.describe, secret_id)

    def made(self, secret_id: str, version: str) -> float | None:
        """Pass on."""
        return self._redactor.guard(self._store.made, secret_id, version)

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

    @property
    def retains_passwords(self) -> bool:
        """Pass on."""
        return self._database.retains_passwords

    def login(self, username: str, password: str) -> DatabaseSession:
        """Remember the password."""
        self._redactor.learn(password)
        return RedactingSession(self._redactor.guard(self._database.login, username, password), self._redactor)


class RedactingSession:
    """A DatabaseSession whose errors tell no secret."""

    def __init__(self, session: DatabaseSession, redactor: Redactor) -> None:
        self._session = session
        self._redactor = redactor

    def verify(self, query: str | None) -> None:
        """Pass on."""
        self._redactor.guard(self._session.verify, query)

    def trusted_until(self) -> float:
        """Pass on."""
        return self._redactor.guard(self._session.trusted_until)

    def lock(self, username: str) -> None:
        """Pass on."""
        self._redactor.guard(self._session.lock, username)

    def replace_password(self, username: str, password: str, *, keep: str | None = None) -> None:
        """Remember the passwords."""
        self._redactor.learn(password)
        self._redactor.learn(keep or "")
        self._redactor.guard(self._session.replace_password, username, password, keep=keep)

    def discard_retained(self, username: str) -> None:
        """Pass on."""
        self._redactor.guard(self._session.discard_retained, username)

    def refuse_protected(self, username: str) -> None:
        """Pass on."""
        self._redactor.guard(self._session.refuse_protected, username)

    def check_administrator(self, username: str, pair: Pair | None) -> None:
        """Pass on."""
        self._redactor.guard(self._session.check_administrator, username, pair)

    def prepare_twin(self, pair: Pair) -> None:
        """Pass on."""
        self._redactor.guard(self._session.prepare_twin, pair)

    def differences(self, pair: Pair) -> list[str]:
        """Return them without a secret: a name that somebody gave to a thing could be one."""
        return [self._redactor.clean(clause) for clause in self._redactor.guard(self._session.differences, pair)]

    def exists(self, username: str) -> bool:
        """Pass on."""
        return self._redactor.guard(self._session.exists, username)

    def provision(self, user: UserAccess) -> bool:
        """Pass on."""
        return self._redactor.guard(self._session.provision, user)

    def shut_out(self, username: str) -> None:
        """Pass on."""
        self._redactor.guard(self._session.shut_out, username)

    def remove(self, user: UserAccess) -> None:
        """Pass on."""
        self._redactor.guard(self._session.remove, user)

    def commit(self) -> None:
        """Pass on."""
        self._redactor.guard(self._session.commit)

    def close(self) -> None:
        """Pass on."""
        self._redactor.guard(self._session.close)

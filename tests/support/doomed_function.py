"""The rotation function in a process of its own that dies at a given external call.

Run as `python -m tests.support.doomed_function`. Every line of standard input tells what to run and where to die; it
is run in a fork that has everything imported already, and answered by its exit code. The journal tells which external
calls were begun, one JSON line each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass(frozen=True)
class Call:
    """One external call.

    :param kind: "store" for a call of Secrets Manager, "login" or "statement" for the database.
    :param name: the operation's name, or the statement's first words.
    """

    kind: str
    name: str


@dataclass
class Journal:
    """Writes down every external call and dies at one of them.

    :param path: one JSON line a call, written before the call is made.
    :param at: index of the call to die at; None lets the function live.
    :param after: whether it dies after the call had its effect, instead of before.
    """

    path: str
    at: int | None
    after: bool
    count: int = 0

    def around(self, call: Call, effect: Callable[[], Any]) -> Any:
        """Make a call, unless the function dies before it, or after it."""
        index, self.count = self.count, self.count + 1
        with open(self.path, "a", encoding="utf-8") as lines:  # noqa: PTH123  opened anew for each line on purpose
            lines.write(json.dumps(asdict(call)) + "\n")
        if index == self.at and not self.after:
            _die()
        try:
            return effect()
        finally:  # also after an answer that is an error
            if index == self.at:
                _die()


class Context:
    """Lambda's context object, as far as the function reads it."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left, which does not pass."""
        return 20_000


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(journal: Journal) -> None:
    """Put the journal between the function and the libraries through which it reaches out."""
    import botocore.client  # noqa: PLC0415  only this process may carry the patched classes
    import pg8000.native  # noqa: PLC0415
    import pymysql.connections  # noqa: PLC0415

    patched: Any = botocore.client.BaseClient
    original_api = patched._make_api_call
    original_login = pg8000.native.Connection.__init__
    original_run = pg8000.native.Connection.run

    def api(self: Any, operation_name: str, api_params: Any) -> Any:
        return journal.around(Call("store", operation_name), lambda: original_api(self, operation_name, api_params))

    def login(self: Any, *args: Any, **kwargs: Any) -> None:
        journal.around(Call("login", "login"), lambda: original_login(self, *args, **kwargs))

    def run(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        name = " ".join(sql.split()[:2])
        return journal.around(Call("statement", name), lambda: original_run(self, sql, *args, **kwargs))

    patched._make_api_call = api
    patched = pg8000.native.Connection
    patched.__init__, patched.run = login, run
    patched = pymysql.connections.Connection
    original_connect, original_query = patched.connect, patched.query

    def connect(self: Any, sock: Any = None) -> None:
        journal.around(Call("login", "login"), lambda: original_connect(self, sock))

    def query(self: Any, sql: Any, unbuffered: bool = False) -> Any:  # noqa: FBT001, FBT002 - the driver's signature
        text = sql.decode("utf-8", "replace") if isinstance(sql, bytes | bytearray) else sql
        name = " ".join(text.split()[:2])
        return journal.around(Call("statement", name), lambda: original_query(self, sql, unbuffered))

    patched.connect, patched.query = connect, query


def break_roll_forward() -> None:
    """Have setSecret know one login only, AWSCURRENT's: what an earlier run has set already is not recognised."""
    from rotating_rds_function.domain.strategies import single_user  # noqa: PLC0415

    patched: Any = single_user
    patched.logs_in = lambda *_: False


def break_retry() -> None:
    """Have createSecret refuse a version that has a value already, as if no step were ever repeated."""
    from rotating_rds_function.adapters.secrets_manager import SecretsManagerStore  # noqa: PLC0415

    original = SecretsManagerStore.write_pending

    def write_pending(self: SecretsManagerStore, secret_id: str, *, version: str, text: str) -> None:
        if self.read(secret_id, label="AWSPENDING", version=version) is not None:
            raise RuntimeError("The version has a value.")
        original(self, secret_id, version=version, text=text)

    patched: Any = SecretsManagerStore
    patched.write_pending = write_pending


def break_order() -> None:
    """Have setSecret give the twin its password before it may do what the model may."""
    from rotating_rds_function.domain.strategies import STRATEGIES  # noqa: PLC0415
    from rotating_rds_function.handlers import invocation  # noqa: PLC0415
    from tests.support.faults.broken_variants import PasswordBeforeGrants  # noqa: PLC0415

    patched: Any = invocation
    patched.STRATEGIES = {**STRATEGIES, "alternating_users": PasswordBeforeGrants()}


def break_retain() -> None:
    """Have an administrator retain whatever the password is by now."""
    from rotating_rds_function.adapters.mysql import MySqlSession  # noqa: PLC0415
    from rotating_rds_function.adapters.mysql_text import literal  # noqa: PLC0415

    def set_password(self: Any, account: Any, password: str, *, keep: str | None) -> None:
        retain = " RETAIN CURRENT PASSWORD" if keep is not None else ""
        self._connection.run(f"ALTER USER {account} IDENTIFIED BY {literal(password)}{retain}")

    patched: Any = MySqlSession
    patched._set_password = set_password


def break_secrecy() -> None:
    """Have sessions send a password as it is: in place of PostgreSQL's verifier, to MariaDB, past MySQL's redaction."""
    from rotating_rds_function.adapters import mariadb, mysql, postgres  # noqa: PLC0415
    from rotating_rds_function.adapters.mysql_text import literal  # noqa: PLC0415

    patched: Any = postgres
    patched.scram_verifier = lambda password: password
    for session in (mariadb.MariaDbSession, mysql.MySqlSession):
        patched = session
        patched.replace_password = _preceded_by_a_look(session.replace_password, literal)


def _preceded_by_a_look(original: Callable[..., None], literal: Callable[[str], str]) -> Callable[..., None]:
    def replace_password(self: Any, username: str, password: str, *, keep: str | None = None) -> None:
        self._connection.run(f"SELECT {literal(password)}")
        original(self, username, password, keep=keep)

    return replace_password


VARIANTS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {
        "sound": lambda: None,
        "no roll-forward": break_roll_forward,
        "no retry": break_retry,
        "password before grants": break_order,
        "RETAIN that is not idempotent": break_retain,
        "leaking": break_secrecy,
    }
)


def run(order: Mapping[str, Any]) -> None:
    """Run steps of one rotation."""
    watch(Journal(order["journal"], order["at"], order["after"]))
    from rotating_rds_function.handlers import rotate  # noqa: PLC0415  after the libraries were patched

    VARIANTS[order["variant"]]()
    for step in order["steps"]:
        rotate.handler({"Step": step, "SecretId": order["secret"], "ClientRequestToken": order["token"]}, Context())


def serve() -> None:
    """Run order after order, each in a fork, and answer with its exit code: negative for the signal that ended it."""
    from rotating_rds_function.adapters import mariadb, mysql, postgres, secrets_manager  # noqa: F401, PLC0415
    from rotating_rds_function.handlers import rotate  # noqa: F401, PLC0415

    secrets_manager.client()  # which connects to nothing before it is used
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _perform(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _perform(order: Mapping[str, Any]) -> None:
    """Run an order in a fork, whose output goes to a file, and end without a way back."""
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    code = 1
    try:
        run(order)
        code = 0
    except Exception:  # noqa: BLE001 - as Lambda does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()

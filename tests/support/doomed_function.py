"""The rotation function in a process of its own that dies at a given external call.

Run as `python -m tests.support.doomed_function`. Standard input tells what to run and where to die; the journal tells
which external calls were begun, one JSON line each.
"""

from __future__ import annotations

import json
import os
import signal
import sys
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


def break_verifier() -> None:
    """Have the session send the password itself, in place of its SCRAM verifier."""
    from rotating_rds_function.adapters import postgres  # noqa: PLC0415

    patched: Any = postgres
    patched.scram_verifier = lambda password: password


VARIANTS: Mapping[str, Callable[[], None]] = MappingProxyType(
    {"sound": lambda: None, "no roll-forward": break_roll_forward, "no retry": break_retry, "leaking": break_verifier}
)


def main() -> None:
    """Run the four steps of one rotation."""
    order = json.load(sys.stdin)
    watch(Journal(order["journal"], order["at"], order["after"]))
    from rotating_rds_function.handlers import rotate  # noqa: PLC0415  after the libraries were patched

    VARIANTS[order["variant"]]()
    for step in STEPS:
        rotate.handler({"Step": step, "SecretId": order["secret"], "ClientRequestToken": order["token"]}, Context())


if __name__ == "__main__":
    main()

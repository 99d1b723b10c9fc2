"""Runs of a step that stop before each of their external calls until they are told how the call goes."""

from __future__ import annotations

import threading
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from rotating_rds_function.domain.errors import RotationError, UnreachableError
from tests.support.crashes import Killed

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_function.domain.steps import Step


class Fate(Enum):
    """How an external call goes."""

    MADE = auto()
    KILLED_BEFORE = auto()
    KILLED_AFTER = auto()
    ANSWER_LOST = auto()


class ConductedRun:
    """One run of one step, in a thread of its own that moves only while the conductor waits for it.

    :param work: what runs; it reaches out through `conducted()` ports only.
    """

    def __init__(self, step: Step, token: str, work: Callable[[ConductedRun], object]) -> None:
        self.step = step
        self.token = token
        self.next_call: str | None = None
        self.failure: BaseException | None = None
        self.ended = False
        self.killed = False
        self.holds_lock = False
        self.sessions: list[Any] = []
        self._fate = Fate.MADE
        self._its_turn, self._our_turn = threading.Lock(), threading.Lock()
        self._its_turn.acquire()
        self._our_turn.acquire()
        threading.Thread(target=self._perform, args=(work,), daemon=True).start()
        self._our_turn.acquire()

    @property
    def succeeded(self) -> bool:
        """Whether the step ended, and well."""
        return self.ended and self.failure is None

    def proceed(self, fate: Fate = Fate.MADE) -> None:
        """Let the next external call happen, and wait for the one after it, or for the end.

        :raises BaseException: whatever the run ends with, if it is neither an error of a rotation nor its death.
        """
        assert not self.ended
        self._fate = fate
        self._its_turn.release()
        self._our_turn.acquire()
        if self.failure is not None and not isinstance(self.failure, RotationError | Killed):
            raise self.failure

    def around(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make one external call as the conductor decides."""
        if self.killed:
            raise Killed  # the dead do not tidy up
        self.next_call = name
        self._our_turn.release()
        self._its_turn.acquire()
        if self._fate is Fate.KILLED_BEFORE:
            self._die()
        try:
            answer = method(*args, **kwargs)
        finally:
            if self._fate is Fate.KILLED_AFTER:
                self._die()
        if self._fate is Fate.ANSWER_LOST:
            raise UnreachableError(f"The answer to {name} got lost.")
        return answer

    def _die(self) -> None:
        self.killed = True
        self.holds_lock = False
        raise Killed

    def _perform(self, work: Callable[[ConductedRun], object]) -> None:
        try:
            work(self)
        except BaseException as failure:  # noqa: BLE001  the conductor's thread decides
            self.failure = failure
        self.ended, self.next_call = True, None
        self._our_turn.release()


class Conducted:
    """Any port whose calls a run stops before; sessions that it opens are conducted as well."""

    def __init__(self, port: Any, run: ConductedRun) -> None:
        self._port = port
        self._run = run

    def __getattr__(self, name: str) -> Any:
        """Return the conducted method; what is no method tells nothing of the outside."""
        if not callable(getattr(self._port, name)):
            return getattr(self._port, name)
        return lambda *args, **kwargs: self._call(name, *args, **kwargs)

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        effects: dict[str, Callable[..., Any]] = {"login": self._login, "lock": self._lock}
        unlocking = name in {"replace_password", "discard_retained", "close"}
        try:
            return self._run.around(name, effects.get(name) or getattr(self._port, name), *args, **kwargs)
        finally:
            if unlocking and not self._run.killed:
                self._run.holds_lock = False
            if name == "close" and not self._run.killed:
                self._run.sessions.remove(self._port)

    def _login(self, *args: Any) -> Conducted:
        session = self._port.login(*args)
        self._run.sessions.append(session)
        return Conducted(session, self._run)

    def _lock(self, username: str) -> None:
        self._port.lock(username)
        self._run.holds_lock = True

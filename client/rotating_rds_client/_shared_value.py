"""A value that many threads read and at most one renews."""

from __future__ import annotations

import os
import threading
import weakref
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def _weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Return what calls a method for as long as its object lives: what is registered for forks stays for ever."""
    reference = weakref.WeakMethod(method)

    def call() -> None:
        alive = reference()
        if alive is not None:
            alive()

    return call


class SharedValue(Generic[T]):
    """The latest value, and at most one renewal of it under way.

    A renewal names the value that its caller has seen: if another thread has replaced that one in the meantime, its
    result is taken and nothing is renewed twice.

    :param renewed: Makes the next value from the latest one; an exception reaches every thread that waits for it.
    """

    def __init__(self, renewed: Callable[[T | None], T]) -> None:
        self.latest: T | None = None
        self._renewed = renewed
        self._begin()
        # A process that was forked has none of the threads that hold the lock or fly: it begins with the value alone.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_weakly(self._begin))

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._flight: Future[T] | None = None

    def renew(self, seen: T | None) -> T:
        """Wait for a value newer than the one seen."""
        while True:
            with self._lock:
                if self.latest is not None and self.latest is not seen:
                    return self.latest
                flight = self._flight
                if leading := flight is None:
                    flight = self._flight = Future()
            if leading:
                self._fly(flight, seen)
            try:
                return flight.result()
            except CancelledError:  # the leading thread was interrupted, which is no other thread's business
                continue

    def renew_in_background(self, seen: T) -> None:
        """See that a renewal is under way, and do not wait for it."""
        with self._lock:
            if self._flight is not None or self.latest is not seen:
                return
            flight = self._flight = Future()
        name = "rotating-rds-client-refresh"
        try:
            threading.Thread(target=self._fly, args=(flight, seen), name=name, daemon=True).start()
        except RuntimeError:  # no more threads, or the interpreter is shutting down: a later reader renews it
            self._land(seen)
            flight.cancel()

    def _fly(self, flight: Future[T], seen: T | None) -> None:
        try:
            value = self._renewed(seen)
        except Exception as error:  # noqa: BLE001 - handed to every thread that waits for this flight
            self._land(seen)
            flight.set_exception(error)
        except BaseException:
            self._land(seen)
            flight.cancel()
            raise
        else:
            self._land(value)
            flight.set_result(value)

    def _land(self, value: T | None) -> None:
        """Publish the value and the end of the flight together: a reader between the two would start another one."""
        with self._lock:
            self.latest, self._flight = value, None

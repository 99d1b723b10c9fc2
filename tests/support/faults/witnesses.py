"""Orders of events that break a promise of a broken function, and none of the sound one.

A search comes upon them too rarely to wait for it: the state machine has found each in thousands of examples.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.faults.machine import RotationMachine


def overtaken_under_the_lock(machine: RotationMachine) -> None:
    """A run that holds the lock goes on after its rotation was repeated, and another one has ended."""
    machine.hold(step=Step.SET, calls=10)
    machine.rotate(last=Step.FINISH)
    machine.rotate(last=Step.FINISH)
    _go_on(machine)


def cancelled_before_the_lock(machine: RotationMachine) -> None:
    """A run that waits for the lock gets it after its rotation was cancelled, and another one has ended."""
    machine.hold(step=Step.SET, calls=5)
    machine.cancel(last=Step.FINISH)
    _go_on(machine)


def finished_twice(machine: RotationMachine) -> None:
    """A run of finishSecret tidies up after another one did, and a rotation has begun since."""
    machine.hold(step=Step.FINISH, calls=2)
    machine.rotate(last=Step.FINISH)
    machine.rotate(last=Step.SET)
    _go_on(machine)


def _go_on(machine: RotationMachine) -> None:
    if machine.world.runs:
        machine.complete(which=0)


WITNESSES: Final[Mapping[str, Callable[[RotationMachine], None]]] = MappingProxyType(
    {
        "no lock": overtaken_under_the_lock,
        "pending read before the lock": cancelled_before_the_lock,
        "AWSPENDING taken off any version": finished_twice,
    }
)
"""By the broken function whom they convict."""

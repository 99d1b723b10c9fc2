"""The four steps of a rotation, written against ports only.

Every step may die at any point, be repeated, or run twice at once: it begins by reading the labels, and each of its
effects is either the first one or changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, assert_never

from rotating_rds_function.domain import passwords
from rotating_rds_function.domain.errors import WrongStateError
from rotating_rds_function.domain.patience import Deadline, persist
from rotating_rds_function.domain.staged import StagedValues
from rotating_rds_function.domain.steps import Step, StepRequest
from rotating_rds_function.domain.versions import (
    AWSCURRENT,
    AWSPENDING,
    AlreadyDone,
    Proceed,
    Refuse,
    SecretDescription,
    gate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rotating_rds_function.domain.ports import Clock, Database, SecretStore
    from rotating_rds_function.domain.progress import Progress
    from rotating_rds_function.domain.strategies import Strategy
    from rotating_rds_function.domain.targets import Deployment, Target


class Outcome(StrEnum):
    """How a step ended, other than by an error."""

    SUCCEEDED = "succeeded"
    ALREADY_DONE = "already_done"


@dataclass(frozen=True)
class Rotation:
    """Runs steps.

    :param store: where the secret lives.
    :param deployment: what may be rotated.
    :param connect: opens the database of a target.
    """

    store: SecretStore
    deployment: Deployment
    connect: Callable[[Target], Database]
    clock: Clock
    deadline: Deadline

    def run(self, request: StepRequest, progress: Progress) -> Outcome:
        """Run one step, repeating it while a repetition may help and time is left.

        :raises RotationError: with the cause of the last failure.
        """
        return persist(lambda: self._attempt(request, progress), clock=self.clock, deadline=self.deadline)

    def _attempt(self, request: StepRequest, progress: Progress) -> Outcome:
        progress.attempts += 1
        description = self.store.describe(request.secret_id)
        target = progress.target = self.deployment.target(description.tags)
        match gate(description, request.token):
            case Refuse(sentence):
                raise WrongStateError(sentence.format(version=request.token))
            case AlreadyDone(pending_left):
                if pending_left and request.step is Step.FINISH:
                    _tidy_up(_Work(self, request, description, target))
                return Outcome.ALREADY_DONE
            case Proceed():
                _STEPS[request.step](_Work(self, request, description, target))
                return Outcome.SUCCEEDED
            case undecided:
                assert_never(undecided)


@dataclass(frozen=True)
class _Work:
    """One permitted step and what it works on."""

    rotation: Rotation
    request: StepRequest
    description: SecretDescription
    target: Target

    @property
    def store(self) -> SecretStore:
        return self.rotation.store

    @property
    def database(self) -> Database:
        return self.rotation.connect(self.target)

    @property
    def strategy(self) -> Strategy:
        return self.rotation.deployment.strategies[self.target.strategy]

    @property
    def values(self) -> StagedValues:
        return StagedValues(self.store, self.request.secret_id, self.request.token, self.target)


def _create(work: _Work) -> None:
    """Give the pending version a value, unless it has one.

    Writing is the test of that: the store never changes a value, also where two runs write at once.
    """
    successor = work.strategy.successor(work.values.current(), passwords.generate(), work.target)
    work.store.write_pending(work.request.secret_id, version=work.request.token, text=successor.text())


def _set(work: _Work) -> None:
    work.strategy.set_password(work.values, work.database)


def _test(work: _Work) -> None:
    work.strategy.test(work.values, work.database)


def _finish(work: _Work) -> None:
    """Promote the version, then tidy up."""
    work.store.move_label(
        work.request.secret_id,
        label=AWSCURRENT,
        source=work.description.holder_of(AWSCURRENT),
        destination=work.request.token,
    )
    _tidy_up(work)


def _tidy_up(work: _Work) -> None:
    """End what is left of the old credential, then leave AWSPENDING nowhere: elsewhere it would block a rotation.

    The label comes off last, because it is how a repeated finishSecret knows that this has not happened yet.
    """
    work.strategy.retire(work.values, work.database)
    # Off the rotated version only: on another one it marks a rotation begun since, whose password may be the live one.
    work.store.move_label(work.request.secret_id, label=AWSPENDING, source=work.request.token, destination=None)


_STEPS: Final[Mapping[Step, Callable[[_Work], None]]] = MappingProxyType(
    {Step.CREATE: _create, Step.SET: _set, Step.TEST: _test, Step.FINISH: _finish}
)

"""What any SecretStore must do: run against the fake, against boto3, and against the local cloud.

A test class inherits it and defines the fixture `subject`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from rotating_rds_function.domain.errors import LabelsMovedError
from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS

if TYPE_CHECKING:
    from rotating_rds_function.domain.ports import SecretStore

TAGS = {"rotating-rds:database": "orders"}
CURRENT_VALUE = '{"username": "dbadmin", "password": "the current one"}'
PENDING_VALUE = '{"username": "dbadmin", "password": "the pending one"}'


class Subject(Protocol):
    """A store with one tagged secret that rotates: version `current` has a value, version `pending` none yet."""

    store: SecretStore
    secret_id: str
    current: str
    pending: str


class SecretStoreContract:
    """The contract; version ids are those of the subject."""

    def test_a_secret_is_described_with_labels_tags_and_rotation(self, subject: Subject) -> None:
        """All that the gate and the deployment's word need."""
        description = subject.store.describe(subject.secret_id)
        assert description.rotation_enabled
        assert description.labels == {
            subject.current: frozenset({AWSCURRENT}),
            subject.pending: frozenset({AWSPENDING}),
        }
        assert description.tags == TAGS

    def test_times_are_told_by_the_clock_of_the_service(self, subject: Subject) -> None:
        """Of the secret and of its versions, so that ages can be told without a clock of one's own."""
        times = subject.store.describe(subject.secret_id).times
        made = subject.store.made(subject.secret_id, subject.pending)
        assert made is not None
        assert times.created is not None
        assert times.created - 1 <= made <= times.asked + 1  # the header with the time counts whole seconds
        assert times.rotated is None

    def test_a_version_that_there_is_not_was_never_made(self, subject: Subject) -> None:
        """It may have been deleted since its label came off."""
        assert subject.store.made(subject.secret_id, "f" * 32) is None

    def test_a_label_reads_the_value_that_carries_it(self, subject: Subject) -> None:
        """Byte for byte."""
        assert subject.store.read(subject.secret_id, label=AWSCURRENT) == CURRENT_VALUE

    def test_a_pending_version_has_no_value_at_first(self, subject: Subject) -> None:
        """RotateSecret stages it empty."""
        assert subject.store.read(subject.secret_id, label=AWSPENDING, version=subject.pending) is None
        assert subject.store.read(subject.secret_id, label=AWSPENDING) is None

    def test_a_label_that_is_nowhere_reads_nothing(self, subject: Subject) -> None:
        """There is no previous value before a first rotation."""
        assert subject.store.read(subject.secret_id, label=AWSPREVIOUS) is None

    def test_a_version_that_does_not_carry_the_label_reads_nothing(self, subject: Subject) -> None:
        """The label is a condition, not a hint."""
        subject.store.write_pending(subject.secret_id, version=subject.pending, text=PENDING_VALUE)
        assert subject.store.read(subject.secret_id, label=AWSPENDING, version=subject.current) is None
        assert subject.store.read(subject.secret_id, label=AWSCURRENT, version=subject.pending) is None

    def test_a_written_value_is_read_back(self, subject: Subject) -> None:
        """Under the label and the version that createSecret works on."""
        subject.store.write_pending(subject.secret_id, version=subject.pending, text=PENDING_VALUE)
        assert subject.store.read(subject.secret_id, label=AWSPENDING, version=subject.pending) == PENDING_VALUE
        assert subject.store.read(subject.secret_id, label=AWSCURRENT) == CURRENT_VALUE

    def test_a_value_never_changes(self, subject: Subject) -> None:
        """A second createSecret must not replace a password that may be live."""
        subject.store.write_pending(subject.secret_id, version=subject.pending, text=PENDING_VALUE)
        subject.store.write_pending(subject.secret_id, version=subject.pending, text=PENDING_VALUE.replace("the", "a"))
        assert subject.store.read(subject.secret_id, label=AWSPENDING, version=subject.pending) == PENDING_VALUE

    def test_moving_the_current_label_leaves_the_previous_one_behind(self, subject: Subject) -> None:
        """In one step, so that there always is a current version."""
        self._promote(subject)
        assert subject.store.describe(subject.secret_id).labels == {
            subject.current: frozenset({AWSPREVIOUS}),
            subject.pending: frozenset({AWSCURRENT, AWSPENDING}),
        }
        assert subject.store.read(subject.secret_id, label=AWSCURRENT) == PENDING_VALUE
        assert subject.store.read(subject.secret_id, label=AWSPREVIOUS) == CURRENT_VALUE

    def test_a_label_can_be_taken_off(self, subject: Subject) -> None:
        """As finishSecret does with AWSPENDING."""
        self._promote(subject)
        subject.store.move_label(subject.secret_id, label=AWSPENDING, source=subject.pending, destination=None)
        assert subject.store.describe(subject.secret_id).labels[subject.pending] == frozenset({AWSCURRENT})

    def test_a_label_that_moved_meanwhile_is_not_moved_again(self, subject: Subject) -> None:
        """Two runs of finishSecret at once: one of them has to notice."""
        self._promote(subject)
        before = subject.store.describe(subject.secret_id)
        with pytest.raises(LabelsMovedError):
            subject.store.move_label(
                subject.secret_id, label=AWSCURRENT, source=subject.current, destination=subject.pending
            )
        assert subject.store.describe(subject.secret_id) == before

    def _promote(self, subject: Subject) -> None:
        subject.store.write_pending(subject.secret_id, version=subject.pending, text=PENDING_VALUE)
        subject.store.move_label(
            subject.secret_id, label=AWSCURRENT, source=subject.current, destination=subject.pending
        )

"""The gate, over every placement of labels that a secret can have."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from rotating_rds_function.domain.versions import (
    AWSCURRENT,
    AWSPENDING,
    AWSPREVIOUS,
    AlreadyDone,
    Placement,
    Proceed,
    Refuse,
    SecretDescription,
    gate,
    placement_of,
)

_LABELS = (AWSCURRENT, AWSPENDING, AWSPREVIOUS, "custom")
_PLACEMENTS = [frozenset(some) for some in chain.from_iterable(combinations(_LABELS, size) for size in range(5))]


def _described(labels: frozenset[str], *, enabled: bool = True) -> SecretDescription:
    others = frozenset({AWSCURRENT, AWSPENDING}) - labels
    return SecretDescription(enabled, {"token": labels, "another": others})


@pytest.mark.parametrize("labels", _PLACEMENTS, ids=lambda labels: "+".join(sorted(labels)) or "none")
def test_a_current_version_is_done_a_pending_one_proceeds_and_any_other_is_refused(labels: frozenset[str]) -> None:
    """Only the rotation's own version counts, wherever the labels of the others are."""
    decision = gate(_described(labels), "token")
    if AWSCURRENT in labels:
        assert decision == AlreadyDone(pending_left=AWSPENDING in labels)
    elif AWSPENDING in labels:
        assert decision == Proceed()
    else:
        assert isinstance(decision, Refuse)
        assert "not staged AWSPENDING" in decision.sentence


@pytest.mark.parametrize("labels", _PLACEMENTS, ids=lambda labels: "+".join(sorted(labels)) or "none")
def test_a_disabled_rotation_is_refused_wherever_the_labels_are(labels: frozenset[str]) -> None:
    """Switching rotation off stops it at the next step."""
    decision = gate(_described(labels, enabled=False), "token")
    assert isinstance(decision, Refuse)
    assert "Rotation is disabled" in decision.sentence


def test_a_version_that_the_secret_does_not_know_is_refused() -> None:
    """A token from elsewhere never makes a version."""
    decision = gate(_described(frozenset({AWSPENDING})), "stranger")
    assert isinstance(decision, Refuse)
    assert "has no version {version}" in decision.sentence


def test_every_placement_has_a_decision() -> None:
    """The table has no hole."""
    seen = {placement_of(_described(labels), "token") for labels in _PLACEMENTS}
    seen |= {
        placement_of(_described(frozenset(), enabled=False), "token"),
        placement_of(_described(frozenset()), "stranger"),
    }
    assert seen == set(Placement)


@pytest.mark.parametrize("labels", _PLACEMENTS, ids=lambda labels: "+".join(sorted(labels)) or "none")
def test_a_refusal_names_the_version_and_a_remedy(labels: frozenset[str]) -> None:
    """A sentence is of use only with the id to look for and the command to run."""
    decision = gate(_described(labels, enabled=False), "token")
    assert isinstance(decision, Refuse)
    assert "version token" in decision.sentence.format(version="token")
    assert "RotateSecret" in decision.sentence

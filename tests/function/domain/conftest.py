"""The world in which steps run."""

from __future__ import annotations

import pytest

from tests.support.rotations import World


@pytest.fixture
def world() -> World:
    """Return a rotation that has just been started."""
    return World.just_started()

"""Applications at work with every driver and pool, on every engine, while credentials rotate by every strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.soak.credentials import CREDENTIALS
from benchmarks.soak.figures import broken_promises
from benchmarks.soak.run import Pace, soak

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.shop import Shop


@pytest.mark.timeout(600)
def test_applications_never_notice_that_every_credential_rotates_every_five_seconds(
    shop: Shop, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """With every driver and pool, for a minute, each rotation held for two seconds between password and label."""
    figures = soak(shop.cloud, shop.outputs, CREDENTIALS, Pace(seconds=60), tmp_path)
    for each in figures:
        tell(
            f"soak: {each.credential.name}: {len(each.rotations)} rotations, {each.operations} operations, "
            f"{len(each.failures)} failed, {len(each.opened_in_gaps)} of {len(each.opened)} connections in gaps, "
            f"{each.retries} retries, the slowest {each.slowest_seconds:.1f} s, "
            f"{each.calls_per_thousand:.0f} calls per 1,000"
        )
    assert broken_promises(figures) == []


def test_applications_that_do_not_retry_notice(shop: Shop, tmp_path: Path) -> None:
    """Or the soak would find nothing."""
    (credential,) = [each for each in CREDENTIALS if each.name == "postgres single_user"]
    (figures,) = soak(shop.cloud, shop.outputs, [credential], Pace(seconds=1), tmp_path, impatient=True)
    clients = {failure.partition(":")[0] for failure in figures.failures}
    assert {"psycopg", "pg8000", "asyncpg"} <= clients
    assert any("operations failed" in sentence for sentence in figures.broken_promises())

"""The samples of the README, run from top to bottom as a reader would."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rotating_rds_client import RetryPolicy, SecretSource

if TYPE_CHECKING:
    from tests.support.rotating_login import RotatingLogin

README = Path(__file__).resolve().parents[2] / "client" / "README.md"


def run_samples() -> dict[str, Any]:
    """Run every Python block in one namespace, closing what each leaves open."""
    names: dict[str, Any] = {}
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) > 4
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)  # noqa: S102 - running the text is the point
        with contextlib.suppress(KeyError):
            names.pop("connection").close()
    return names


@pytest.mark.usefixtures("endpoint")
def test_the_samples_run(login: RotatingLogin, capsys: pytest.CaptureFixture[str]) -> None:
    """Against boto3, a real server and verified TLS; what they print is what their comments say."""
    names = run_samples()
    printed = capsys.readouterr().out
    assert "Totals(connections=1, retries=0, refreshes=0, failures=0)" in printed
    assert "hunter2" not in printed
    assert names["credentials"].username == login.username


def test_the_stated_defaults_are_the_code_s() -> None:
    """Figures in prose age."""
    lifetime = SecretSource("orders")._lifetime
    assert (lifetime.ttl, lifetime.jitter, lifetime.max_stale) == (300.0, 0.1, 3600.0)
    policy = RetryPolicy()
    assert (policy.budget, policy.first_delay, policy.max_delay, policy.last_login) == (15.0, 0.1, 1.0, True)

"""What a cold start loads."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
sys.path.insert(0, "lambda")
import rotating_rds_function.handlers.rotate
print(*sorted(sys.modules))
"""


def _loaded() -> set[str]:
    finished = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    return set(finished.stdout.split())


def test_no_driver_is_loaded_before_a_secret_says_which() -> None:
    """Each invocation needs one of them."""
    assert not _loaded() & {"pg8000", "scramp", "pymysql"}


def test_the_sdk_is_loaded_while_lambda_initialises() -> None:
    """That phase has the most CPU."""
    assert "botocore.session" in _loaded()

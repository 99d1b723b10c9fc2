"""What a cold start loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
sys.path.insert(0, "lambda")
import rotating_rds_function.handlers.{handler}
print(*sorted(sys.modules))
"""
_HANDLERS = ("rotate", "provision")


def _loaded(handler: str) -> set[str]:
    program = _PROGRAM.format(handler=handler)
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(finished.stdout.split())


@pytest.mark.parametrize("handler", _HANDLERS)
def test_no_driver_is_loaded_before_a_request_says_which(handler: str) -> None:
    """Each invocation needs one of them."""
    assert not _loaded(handler) & {"pg8000", "scramp", "pymysql"}


@pytest.mark.parametrize("handler", _HANDLERS)
def test_the_sdk_is_loaded_while_lambda_initialises(handler: str) -> None:
    """That phase has the most CPU."""
    assert "botocore.session" in _loaded(handler)


def test_a_rotation_does_not_load_what_only_provisions() -> None:
    """One bundle serves both."""
    modules = {module.rpartition(".")[2] for module in _loaded("rotate") if module.startswith("rotating_rds_function")}
    assert not modules & {"provision", "provisioning", "requests", "declarations", "account_provisioning"}

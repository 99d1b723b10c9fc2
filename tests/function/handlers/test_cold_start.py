"""What a cold start loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
sys.path.insert(0, "lambda")
{statement}
print({result})
"""
_HANDLERS = ("rotate", "provision")


def _printed(statement: str, result: str) -> str:
    """What a process prints that begins with a statement."""
    program = _PROGRAM.format(statement=statement, result=result)
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return finished.stdout


def _loaded(module: str) -> set[str]:
    return set(_printed(f"import rotating_rds_function.{module}", "*sorted(sys.modules)").split())


@pytest.mark.parametrize("handler", _HANDLERS)
def test_no_driver_is_loaded_before_a_request_says_which(handler: str) -> None:
    """Each invocation needs one of them."""
    assert not _loaded(f"handlers.{handler}") & {"pg8000", "scramp", "pymysql"}


@pytest.mark.parametrize("handler", _HANDLERS)
def test_the_sdk_is_loaded_while_lambda_initialises(handler: str) -> None:
    """That phase has the most CPU."""
    assert "botocore.session" in _loaded(f"handlers.{handler}")


def test_a_rotation_does_not_load_what_only_provisions() -> None:
    """One bundle serves both."""
    modules = {
        module.rpartition(".")[2] for module in _loaded("handlers.rotate") if module.startswith("rotating_rds_function")
    }
    assert not modules & {"provision", "provisioning", "requests", "declarations", "account_provisioning"}


def test_of_postgresql_s_driver_what_no_session_uses_is_not_loaded() -> None:
    """Its larger half: two older interfaces, and a library of which a login needs one word."""
    modules = _loaded("adapters.postgres")
    assert {"pg8000.native", "scramp"} <= modules
    assert not modules & {"pg8000.legacy", "pg8000.dbapi", "asn1crypto", "asn1crypto.core", "asn1crypto.x509"}


def test_after_a_cold_start_garbage_is_collected_again_but_not_looked_for_among_what_was_loaded() -> None:
    """Collections while loading would look at all of it, many times."""
    statement = (
        "import gc\nfrom rotating_rds_function.adapters import sdk\n"
        "client = sdk.make_client('secretsmanager', sdk.Config(region_name='us-east-1'))"
    )
    assert _printed(statement, "gc.isenabled(), gc.get_freeze_count() > 10_000") == "True True\n"

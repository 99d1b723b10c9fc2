from __future__ import annotations

import subprocess
import sys

import rotating_rds_client


def test_the_public_names_are_sorted_and_there() -> None:
    """What the package promises is one list."""
    assert rotating_rds_client.__all__ == sorted(rotating_rds_client.__all__, key=lambda name: (name.islower(), name))
    assert all(hasattr(rotating_rds_client, name) for name in rotating_rds_client.__all__)


def test_importing_the_client_imports_no_driver_and_no_boto3() -> None:
    """Applications pay for what they use; boto3 itself is imported with the first client."""
    heavy = ("boto3", "pg8000", "psycopg", "asyncpg", "pymysql", "mysql")
    code = f"import sys, rotating_rds_client; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"

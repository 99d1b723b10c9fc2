"""The ready-made code of the rotation function, shipped inside this package."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from rotating_rds import contract
from rotating_rds.errors import BundleMissingError

BUNDLE = Path(__file__).resolve().parent / "_bundle"


def function_code(bundle: Path = BUNDLE) -> lambda_.Code:
    """Return the function's code as an asset, whose hash depends on the bundle's content alone.

    :param bundle: the bundle's folder; the one inside this package unless given.
    :raises BundleMissingError: if the bundle was not built.
    """
    package = contract.HANDLER.split(".", 1)[0]
    if not (bundle / package / "__init__.py").is_file():
        raise BundleMissingError(
            f"The rotation function's bundle has no package {package!r}: run `make setup` in a checkout, or install a "
            "released wheel of cdk-rotating-rds, which carries it."
        )
    # An interpreter that looked at the bundle leaves caches behind, which must not change the asset's hash.
    return lambda_.Code.from_asset(str(bundle), exclude=["**/__pycache__", "**/*.pyc"])

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from rotating_rds import BundleMissingError
from rotating_rds.bundle import BUNDLE, function_code

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return a small bundle."""
    return small_bundle(tmp_path / "one")


def small_bundle(directory: Path) -> Path:
    """Make a bundle with the function's package in it."""
    package = directory / "rotating_rds_function"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("# code\n", encoding="utf-8")
    return directory


def asset_of(bundle: Path) -> str:
    """Return the name of the bundle's asset in a template, which holds its hash."""
    stack = Stack(App(), "Stack")
    function = lambda_.Function(
        stack, "Function", code=function_code(bundle), handler="x.y", runtime=lambda_.Runtime.PYTHON_3_13
    )
    return str(stack.resolve(function.node.default_child.code)["s3Key"])  # type: ignore[union-attr]  # an L1


def test_a_missing_bundle_is_one_sentence_with_the_remedy(tmp_path: Path) -> None:
    """Who has a checkout learns what to run, who has a wheel where it comes from."""
    with pytest.raises(BundleMissingError, match=r"no package 'rotating_rds_function': run `make setup` .*wheel"):
        function_code(tmp_path)


def test_the_hash_depends_on_the_content_and_not_on_the_place(bundle: Path, tmp_path: Path) -> None:
    """Two checkouts, or a checkout and a wheel, deploy the same asset."""
    assert asset_of(bundle) == asset_of(small_bundle(tmp_path / "elsewhere" / "two"))


def test_the_hash_changes_with_the_content(bundle: Path) -> None:
    """A changed function is deployed."""
    before = asset_of(bundle)
    (bundle / "rotating_rds_function" / "__init__.py").write_text("# other code\n", encoding="utf-8")
    assert asset_of(bundle) != before


def test_an_interpreters_caches_change_nothing(bundle: Path) -> None:
    """GIVEN a bundle that was imported from, THEN its asset is the same."""
    before = asset_of(bundle)
    cache = bundle / "rotating_rds_function" / "__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.pyc").write_bytes(b"\0")
    assert asset_of(bundle) == before


def test_the_bundle_is_inside_the_package() -> None:
    """A wheel carries it, and adopters need nothing else."""
    assert BUNDLE.parent.name == "rotating_rds"
    assert (BUNDLE / "rotating_rds_function").is_dir()

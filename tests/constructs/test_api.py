from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys

import pytest

import rotating_rds
from rotating_rds.database_function import DatabaseFunction
from rotating_rds.rotation import When
from rotating_rds.shared_props import Shared
from tests.support.toolchain import ROOT, own_path


def test_the_public_names_are_sorted_and_exist() -> None:
    """`__all__` is the list that adopters may rely on."""
    assert rotating_rds.__all__ == sorted(rotating_rds.__all__)
    assert all(hasattr(rotating_rds, name) for name in rotating_rds.__all__)


def test_every_public_class_says_what_it_is() -> None:
    """Editors show these sentences to adopters."""
    for name in rotating_rds.__all__:
        documented = getattr(rotating_rds, name)
        assert inspect.getdoc(documented), name


def test_every_prop_of_a_construct_is_documented() -> None:
    """A default is behaviour, and adopters read it where they write."""
    for construct in (
        rotating_rds.RotatingDatabase,
        rotating_rds.RotatingCluster,
        rotating_rds.AdoptedDatabase,
        rotating_rds.DatabaseUser,
        DatabaseFunction,
        rotating_rds.AuditTrail,
        rotating_rds.RotationAlarms,
        rotating_rds.AlarmTopic,
    ):
        described = inspect.getdoc(construct) or ""
        for name, parameter in inspect.signature(construct).parameters.items():
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                assert f":param {name}:" in described, f"{construct.__name__}.{name}"


@pytest.mark.parametrize("shared", [rotating_rds.SharedProps, When])
def test_shared_props_are_documented_where_they_are_named(shared: type) -> None:
    """One place says what all constructs, or all strategies, take."""
    described = inspect.getdoc(shared) or ""
    assert re.findall(r":param (\w+):", described) == list(shared.__annotations__)


def test_shared_props_and_their_defaults_have_the_same_names() -> None:
    """What editors offer is what the constructs take."""
    assert list(rotating_rds.SharedProps.__annotations__) == [field.name for field in dataclasses.fields(Shared)]


def test_the_library_needs_the_cdk_alone() -> None:
    """GIVEN an interpreter that finds no other room, THEN the library imports, without boto3 and pydantic."""
    others = "{'boto3', 'botocore', 'pydantic', 'cdk_nag', 'stacks'}"
    program = f"import sys, rotating_rds; print(sorted({others} & set(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "constructs",
        env={"PATH": own_path()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == "[]"

from __future__ import annotations

import json
import tarfile
from importlib.resources import files
from typing import Any

from tests.support.toolchain import ROOT

# What is not as recommended, and why.
DEVIATIONS = {
    # Strong references refuse the removal of a network that a database still uses; weak ones notice too late.
    "@aws-cdk/core:defaultCrossStackReferences": "strong",
}


def recommended() -> dict[str, Any]:
    """Return the flags that the installed CDK recommends to new apps."""
    (archive,) = [path for path in files("aws_cdk._jsii").iterdir() if path.name.endswith(".jsii.tgz")]
    with archive.open("rb") as stream, tarfile.open(fileobj=stream) as package:
        member = package.extractfile("package/recommended-feature-flags.json")
        assert member is not None
        flags: dict[str, Any] = json.load(member)
        return flags


def test_every_recommended_feature_flag_is_explicit() -> None:
    """A new version of the CDK changes nothing unseen, and what differs has its reason above."""
    configured = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assert configured == {**recommended(), **DEVIATIONS}


def test_findings_of_the_built_in_validation_are_errors() -> None:
    """The flag is among the recommended ones, and on."""
    configured = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    assert configured["@aws-cdk/core:validateAgainstDefaultRules"] is True

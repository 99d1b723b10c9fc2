"""What the platform's template says that the local cloud cannot show, and what its assets hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from examples.platform.packaging import PackagingError, python_asset
from examples.platform.stack import Platform
from tests.support.toolchain import ROOT, put_own_tools_first

if TYPE_CHECKING:
    from pathlib import Path

put_own_tools_first()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The platform's template."""
    app = App(outdir=str(tmp_path_factory.mktemp("cdk.out")))
    return Template.from_stack(Platform(app, "platform", image_repository="orders", image_tag="1"))


def properties(template: Template, kind: str) -> list[dict[str, Any]]:
    """Return the properties of every resource of a type."""
    return [dict(resource["Properties"]) for resource in template.find_resources(kind).values()]


def test_applications_are_told_the_secrets_id_and_nothing_else(template: Template) -> None:
    """No password, and no host either: both are in the secret."""
    tasks = [
        {entry["Name"] for entry in definition["ContainerDefinitions"][0]["Environment"]}
        for definition in properties(template, "AWS::ECS::TaskDefinition")
    ]
    (report,) = [each for each in properties(template, "AWS::Lambda::Function") if each["Handler"] == "app.handler"]
    (launch,) = properties(template, "AWS::EC2::LaunchTemplate")
    assert [*tasks, report["Environment"]["Variables"].keys()] == [{"DATABASE_SECRET_ID"}] * 3
    assert json.dumps(launch["LaunchTemplateData"]["UserData"]).count("DATABASE_SECRET_ID=") == 1


def test_service_function_and_worker_reach_the_database_and_tell_apart_who_does(template: Template) -> None:
    """Each from a security group of its own; beside them, only the functions of the library."""
    reasons = {rule["Description"] for rule in properties(template, "AWS::EC2::SecurityGroupIngress")}
    assert {"Orders are stored", "Orders are counted", "Orders are shipped"} <= reasons


def test_instances_speak_version_2_of_the_metadata_service_only(template: Template) -> None:
    """A server that is talked into fetching an address gets no credentials that way."""
    (launch,) = properties(template, "AWS::EC2::LaunchTemplate")
    assert launch["LaunchTemplateData"]["MetadataOptions"]["HttpTokens"] == "required"


def copied(target: Path, example: str, **options: Any) -> set[str]:
    """Put an asset together as synthesis does, and return its files."""
    local = python_asset(ROOT / "examples" / example, **options)["bundling"].local
    assert local is not None
    assert local.try_bundle(str(target))
    return {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}


def test_an_asset_holds_all_that_runs_and_nothing_of_this_machine(tmp_path: Path) -> None:
    """The code, the client with its authorities, the driver with its licence."""
    files = copied(tmp_path, "lambda_function", packages=("pg8000",))
    assert {"app.py", "rotating_rds_client/source.py", "pg8000/dbapi.py"} <= files
    assert any("certificates/" in name for name in files)
    assert any("LICENSE" in name.upper() for name in files)
    assert not {"infrastructure.py", "README.md"} & files
    assert not [name for name in files if name.endswith((".pyc", "/RECORD", "/INSTALLER", "/direct_url.json"))]


def test_native_code_of_this_machine_is_refused(tmp_path: Path) -> None:
    """It would not load where the asset runs."""
    with pytest.raises(PackagingError, match=r"'pydantic-core' holds native code .*take a pure-Python one"):
        copied(tmp_path, "lambda_function", packages=("pydantic-core",))

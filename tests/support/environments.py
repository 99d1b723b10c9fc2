"""Synthesises environments in this process, with the feature flags of cdk.json and without validation."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_cdk import App

from stacks.environment import declare
from stacks.settings_file import read_settings
from tests.support.templates import Template
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    from stacks.settings import Settings

NAMES = ("dev", "local", "prod", "staging")
PARTS = ("network", "orders", "audit")
CONTEXT: dict[str, Any] = {
    **json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"],
    "aws:cdk:enable-path-metadata": True,  # as the command line sets it
    "aws:cdk:disable-asset-staging": True,  # copies of the bundle would be most of the time
    "@aws-cdk/core:validateAgainstDefaultRules": False,  # the tests of app.py validate, once
}


def synthesise(settings: Settings) -> dict[str, Template]:
    """Return the templates of an environment by part, such as `database`."""
    app = App(context=CONTEXT, analytics_reporting=False)
    declare(app, settings)
    prefix = f"rotating-rds-{settings.name}-"
    return {stack.stack_name.removeprefix(prefix): Template(stack.template) for stack in app.synth().stacks}


@cache
def templates(name: str) -> dict[str, Template]:
    """Return the templates of one of the repository's environments, synthesised once."""
    return synthesise(read_settings(name))


def template(name: str, part: str) -> Template:
    """Return one template of one of the repository's environments."""
    return templates(name)[part]

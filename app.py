"""The composition root: settings, stacks, validation. `cdk synth -c env=NAME` runs it; it makes no AWS call."""

from __future__ import annotations

import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks
from rotating_rds import DeclarationError
from stacks.environment import declare
from stacks.settings import SettingsError, read_settings


def main() -> int:
    """Synthesise the environment that `-c env=NAME` names; return the exit code."""
    app = App(analytics_reporting=False)
    try:
        declare(app, read_settings(app.node.try_get_context("env")))
    except (SettingsError, DeclarationError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # the CDK command line shows what its app prints
        return 1
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())

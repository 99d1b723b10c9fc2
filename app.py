"""The composition root: settings, stacks, validation. `cdk synth -c env=NAME` runs it; it makes no AWS call."""

from __future__ import annotations

import sys

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks, NIST80053R5Checks

from rotating_rds import BundleMissingError, DeclarationError
from stacks.environment import declare
from stacks.settings_errors import SettingsError
from stacks.settings_file import read_settings

# Traces of declarations would put paths of this machine into the assembly; CDK_DEBUG=1 brings them back.
_WITHOUT_TRACES = {"aws:cdk:disable-creation-stack-traces": True}


def main() -> int:
    """Synthesise the environment that `-c env=NAME` names; return the exit code."""
    app = App(analytics_reporting=False, context=_WITHOUT_TRACES)
    name = app.node.try_get_context("env")
    try:
        declare(app, read_settings(name))
    except (SettingsError, BundleMissingError) as error:
        return _refuse(str(error))
    except DeclarationError as error:
        return _refuse(f"environments/{name}.toml: {error}")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), NIST80053R5Checks(app))
    app.synth()
    return 0


def _refuse(sentences: str) -> int:
    print(sentences, file=sys.stderr)  # noqa: T201  # the CDK command line shows what its app prints
    return 1


if __name__ == "__main__":
    sys.exit(main())

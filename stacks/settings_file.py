"""Reads `environments/<name>.toml` into one frozen, validated object."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rotating_rds import contract
from stacks.inheritance import inherit
from stacks.settings import EnvironmentFile, Settings
from stacks.settings_errors import SettingsError, sentences

ENVIRONMENTS = Path(__file__).resolve().parent.parent / "environments"


def environment_names(directory: Path = ENVIRONMENTS) -> list[str]:
    """Return the names of the environments in *directory*."""
    return sorted(path.stem for path in directory.glob("*.toml"))


def read_settings(name: str | None, directory: Path = ENVIRONMENTS) -> Settings:
    """Read and check the settings of the environment *name*.

    :param name: as in `-c env=NAME`.
    :param directory: where the environments' files are.
    :raises SettingsError: if there is no such environment, or its file is wrong; one sentence for each fault.
    """
    known = environment_names(directory)
    if name is None or name not in known:
        wrong = f"The environment {name!r} is unknown" if name else "No environment was named"
        raise SettingsError(f"{wrong}: give -c env=NAME, where NAME is one of {', '.join(known)}.")
    path = directory / f"{name}.toml"
    label = f"{directory.name}/{path.name}"
    if not re.fullmatch(contract.ENVIRONMENT_NAME, name):
        raise SettingsError(
            f"{label}: {name!r} cannot be part of role paths and tags: rename the file to 1 to 32 lower-case letters, "
            "digits and hyphens that begin with a letter."
        )
    written = _tables(path, label)
    content = inherit(written)
    try:
        EnvironmentFile.model_validate(content)
    except ValidationError as error:
        raise SettingsError("\n".join(sentences(label, EnvironmentFile, error.errors(), written))) from error
    return Settings.model_validate({**content, "name": name})


def _tables(path: Path, label: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{label} is no TOML ({error}): correct the file.") from error

"""Reads `environments/<name>.toml` into one frozen, validated object."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from stacks.settings import Settings
from stacks.settings_errors import SettingsError, sentence

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
    if name not in known:
        wrong = f"The environment {name!r} is unknown" if name else "No environment was named"
        raise SettingsError(f"{wrong}: give -c env=NAME, where NAME is one of {', '.join(known)}.")
    path = directory / f"{name}.toml"
    label = f"{directory.name}/{path.name}"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{label} is no TOML ({error}): correct the file.") from error
    try:
        return Settings.model_validate({"name": name, **content})
    except ValidationError as error:
        raise SettingsError("\n".join(sentence(label, Settings, detail) for detail in error.errors())) from error

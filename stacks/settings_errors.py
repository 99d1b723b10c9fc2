"""Turns what pydantic finds into sentences for whoever edits the file."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class SettingsError(ValueError):
    """An environment cannot be read; each line is one sentence: file, key, value, remedy."""


def sentence(file: str, model: type[BaseModel], error: ErrorDetails) -> str:
    """Return one sentence about one error.

    :param file: the file as messages name it.
    :param model: the model of the whole file, whose field descriptions are the remedies.
    :param error: as `ValidationError.errors()` lists it.
    """
    location = [part for part in error["loc"] if isinstance(part, str)]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        known = sorted(_model_at(model, location[:-1]).model_fields)
        near = difflib.get_close_matches(location[-1], known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}."
        return f"{file}: unknown key {key} = {error['input']!r}: {remedy}"
    if error["type"] == "missing":
        return f"{file}: the key {key} is missing: give {_remedy(model, location)}."
    if error["type"] == "value_error":  # raised by a validator of ours, with its own remedy
        return ": ".join(part for part in (file, key, str(error["ctx"]["error"])) if part)
    return f"{file}: {key} = {error['input']!r} is refused: give {_remedy(model, location)}."


def _remedy(model: type[BaseModel], location: list[str]) -> str:
    return _model_at(model, location[:-1]).model_fields[location[-1]].description or "another value"


def _model_at(model: type[BaseModel], location: list[str]) -> type[BaseModel]:
    for name in location:
        annotation = model.model_fields[name].annotation
        model = next(part for part in (annotation, *getattr(annotation, "__args__", ())) if _is_model(part))
    return model


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)

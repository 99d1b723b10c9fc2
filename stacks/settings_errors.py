"""Turns what pydantic finds into sentences for whoever edits the file."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    Location = Sequence[str | int]


class SettingsError(ValueError):
    """An environment cannot be read; each line is one sentence: file, key, value, remedy."""


def sentences(
    file: str, model: type[BaseModel], errors: Sequence[ErrorDetails], written: Mapping[str, Any]
) -> list[str]:
    """Return one sentence about each fault, where it was written.

    :param file: the file as messages name it.
    :param model: the model of the whole file, whose field descriptions are the remedies.
    :param errors: as `ValidationError.errors()` lists them.
    :param written: the file's content. A value that is inherited is faulted where it is, and not where it is missing.
    """
    told = [error for error in errors if not _is_consequence(error, errors)]
    own = [error for error in told if not _is_inherited(error, written)]
    return [_sentence(file, model, error) for error in own or told]


def key_path(location: Location) -> str:
    """Return a key as messages name it, such as `databases[1].users[0].rotation.schedule`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _sentence(file: str, model: type[BaseModel], error: ErrorDetails) -> str:
    location = error["loc"]
    key = key_path(location)
    if error["type"] == "extra_forbidden":
        known = sorted(_model_at(model, location[:-1]).model_fields)
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}."
        return f"{file}: unknown key {key}{_received(error)}: {remedy}"
    if error["type"] == "missing":
        return f"{file}: the key {key} is missing: give {_remedy(model, location)}."
    if error["type"] == "value_error":  # raised by a validator of ours, with its own remedy
        return ": ".join(part for part in (file, key, str(error["ctx"]["error"])) if part)
    return f"{file}: {key}{_received(error)} is refused: give {_remedy(model, location)}."


def _received(error: ErrorDetails) -> str:
    """Return the value, unless it is tables, which would be longer than the sentence."""
    value = error["input"]
    tables = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))
    return "" if tables else f" = {value!r}"


def _is_consequence(error: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a list is too short only because pydantic does not count the faulty items, which it tells as well."""
    length = len(error["loc"])
    return error["type"] == "too_short" and any(
        len(other["loc"]) > length and other["loc"][:length] == error["loc"] for other in errors
    )


def _is_inherited(error: ErrorDetails, written: Mapping[str, Any]) -> bool:
    found: Any = written
    for part in error["loc"][: -1 if error["type"] == "missing" else None]:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return True
    return False


def _remedy(model: type[BaseModel], location: Location) -> str:
    """Return the description of the innermost field: of a list's or a table's value, that of the list or table."""
    for end in range(len(location), 0, -1):
        owner, name = _owner(model, location[: end - 1]), location[end - 1]
        if owner is not None and name in owner.model_fields:
            return owner.model_fields[str(name)].description or "another value"
    return "another value"


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    found = _owner(model, location)
    assert found is not None, location  # noqa: S101  # an unknown key is always a table's
    return found


def _owner(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """Return the model of the table at *location*; None if there is a list or a table of single values."""
    found: type[BaseModel] | None = model
    for name in location:
        if isinstance(name, int):
            continue
        if found is None or name not in found.model_fields:
            return None
        found = next(_models(found.model_fields[name].annotation), None)
    return found


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)

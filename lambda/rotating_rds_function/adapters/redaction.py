"""Nothing secret leaves: no error is shown with a secret in it, or with a foreign text.

An adapter may leak by a mistake of its own or of its driver. The boundary around the ports is the second line behind
the adapters' care, and the handler's last look at an error is the third.
"""

from __future__ import annotations

import base64
import json
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from urllib.parse import quote

from rotating_rds_function.domain.errors import InternalError, RotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

_MASK = "***"


class Redactor:
    """Knows the secrets of one invocation."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def learn(self, secret: str) -> None:
        """Remember a password, or a SecretString with its password."""
        for part in (secret, *_passwords_in(secret)):
            self._forms.update(form for form in _forms_of(part) if form)

    def clean(self, text: str) -> str:
        """Return *text* without any secret, however it is written."""
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, _MASK)
        return text

    def presentable(self, error: Exception) -> RotationError:
        """Return a new error that may be shown: without chain, frames and foreign text."""
        if isinstance(error, RotationError):
            return type(error)(self.clean(str(error)))
        return InternalError(
            f"The step failed with {self.clean(type(error).__name__)} at {_place_of(error)}: "
            "this is a defect of the function; report it with this sentence."
        )

    def guard(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call whose errors are presentable."""
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is must not pass as it is
            failure = self.presentable(error)
        raise failure  # out here, where the original is not its context


def _passwords_in(text: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict) and isinstance(document.get("password"), str):
        yield document["password"]


def _forms_of(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        secret.replace("'", "''"),
        quote(raw, safe=""),
        base64.b64encode(raw).decode("ascii"),
        raw.hex(),
    }


def _place_of(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"

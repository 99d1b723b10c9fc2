"""Replacing names of ministack, so that a version which lacks or changed one of them is noticed at start."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


class IncompatibleMinistackError(Exception):
    """The installed ministack is not the one which the hooks were written for."""


def expect(module: ModuleType, name: str, signature: str) -> Callable[..., Any]:
    """Return a function of ministack after comparing its signature.

    :param signature: its parameters without annotations, such as `(data, allow_aws_source=False)`.
    :raises IncompatibleMinistackError: the name is missing, or takes other parameters.
    """
    function = getattr(module, name, None)
    if not callable(function):
        raise IncompatibleMinistackError(
            f"{module.__name__} has no function {name}: the hooks of the local cloud need the pinned ministack version."
        )
    found = _parameters(function)
    if found != signature:
        raise IncompatibleMinistackError(
            f"{module.__name__}.{name} takes {found} instead of {signature}: "
            "the hooks of the local cloud need the pinned ministack version."
        )
    return function  # type: ignore[no-any-return]


def replace(module: ModuleType, name: str, signature: str, replacement: Callable[..., Any]) -> None:
    """Put a function in the place of one of ministack's; its first argument is the replaced function.

    The module's tables of functions, which its dispatchers read, get the new one too.

    :raises IncompatibleMinistackError: see :func:`expect`.
    """
    original = expect(module, name, signature)
    wrapped = functools.wraps(original)(functools.partial(replacement, original))
    setattr(module, name, wrapped)
    for table in vars(module).values():
        if isinstance(table, dict):
            table.update({key: wrapped for key, value in table.items() if value is original})


def require(module: ModuleType, *names: str) -> None:
    """Check that ministack still keeps the records which a hook reads and writes.

    :raises IncompatibleMinistackError: a name is missing.
    """
    for name in names:
        if not hasattr(module, name):
            raise IncompatibleMinistackError(
                f"{module.__name__} has no {name}: the hooks of the local cloud need the pinned ministack version."
            )


def _parameters(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))

"""Loading what stays: code and data that a process keeps until its end."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def lasting() -> Iterator[None]:
    """Collect no garbage in the block, and leave all that is there at its end out of later collections.

    Loading makes hundreds of thousands of objects that stay. Each collection would look at all of them, in vain.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()

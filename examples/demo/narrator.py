"""What people see while the demo works: a spinner on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN_WIDTH = 120


class Narrator:
    """Tells of acts, and how long each took."""

    def __init__(self) -> None:
        # An ARN holds ":secret:", which would be replaced by a picture if emoji were on.
        self.console = Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)
        self.box = box.SIMPLE_HEAD if self.console.is_terminal else box.ASCII
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the demo has been running."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Print a text as it is: commands in it can be copied, and nothing in it is markup."""
        self.console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def act(self, title: str) -> Iterator[None]:
        """Tell of one act while it lasts, and how it ended."""
        began = time.monotonic()
        try:
            with self.console.status(title):
                yield
        except BaseException:
            self._tell("[red]failed[/]", title, began)
            raise
        self._tell("[green]done[/]  ", title, began)

    def _tell(self, word: str, title: str, began: float) -> None:
        self.console.print(f"{word} {title} ({time.monotonic() - began:.1f} s)")

"""Who is on call: what has reached them through the alarm topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.support import waiting

if TYPE_CHECKING:
    from tests.support.queues import Queue

# What travels through functions, logs, metrics and queues takes its time on a busy machine.
eventually = partial(waiting.eventually, within=30)


@dataclass
class OnCall:
    """Reads a queue that is subscribed to the topic."""

    queue: Queue
    _received: list[str] = field(default_factory=list)

    def messages(self) -> list[str]:
        """Return all messages so far."""
        self._received.extend(document["Message"] for document in self.queue.documents())
        return self._received

    def told_of(self, paragraph: str) -> list[str]:
        """Return those that lead to a paragraph of the runbook."""
        return [text for text in self.messages() if f"'{paragraph}' in docs/runbook.md" in text]

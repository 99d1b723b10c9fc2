"""Jobs on several servers at once, and on each of them in turn: for nearly all of their time is waiting."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import ExitStack

# Engine, strategy, and what else tells jobs apart.
Job = tuple[str, ...]


def side_by_side(tidy: ExitStack, jobs: Mapping[Job, Callable[[], Any]]) -> dict[Job, Future[Any]]:
    """Begin jobs, with a thread for each engine; those of one server take turns in their order.

    :param tidy: waits for them.
    """
    threads = {engine: tidy.enter_context(ThreadPoolExecutor(1)) for engine in dict.fromkeys(job[0] for job in jobs)}
    return {job: threads[job[0]].submit(perform) for job, perform in jobs.items()}

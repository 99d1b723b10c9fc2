"""What is known about an invocation while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rotating_rds_function.domain.targets import Target


@dataclass
class Progress:
    """What is known about a step while it runs, so that a failure can be reported with it.

    :param target: None until the deployment's word about the secret was read.
    :param attempts: how often the step was begun.
    """

    target: Target | None = None
    attempts: int = 0

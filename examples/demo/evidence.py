"""What the demo has seen; the checks and the report are made of nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from examples.demo.traffic import Traffic

if TYPE_CHECKING:
    from examples.demo.audit import Reader
    from examples.demo.rotations import Rotation


@dataclass
class Evidence:
    """Filled in by one act after the other.

    :param broken_step: Name and error of the step that the sabotage made fail.
    :param news_of_failure: The message about the failed rotation, as on-call gets it; likewise that of the alarm.
    :param outsider_error: AWS's error code for the outsider's read; empty if the read succeeded.
    :param news_of_refusal: The message about that; likewise about the administrator's read, which succeeded.
    :param processes: How many processes were counted over the whole run.
    :param stacks_left: Stacks of the project that are left after their removal; ``None`` before it.
    :param processes_left: Likewise for processes.
    """

    rotations: list[Rotation] = field(default_factory=list)
    held: Rotation | None = None
    repaired: Rotation | None = None
    broken_step: tuple[str, str] | None = None
    traffic: Traffic = field(default_factory=Traffic)
    consumer_role: str = ""
    function_role: str = ""
    provision_role: str = ""
    probe_role: str = ""
    readers: tuple[Reader, ...] = ()
    outsider_error: str | None = None
    news_of_refusal: str = ""
    news_of_read: str = ""
    news_of_failure: str = ""
    news_of_alarm: str = ""
    alarms: tuple[str, ...] = ()
    processes: int = 0
    stacks_left: list[str] | None = None
    processes_left: list[str] | None = None

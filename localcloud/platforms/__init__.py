"""Processes of this machine that get a deployed role as AWS's compute gives it: ECS to a task, EC2 to an instance.

A platform answers at an address of its own for one process, which finds it by the variables that AWS's SDKs know.
"""

from __future__ import annotations

from localcloud.platforms.ecs import EcsTask
from localcloud.platforms.instance import Ec2Instance
from localcloud.platforms.platform import Answer, Platform, Request
from localcloud.platforms.running import run
from localcloud.platforms.serving import PLATFORMS, parse, running_as

__all__ = ["PLATFORMS", "Answer", "Ec2Instance", "EcsTask", "Platform", "Request", "parse", "run", "running_as"]

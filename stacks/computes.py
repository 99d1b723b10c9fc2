"""What consumers run on: the names that environments have for it, and the keys that each takes."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rotating_rds import Compute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class ComputeChoice:
    """A kind of application, as environments name it.

    :param make: returns it, given the values of *keys*.
    :param keys: what a consumer of this kind has to say, and no other may.
    """

    make: Callable[..., Compute]
    keys: tuple[str, ...] = ()


COMPUTES: Mapping[str, ComputeChoice] = MappingProxyType(
    {
        "ecs_task": ComputeChoice(Compute.ecs_task),
        "ec2_instance": ComputeChoice(Compute.ec2_instance),
        "lambda_function": ComputeChoice(Compute.lambda_function),
        "eks_pod_identity": ComputeChoice(
            Compute.eks_pod_identity, keys=("cluster_name", "namespace", "service_account")
        ),
        "eks_service_account": ComputeChoice(
            Compute.eks_service_account, keys=("issuer", "namespace", "service_account")
        ),
    }
)
KEYS = tuple(dict.fromkeys(key for choice in COMPUTES.values() for key in choice.keys))

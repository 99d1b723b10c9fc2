"""Times cached reads of one secret by several clients, in turns; runs in an environment that has all of them."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities import parameters
from aws_secretsmanager_caching import SecretCache

from rotating_rds_client import SecretSource

if TYPE_CHECKING:
    from collections.abc import Callable

# So many reads take a millisecond or more by each of them, which a clock can tell.
_READS = {"rotating_rds_client": 20_000, "powertools": 5_000, "aws_caching": 500}


def main(secret: str, rounds: int) -> None:
    """Print the microseconds of a read by each client, one figure a round."""
    clients: dict[str, Callable[[], Any]] = {
        "rotating_rds_client": SecretSource(secret).get,
        "powertools": _powertools(secret),
        "aws_caching": _aws_caching(secret),
    }
    seconds: dict[str, list[float]] = {name: [] for name in clients}
    for read in clients.values():
        read()
    for _ in range(rounds):
        for name, read in clients.items():
            seconds[name].append(_timed(read, _READS[name]))
    print(json.dumps({name: [each * 1e6 for each in found] for name, found in seconds.items()}))


def _powertools(secret: str) -> Callable[[], Any]:
    provider = parameters.SecretsProvider()
    return lambda: provider.get(secret, max_age=300)


def _aws_caching(secret: str) -> Callable[[], Any]:
    cache = SecretCache(client=boto3.client("secretsmanager"))
    return lambda: cache.get_secret_string(secret)


def _timed(read: Callable[[], Any], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        read()
    return (time.perf_counter() - started) / times


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

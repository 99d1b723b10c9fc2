"""A demo that is left running: in the place of ``make local-up``, so that ``make local-down`` removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.cloud import LocalCloud

if TYPE_CHECKING:
    from examples.demo.stage import Stage

_PORT = 4566  # the gateway's and the control API's, as `python -m localcloud up` chooses them


def start() -> LocalCloud:
    """Start a local cloud in the default directory.

    :raises LocalCloudError: if one is running there already.
    """
    return LocalCloud.start(port=_PORT, control_port=_PORT + 1)


def directions(stage: Stage) -> str:
    """Tell how to look around."""
    secret = stage.deployed.secret_arn if stage.deployed else "<id of the secret>"
    return f"""
The local cloud runs on at {stage.cloud.endpoint_url}. To look around, from the checkout, with .venv/bin on the PATH:
  eval "$(python -m localcloud env)"
  python -m localcloud status
  aws secretsmanager rotate-secret --secret-id {secret}
  DATABASE_SECRET_ID={secret} python -m examples.orders_app
and at the end: make local-down
"""

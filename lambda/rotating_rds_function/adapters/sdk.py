"""The AWS SDK: botocore, for what boto3 adds to it a cold start would load for nothing."""

from __future__ import annotations

import gc
from typing import Any

from rotating_rds_function.adapters.lasting import lasting

with lasting():
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,  # noqa: A004 - botocore's own
        HTTPClientError,
        NoCredentialsError,
        SSLError,
    )
    from botocore.loaders import Loader
    from botocore.session import get_session


def make_client(service: str, config: Config) -> Any:
    """Return a client of one service; what is loaded by then is left out of later collections of garbage."""
    with lasting():
        session = get_session()
        session.register_component("data_loader", _LoaderOf(service))
        client = session.create_client(service, config=config)
        gc.freeze()
    return client


class _LoaderOf(Loader):
    """Loads the descriptions of one service; botocore's own lists hundreds of folders, to look whether it exists."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's signature
        """See botocore.loaders.Loader."""
        return [self._service]


__all__ = [
    "BotoCoreError",
    "ClientError",
    "Config",
    "ConnectionError",
    "HTTPClientError",
    "NoCredentialsError",
    "SSLError",
    "make_client",
]

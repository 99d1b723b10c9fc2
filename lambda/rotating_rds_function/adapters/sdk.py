"""The AWS SDK: botocore, for what boto3 adds to it a cold start would load for nothing."""

from __future__ import annotations

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
    from botocore.session import get_session

__all__ = [
    "BotoCoreError",
    "ClientError",
    "Config",
    "ConnectionError",
    "HTTPClientError",
    "NoCredentialsError",
    "SSLError",
    "get_session",
]

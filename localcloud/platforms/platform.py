"""What kinds of compute have in common, as far as their processes' roles go."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.cloud import LocalCloud

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EXECUTION_ENV",
)
"""Variables that tell SDKs of credentials: a process has those of its platform, and none of the shell's."""


@dataclass(frozen=True)
class Request:
    """What an SDK asks.

    :param headers: by their names in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What it hears."""

    body: str = ""
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


NOT_FOUND = Answer("Not Found", HTTPStatus.NOT_FOUND)


class Platform(ABC):
    """A kind of compute, with one process on it."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud

    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """Return keys of a new session of the role, as the control API gives them.

        :raises LocalCloudError: there is no such role, or it does not trust this kind of compute.
        """

    @abstractmethod
    def environment(self, url: str) -> dict[str, str]:
        """Return the variables by which SDKs find this platform at *url*, which ends without a slash."""

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Serve one request of the process."""

"""A task of Amazon ECS, whose agent hands out the task role.

Source: "Amazon ECS task IAM role" in the Developer Guide, "Container credential provider" in the AWS SDKs and Tools
Reference Guide. ECS names the agent by AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, for which SDKs go to 169.254.170.2; that
address cannot be had on loopback, so that the address is given in full, with a token that keeps other processes out.
"""

from __future__ import annotations

import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

from localcloud.platforms.platform import NOT_FOUND, Answer, Platform, Request

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

SERVICE = "ecs-tasks.amazonaws.com"


class EcsTask(Platform):
    """One task.

    :param role: name or ARN of the task role.
    """

    def __init__(self, cloud: LocalCloud, role: str) -> None:
        super().__init__(cloud)
        self._role = role
        self._task_id = uuid4().hex
        self._path = f"/v2/credentials/{uuid4()}"
        self._token = secrets.token_urlsafe(32)

    def credentials(self) -> dict[str, str]:
        """Assume the task role for the task, by whose id the session is named."""
        arn = f"arn:aws:ecs:{self._cloud.region}:{self._cloud.account}:task/local/{self._task_id}"
        return self._cloud.control.assume(self._role, service=SERVICE, source_arn=arn, session=self._task_id)

    def environment(self, url: str) -> dict[str, str]:
        """Return what the agent puts into a container's environment."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": url + self._path,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        }

    def answer(self, request: Request) -> Answer:
        """Hand out the task role to who has the token."""
        if (request.method, request.path) != ("GET", self._path):
            return NOT_FOUND
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), self._token.encode()):
            return Answer("Unauthorized", HTTPStatus.UNAUTHORIZED)
        return Answer(json.dumps(self.credentials()), content_type="application/json")

"""The answers of ministack's service functions: `(status, headers, body)`."""

from __future__ import annotations

import json
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class ServiceError(Exception):
    """An error as an AWS service answers it.

    :param code: the exception's name in the service's API model.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def answer(self) -> Answer:
        """Return the error in the JSON protocol."""
        return json_answer({"__type": self.code, "message": str(self)}, 400)


def json_answer(content: dict[str, Any], status: int = 200) -> Answer:
    """Return an answer of a service that speaks AWS's JSON protocol."""
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()


def content_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON document of a successful answer.

    :raises ServiceError: the answer is an error.
    """
    status, _, body = answer
    document: dict[str, Any] = json.loads(body)
    if status >= 400:  # noqa: PLR2004  # HTTP's own boundary
        raise ServiceError(document["__type"], document.get("message") or document.get("Message") or "")
    return document


def document_of(answer: Answer) -> dict[str, Any]:
    """Return the JSON document of an answer in the REST protocol.

    :raises ValueError: the answer is an error; CloudFormation tells its message.
    """
    status, _, body = answer
    document: dict[str, Any] = json.loads(body)
    if status >= 400:  # noqa: PLR2004  # HTTP's own boundary
        raise ValueError(document.get("message") or document.get("Message") or f"The service answered {status}.")
    return document

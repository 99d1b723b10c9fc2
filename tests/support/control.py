"""Plain requests to the emulator's control API, for what `LocalCloud` has no method for."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(cloud: LocalCloud, path: str, document: dict[str, Any] | None = None) -> Any:
    """Send a document and return the answer."""
    return _call(cloud, "POST", path, document)[1]


def refusal(cloud: LocalCloud, request_line: str, document: dict[str, Any] | None = None) -> tuple[int, str]:
    """Return a refusal's status and message.

    :param request_line: method and path.
    """
    method, path = request_line.split()
    status, answer = _call(cloud, method, path, document)
    return status, answer["message"]


def _call(cloud: LocalCloud, method: str, path: str, document: dict[str, Any] | None) -> tuple[int, Any]:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(cloud.control_url + path, data=body, method=method)  # noqa: S310  # our own
    try:
        with _OPENER.open(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)

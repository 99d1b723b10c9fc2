"""Every call through the gateway in CloudTrail's shape, denied ones included.

ministack's own recording misses denied calls and error codes and takes everybody for an IAM user. Sources: "CloudTrail
record contents", "CloudTrail userIdentity element" (CloudTrail User Guide) and "Log AWS Secrets Manager events with AWS
CloudTrail". What CloudFormation does inside ministack is not recorded, data events and calls of unknown keys are not
either, as with a trail that records management events.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core.responses import get_request_client_ip
from ministack.core.router import detect_service, extract_access_key_id

from localcloud.emulator import patches, trail
from localcloud.emulator.identity import user_identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from localcloud.emulator.emulator import Emulator

    Response = tuple[int, dict[str, str], Any]

_logger = logging.getLogger("localcloud.recording")

_routing = patches.expect(app, "_routing_params", "(method, path, headers, body, query_params)")
_event_name = patches.expect(app, "_ct_event_name", "(service, method, path, headers, query_params)")
_request_parameters = patches.expect(app, "_ct_request_params", "(headers, body, query_params)")

# Data events and calls that CloudTrail does not record at all.
_UNRECORDED_SERVICES = frozenset({"sqs", "dynamodb", "execute-api"})
_UNRECORDED_CALLS = re.compile(
    r"s3:.*Object.*|lambda:Invoke.*|sns:Publish.*|events:PutEvents|logs:(Put|Get|Filter)LogEvents"
    r"|monitoring:(PutMetricData|GetMetric(Data|Statistics))"
)
_READ_ONLY = re.compile(
    r"(Get|List|Describe|BatchGet|Lookup|Head|Filter|Search|Validate|Simulate).*"
    r"|Decrypt|Encrypt|ReEncrypt|GenerateDataKey.*|AssumeRole.*"
)
_WRITE_DESPITE_ITS_NAME = frozenset({"GetFederationToken", "GetSessionToken"})
_SECRET_PARAMETERS = frozenset(
    {"secretstring", "secretbinary", "masteruserpassword", "plaintext", "ciphertextblob", "password", "zipfile"}
)
_NO_PARAMETERS = frozenset({"action", "version", "templatebody"})
_FIRST_ERROR = 400


@dataclass(frozen=True)
class _Call:
    """A request as the gateway dispatches it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query_params: dict[str, Any]
    request_id: str


def install(_: Emulator) -> None:
    """Record calls after they were served or denied."""
    signature = "(method, path, headers, body, query_params, request_id)"
    patches.replace(app, "_dispatch_service_request", signature, _serve)


async def _serve(original: Callable[..., Awaitable[Response]], *request: Any) -> Response:
    response = await original(*request)
    try:
        event = _event(_Call(*request), response)
        for each in [event, *_batch_reads(event, response)] if event else []:
            trail.record(each)
    except Exception:
        _logger.exception("A call could not be recorded.")
    return response


def _event(call: _Call, response: Response) -> trail.Event | None:
    """Return the record of a call, None for one that CloudTrail does not record."""
    routing = _routing(call.method, call.path, call.headers, call.body, call.query_params)
    service = detect_service(call.method, call.path, call.headers, routing)
    name = _event_name(service, call.method, call.path, call.headers, routing)
    caller = user_identity(extract_access_key_id(call.headers, call.query_params) or "")
    if call.path.startswith("/_") or caller is None or not _is_recorded(service, name):
        return None
    return trail.new_event(
        userIdentity=caller,
        eventSource=f"{service}.amazonaws.com",
        eventName=name,
        eventType="AwsApiCall",
        sourceIPAddress=get_request_client_ip(),
        userAgent=call.headers.get("user-agent", ""),
        requestID=call.request_id,
        requestParameters=_parameters(_request_parameters(call.headers, call.body, call.query_params)),
        readOnly=_READ_ONLY.fullmatch(name) is not None and name not in _WRITE_DESPITE_ITS_NAME,
        **_failure(*response),
    )


def _batch_reads(event: trail.Event, response: Response) -> Iterator[trail.Event]:
    """Yield the GetSecretValue records of a batch: one for each secret requested (API reference of the batch call)."""
    if event["eventName"] != "BatchGetSecretValue" or "errorCode" in event:
        return
    answer = json.loads(response[2])
    single = {"eventName": "GetSecretValue"}
    for value in answer["SecretValues"]:
        yield event | single | trail.new_identity() | {"requestParameters": {"secretId": value["ARN"]}}
    for error in answer["Errors"]:
        failure = {"errorCode": _cloudtrail_code(error["ErrorCode"]), "errorMessage": error["Message"]}
        parameters = {"requestParameters": {"secretId": error["SecretId"]}}
        yield event | single | trail.new_identity() | parameters | failure


def _is_recorded(service: str, name: str) -> bool:
    return service not in _UNRECORDED_SERVICES and not _UNRECORDED_CALLS.fullmatch(f"{service}:{name}")


def _parameters(request: dict[str, Any]) -> dict[str, Any] | None:
    """Return the request in CloudTrail's spelling, without values that nobody may read in a log."""
    return {
        name[:1].lower() + name[1:]: value
        for name, value in request.items()
        if name.lower() not in _SECRET_PARAMETERS | _NO_PARAMETERS
    } or None


def _failure(status: int, _headers: dict[str, str], body: Any) -> dict[str, str]:
    if status < _FIRST_ERROR:
        return {}
    text = body.decode(errors="replace") if isinstance(body, bytes) else ""
    code, message = _json_error(text) or _xml_error(text) or (str(status), "")
    return {"errorCode": _cloudtrail_code(code), "errorMessage": message}


def _cloudtrail_code(code: str) -> str:
    """Return CloudTrail's code: it writes AccessDenied where the client of a JSON service sees another name."""
    return "AccessDenied" if code == "AccessDeniedException" else code


def _json_error(text: str) -> tuple[str, str] | None:
    try:
        document = json.loads(text)
        return document["__type"].rsplit("#", 1)[-1], document.get("message") or document.get("Message") or ""
    except (ValueError, KeyError, TypeError):
        return None


def _xml_error(text: str) -> tuple[str, str] | None:
    code, message = re.search(r"<Code>([^<]*)</Code>", text), re.search(r"<Message>([^<]*)</Message>", text)
    return (code[1], message[1] if message else "") if code else None

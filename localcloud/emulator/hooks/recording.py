"""Every call through the gateway in CloudTrail's shape, denied ones included.

ministack's own recording misses denied calls and error codes and takes everybody for an IAM user. Sources: "CloudTrail
record contents", "CloudTrail userIdentity element" (CloudTrail User Guide), "Log AWS Secrets Manager events with AWS
CloudTrail" and "Logging AWS KMS API calls with AWS CloudTrail". Data events and calls of unknown keys are not recorded,
as with a trail that records management events.

A call for a resource of another account is recorded in both: the owner's copy says of a foreign caller only the account
and the principal's id, and both have one sharedEventID.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_request_client_ip, request_scope
from ministack.core.router import detect_service, extract_access_key_id
from ministack.services import kms

from localcloud.emulator import patches, spelling, trail
from localcloud.emulator.hooks import deployment_calls
from localcloud.emulator.identity import foreign_identity, user_identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from localcloud.emulator.emulator import Emulator

    Response = tuple[int, dict[str, str], Any]

_logger = logging.getLogger("localcloud.recording")

_routing = patches.expect(app, "_routing_params", "(method, path, headers, body, query_params)")
_key_of = patches.expect(kms, "_resolve_key", "(key_id_or_arn)")
_event_name = patches.expect(app, "_ct_event_name", "(service, method, path, headers, query_params)")
_request_parameters = patches.expect(app, "_ct_request_params", "(headers, body, query_params)")
_iam_action = patches.expect(iam_actions, "extract_iam_action", "(service, method, path, headers, body, query_params)")

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
# Whose answers CloudTrail shows as responseElements: services that speak JSON, as far as somebody watches them.
_SHOWING_ANSWERS = frozenset({"secretsmanager", "kms", "cloudtrail"})
_RPC_OPERATION = re.compile(r"/service/[^/]+/operation/(\w+)")
_ARN = re.compile(r"arn:aws:(?:secretsmanager|kms):([a-z0-9-]+):(\d{12}):.+")
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
    before = trail.listeners()
    method, path, headers, body, query_params, _ = request
    if detect_service(method, path, headers, query_params) == "cloudformation":
        deployment_calls.remember_sender(headers, body, query_params)
    response = await original(*request)
    try:
        event = _event(_Call(*request), response)
        for each in [event, *_batch_reads(event, response)] if event else []:
            _record(each, before)
    except Exception:
        _logger.exception("A call could not be recorded.")
    return response


def _record(event: trail.Event, before: list[trail.Listener]) -> None:
    """Record a call, in the resource owner's account as well if that is another one."""
    owner = _owner(event)
    if owner is None:
        trail.record(event, before)
        return
    shared = {"sharedEventID": str(uuid.uuid4())}
    trail.record(event | shared, before)
    account, region = owner
    with request_scope(account, region):
        place = {"recipientAccountId": account, "awsRegion": region, **trail.new_identity()}
        trail.record(event | shared | place | {"userIdentity": foreign_identity(event["userIdentity"])})


def _owner(event: trail.Event) -> tuple[str, str] | None:
    """Return account and region of the secret or key that a call is about; None if they are the caller's own."""
    parameters = event["requestParameters"] or {}
    match = _ARN.fullmatch(str(parameters.get("secretId") or parameters.get("keyId") or ""))
    return (match[2], match[1]) if match and match[2] != get_account_id() else None


def _event(call: _Call, response: Response) -> trail.Event | None:
    """Return the record of a call, None for one that CloudTrail does not record."""
    routing = _routing(call.method, call.path, call.headers, call.body, call.query_params)
    service = detect_service(call.method, call.path, call.headers, routing)
    name = _name(service, call, routing)
    caller = user_identity(extract_access_key_id(call.headers, call.query_params) or "")
    if call.path.startswith("/_") or caller is None or not _is_recorded(service, name):
        return None
    read_only = _READ_ONLY.fullmatch(name) is not None and name not in _WRITE_DESPITE_ITS_NAME
    failure = _failure(*response)
    shows_answer = service in _SHOWING_ANSWERS and not read_only and not failure
    return trail.new_event(
        userIdentity=caller,
        eventSource=f"{service}.amazonaws.com",
        eventName=name,
        eventType="AwsApiCall",
        sourceIPAddress=get_request_client_ip(),
        userAgent=call.headers.get("user-agent", ""),
        requestID=call.request_id,
        requestParameters=spelling.request_parameters(_request(call)),
        responseElements=spelling.response_elements(json.loads(response[2] or b"{}")) if shows_answer else None,
        readOnly=read_only,
        **failure,
        **_resources(service, call),
    )


def _name(service: str, call: _Call, routing: dict[str, Any]) -> str:
    """Return the operation; what ministack names by the HTTP method alone is looked up in the service's model."""
    rpc = _RPC_OPERATION.fullmatch(call.path)
    if rpc:
        return rpc[1]
    name = str(_event_name(service, call.method, call.path, call.headers, routing))
    if "." not in name and service != "lambda":
        return name
    action = _iam_action(service, call.method, call.path, call.headers, call.body, call.query_params)
    return str(action).partition(":")[2] if action else name


def _request(call: _Call) -> dict[str, Any]:
    request = _request_parameters(call.headers, call.body, call.query_params)
    return request if isinstance(request, dict) else {}


def _resources(service: str, call: _Call) -> dict[str, Any]:
    """Return the key that a call of KMS is about, which its records name."""
    if service != "kms":
        return {}
    key = _key_of(str(_request(call).get("KeyId") or ""))
    if key is None:
        return {}
    return {"resources": [{"accountId": key["Arn"].split(":")[4], "type": "AWS::KMS::Key", "ARN": key["Arn"]}]}


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

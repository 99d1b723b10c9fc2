"""An instance of Amazon EC2, whose metadata service (IMDSv2) hands out the role of its instance profile.

Source: "Use the Instance Metadata Service to access instance metadata" and "Retrieve security credentials from instance
metadata" in the Amazon EC2 User Guide.
"""

from __future__ import annotations

import json
import secrets
import time
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from localcloud.errors import LocalCloudError
from localcloud.platforms.platform import NOT_FOUND, Answer, Platform, Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.cloud import LocalCloud

SERVICE = "ec2.amazonaws.com"

_TOKEN_PATH = "/latest/api/token"  # noqa: S105  # where tokens are, not one
_SECURITY_CREDENTIALS = "/latest/meta-data/iam/security-credentials/"
_LONGEST_TTL = 21_600


class Ec2Instance(Platform):
    """One instance, which takes no request without a token of a session.

    :param instance_profile: its name or ARN.
    """

    def __init__(self, cloud: LocalCloud, instance_profile: str) -> None:
        super().__init__(cloud)
        self._instance_profile = instance_profile.rpartition("/")[2]
        self._id = f"i-{uuid4().hex[:17]}"
        self._tokens: dict[str, float] = {}

    @cached_property
    def _profile(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._cloud.client("iam").get_instance_profile(
                InstanceProfileName=self._instance_profile
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise LocalCloudError(
                f"There is no instance profile named {self._instance_profile!r}: deploy the stack that creates it "
                "first, and give the profile's name, which is not the role's."
            ) from None
        profile: dict[str, Any] = answer["InstanceProfile"]
        if not profile["Roles"]:
            raise LocalCloudError(
                f"The instance profile {self._instance_profile!r} holds no role: add one, or name another profile."
            )
        return profile

    @property
    def _role(self) -> str:
        return str(self._profile["Roles"][0]["RoleName"])

    def credentials(self) -> dict[str, str]:
        """Assume the role for the instance, by whose id the session is named."""
        arn = f"arn:aws:ec2:{self._cloud.region}:{self._cloud.account}:instance/{self._id}"
        return self._cloud.control.assume(self._role, service=SERVICE, source_arn=arn, session=self._id)

    def environment(self, url: str) -> dict[str, str]:
        """Return where the metadata service is; on AWS that is an address which SDKs know without being told."""
        # SDKs wait for a second, once, which a metadata service under a busy machine's scheduler may take.
        patience = {"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3"}
        return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{url}/", **patience}

    def answer(self, request: Request) -> Answer:
        """Begin a session, or tell something to who is in one."""
        if request.path == _TOKEN_PATH:
            return self._begin_session(request)
        if self._tokens.get(request.headers.get("x-aws-ec2-metadata-token", ""), 0) <= time.monotonic():
            return Answer("Unauthorized", HTTPStatus.UNAUTHORIZED)
        tell = self._metadata().get(request.path) if request.method == "GET" else None
        return NOT_FOUND if tell is None else Answer(tell())

    def _begin_session(self, request: Request) -> Answer:
        if request.method != "PUT":
            return Answer("Method Not Allowed", HTTPStatus.METHOD_NOT_ALLOWED)
        if "x-forwarded-for" in request.headers:  # a proxy that was talked into asking
            return Answer("Forbidden", HTTPStatus.FORBIDDEN)
        ttl = request.headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not (ttl.isascii() and ttl.isdigit() and 1 <= int(ttl) <= _LONGEST_TTL):
            return Answer("Bad Request", HTTPStatus.BAD_REQUEST)
        token = secrets.token_urlsafe(42)
        self._tokens[token] = time.monotonic() + int(ttl)
        return Answer(token, headers={"X-aws-ec2-metadata-token-ttl-seconds": ttl})

    def _metadata(self) -> dict[str, Callable[[], str]]:
        zone = f"{self._cloud.region}a"
        return {
            "/latest/meta-data/instance-id": lambda: self._id,
            "/latest/meta-data/placement/region": lambda: self._cloud.region,
            "/latest/meta-data/placement/availability-zone": lambda: zone,
            "/latest/meta-data/iam/info": lambda: json.dumps(
                {
                    "Code": "Success",
                    "LastUpdated": self._now(),
                    "InstanceProfileArn": self._profile["Arn"],
                    "InstanceProfileId": self._profile["InstanceProfileId"],
                }
            ),
            _SECURITY_CREDENTIALS: lambda: self._role,
            _SECURITY_CREDENTIALS + self._role: self._security_credentials,
            "/latest/dynamic/instance-identity/document": lambda: json.dumps(
                {
                    "accountId": self._cloud.account,
                    "availabilityZone": zone,
                    "instanceId": self._id,
                    "region": self._cloud.region,
                    "version": "2017-09-30",
                }
            ),
        }

    def _security_credentials(self) -> str:
        keys = self.credentials()
        told = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration")}
        return json.dumps({"Code": "Success", "LastUpdated": self._now(), "Type": "AWS-HMAC", **told})

    def _now(self) -> str:
        return f"{self._cloud.now():%Y-%m-%dT%H:%M:%SZ}"

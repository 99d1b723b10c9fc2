"""Secrets Manager's service events, which CloudTrail delivers beside the API calls.

Source: "Log AWS Secrets Manager events with AWS CloudTrail" and "AWS service events" in the two user guides.
"""

from __future__ import annotations

import uuid

from ministack.core.responses import get_account_id

from localcloud.emulator import trail

_SERVICE = "secretsmanager.amazonaws.com"


def emit(name: str, secret_arn: str, **data: str) -> None:
    """Record a service event such as `RotationFailed` for a secret.

    :param data: what additionalEventData has beside the secret's ARN.
    """
    trail.record(
        trail.new_event(
            userIdentity={"accountId": get_account_id(), "invokedBy": _SERVICE},
            eventSource=_SERVICE,
            eventName=name,
            eventType="AwsServiceEvent",
            sourceIPAddress=_SERVICE,
            userAgent=_SERVICE,
            requestID=str(uuid.uuid4()),
            readOnly=False,
            additionalEventData={"SecretId": secret_arn, **data},
        )
    )

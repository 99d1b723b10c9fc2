"""What Secrets Manager itself tells about rotations, as EventBridge recognises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_IN_A_PATTERN = 12
"""EventBridge takes patterns of 2,048 characters; the ARN of a secret takes up to about 120 of them."""


def service_events(*names: str, secrets: Sequence[str]) -> dict[str, object]:
    """Return the pattern of service events of these names about these secrets.

    Source: "Log AWS Secrets Manager events with AWS CloudTrail" in the service's user guide.
    """
    return {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": list(names),
            "additionalEventData": {"SecretId": list(secrets)},
        },
    }

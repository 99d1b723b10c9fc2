"""What nobody should do to a credential unseen, as EventBridge recognises it, and what people are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SECRETS_MANAGER: Final = "secretsmanager.amazonaws.com"
_SUCCEEDED: Final = [{"exists": False}]
_DENIED: Final = {"prefix": "AccessDenied"}


def _issued_by(*arns: dict[str, Any]) -> dict[str, Any]:
    return {"sessionContext": {"sessionIssuer": {"arn": list(arns)}}}


@dataclass(frozen=True)
class Watched:
    """What a rule is about.

    :param secrets: ARN without its random end, and name, of each secret.
    :param keys: ARN and id of the key; none where Secrets Manager's own key encrypts.
    :param path: pattern of the ARNs of roles that were declared, which share an IAM path.
    :param others: ARNs of declared principals elsewhere, and of roles that deploy.
    :param accounts: other accounts of which somebody is declared: a record here tells no more of their principals.
    :param services: whose calls in somebody's name are no news.
    :param trails: ARN and name of the trail, for the one detection that is about that.
    """

    secrets: Sequence[tuple[str, str]]
    keys: Sequence[str]
    path: str
    others: Sequence[str]
    accounts: Sequence[str] = ()
    services: Sequence[str] = ()
    trails: Sequence[str] = ()

    def with_others(self, others: Sequence[str]) -> Watched:
        """Return the same with other declared principals elsewhere."""
        return replace(self, others=others)

    @property
    def named(self) -> list[Any]:
        """How a request may name one of the secrets: by ARN, with or without its end, or by name."""
        return [way for prefix, name in self.secrets for way in ({"prefix": prefix}, name)]

    @property
    def roles(self) -> list[str]:
        """Those of the declared who are in no record but by their role's session."""
        return [arn for arn in self.others if not _is_user(arn)]

    @property
    def users(self) -> list[str]:
        """Those of the declared who call by themselves."""
        return [arn for arn in self.others if _is_user(arn)]

    @property
    def undeclared(self) -> dict[str, Any]:
        """Who is not declared: another role, or somebody without one, such as a user or root."""
        other_role = _issued_by({"anything-but": {"wildcard": [self.path, *self.roles]}})
        by_a_service = {"invokedBy": [{"exists": False}, {"anything-but": self.services}]} if self.services else {}
        if not self.accounts and not self.users:
            arns = other_role["sessionContext"]["sessionIssuer"]["arn"]
            return {**_issued_by(*arns, {"exists": False}), **by_a_service}
        in_person = _issued_by({"exists": False})
        if self.users:
            in_person |= {"arn": [{"anything-but": self.users}, {"exists": False}]}
        if self.accounts:
            # "The userIdentity element" in the CloudTrail User Guide: AWSAccount, with an accountId and no issuer.
            in_person |= {"accountId": [{"anything-but": self.accounts}]}
        return {"$or": [other_role, in_person], **by_a_service}


def _is_user(arn: str) -> bool:
    return ":user/" in arn


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One thing to be told of.

    :param name: of the rule, as a construct's id.
    :param source: of the events, as EventBridge names it.
    :param detail: of the events that are meant.
    :param sentence: what it means; who, what, when and from where are told beside.
    :param paragraph: of the runbook.
    :param reads: whether it is about reads, which a rule sees in a state of its own only.
    """

    name: str
    source: str = "aws.secretsmanager"
    detail: Callable[[Watched], dict[str, Any]]
    sentence: str
    paragraph: str
    reads: bool = False

    @property
    def of_keys(self) -> bool:
        """Whether it is about keys rather than secrets."""
        return self.source == "aws.kms"

    def pattern(self, watched: Watched) -> dict[str, Any]:
        """Return the events that are meant, as EventBridge takes it."""
        return {
            "source": [self.source],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": self.detail(watched),
        }


DETECTIONS: Final = (
    Detection(
        name="UndeclaredRead",
        # A batch is recorded as one such event for each secret ("BatchGetSecretValue", API reference).
        detail=lambda watched: {
            "eventSource": [_SECRETS_MANAGER],
            "eventName": ["GetSecretValue"],
            "errorCode": _SUCCEEDED,
            "requestParameters": {"secretId": watched.named},
            "userIdentity": watched.undeclared,
        },
        sentence="A credential of {subject} was read by somebody who is not declared as its reader.",
        paragraph="Undeclared read",
        reads=True,
    ),
    Detection(
        name="RefusedRead",
        detail=lambda watched: {
            "eventSource": [_SECRETS_MANAGER],
            "eventName": ["GetSecretValue"],
            # A record of a denied call need not say what was asked for: its message names the secret then. The other
            # code is that of a secret which is marked for deletion, and of a label that has just moved, which is none
            # of anybody's business.
            "$or": [
                {
                    "requestParameters": {"secretId": watched.named},
                    "errorCode": [_DENIED, "InvalidRequestException"],
                    "errorMessage": [{"anything-but": {"wildcard": "*VersionStage*"}}],
                },
                {
                    "errorCode": [_DENIED],
                    "errorMessage": [{"wildcard": f"*{name}*"} for _, name in watched.secrets],
                },
            ],
        },
        sentence="Reading a credential of {subject} was refused, or the secret is marked for deletion.",
        paragraph="Refused read",
        reads=True,
    ),
    Detection(
        name="SecretChanged",
        detail=lambda watched: {
            "eventSource": [_SECRETS_MANAGER],
            "eventName": [
                "CancelRotateSecret",
                "DeleteResourcePolicy",
                "DeleteSecret",
                "PutResourcePolicy",
                "PutSecretValue",
                "TagResource",
                "UntagResource",
                "UpdateSecret",
                "UpdateSecretVersionStage",
            ],
            "errorCode": _SUCCEEDED,
            "requestParameters": {"secretId": watched.named},
            "userIdentity": watched.undeclared,
        },
        sentence="A secret of {subject} was changed by hand: its value, labels, tags, policy, rotation or existence.",
        paragraph="Secret changed",
    ),
    Detection(
        name="KeyEndangered",
        source="aws.kms",
        detail=lambda watched: {
            "eventSource": ["kms.amazonaws.com"],
            "eventName": ["DisableKey", "ScheduleKeyDeletion"],
            "errorCode": _SUCCEEDED,
            "requestParameters": {"keyId": list(watched.keys)},
        },
        sentence="The key of the credentials of {subject} is disabled, or will be deleted: then nobody reads them.",
        paragraph="Key endangered",
    ),
)
"""Those of a database; a trail has its own."""

TRAIL_STOPPED: Final = Detection(
    name="Stopped",
    source="aws.cloudtrail",
    detail=lambda watched: {
        "eventSource": ["cloudtrail.amazonaws.com"],
        "eventName": ["DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
        "errorCode": _SUCCEEDED,
        "requestParameters": {"$or": [{"name": list(watched.trails)}, {"trailName": list(watched.trails)}]},
        "userIdentity": watched.undeclared,
    },
    sentence="The trail {subject} was stopped, deleted or changed by hand: what happens since may go unseen.",
    paragraph="Trail stopped",
)
"""Of a trail, without which no other one sees anything."""

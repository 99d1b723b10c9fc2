"""One rule that tells people of a call that CloudTrail recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import DefaultStackSynthesizer, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from rotating_rds.detections import Detection, Watched

_RUNBOOK = "docs/runbook.md"
_QUALIFIER = "@aws-cdk/core:bootstrapQualifier"
_ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


class DetectionRule(events.Rule):
    """A rule whose message says who did what to which thing, when and from where, and what to read about it.

    :param detection: what it tells of.
    :param subject: the database or trail, for people.
    :param notify: the topic; EventBridge is admitted to it.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, detection: Detection, subject: str, notify: sns.ITopic
    ) -> None:
        sentence = detection.sentence.format(subject=subject)
        super().__init__(
            scope,
            construct_id,
            description=sentence,
            event_pattern=events.EventPattern(source=[detection.source]),
            targets=[targets.SnsTopic(notify, message=_message(sentence, detection.paragraph))],
        )
        self._detection = detection
        self._resource = cast("events.CfnRule", self.node.default_child)
        if detection.reads:
            # In the state ENABLED, a rule sees no read-only events that come through CloudTrail.
            self._resource.state = _ALL_EVENTS

    def watch(self, watched: Watched) -> None:
        """Have the rule be about this, and nothing else any more."""
        self._resource.event_pattern = self._detection.pattern(watched)


def deploying_role(stack: Stack, qualifier: str | None = None) -> str:
    """Return the ARN of the role by which CloudFormation deploys a stack, as `cdk bootstrap` names it.

    :param qualifier: of the bootstrapping; the one of the app's context, or the CDK's own, unless given.
    """
    qualifier = qualifier or stack.node.try_get_context(_QUALIFIER) or DefaultStackSynthesizer.DEFAULT_QUALIFIER
    name = f"cdk-{qualifier}-cfn-exec-role-{stack.account}-{stack.region}"
    return stack.format_arn(service="iam", region="", resource="role", resource_name=name)


def _message(sentence: str, paragraph: str) -> events.RuleTargetInput:
    field = events.EventField.from_path
    what = "".join(field(f"$.detail.requestParameters.{name}") for name in ("secretId", "keyId", "name", "trailName"))
    return events.RuleTargetInput.from_text(
        f"{sentence} {field('$.detail.eventName')} {field('$.detail.errorCode')} on {what} by "
        f"{field('$.detail.userIdentity.arn')} from {field('$.detail.sourceIPAddress')} at {events.EventField.time}. "
        f"{field('$.detail.errorMessage')} See '{paragraph}' in {_RUNBOOK}."
    )

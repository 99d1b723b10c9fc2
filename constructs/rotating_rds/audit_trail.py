"""The account's record of who called what: CloudTrail, its bucket, its log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from rotating_rds.acknowledgements import NIST, acknowledge, acknowledge_inline_policies
from rotating_rds.audit_bucket import AuditBucket
from rotating_rds.detection_rule import DetectionRule, deploying_role
from rotating_rds.detections import TRAIL_STOPPED, Watched
from rotating_rds.encryption import CustomerKey, admit_logs_named_by_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_events as events
    from aws_cdk import aws_sns as sns

_SERVICE = "cloudtrail.amazonaws.com"


class AuditTrail(Construct):
    """A multi-region, validated, encrypted trail of all management events, reads of secrets included.

    Bucket, key and role admit CloudTrail for this trail only.

    :param trail_name: name of the trail; unique in its account.
    :param role_path: IAM path of the role by which the trail writes to its log group.
    :param log_retention: of the log group, which detection reads; one year unless given.
    :param object_retention: of the bucket's objects; 7 years unless given. They move to an archive tier after 90 days.
    :param removal_policy: what becomes of key, buckets and log group with the stack; retained unless given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        role_path: str = "/rotating-rds/",
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        object_retention: Duration | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)
        # Written out, since bucket and key name the trail before it exists.
        trail_arn = Stack.of(self).format_arn(service="cloudtrail", resource="trail", resource_name=trail_name)
        self._name, self._arn = trail_name, trail_arn
        self.key = self._make_key(trail_name, trail_arn, removal_policy)
        self.log_group = logs.LogGroup(
            self, "LogGroup", retention=log_retention, encryption_key=self.key, removal_policy=removal_policy
        )
        self.role = self._make_role(role_path)
        self.bucket = AuditBucket(
            self,
            "Bucket",
            trail_arn=trail_arn,
            encryption_key=self.key,
            retention=object_retention or Duration.days(7 * 365),
            removal_policy=removal_policy,
        )
        self.trail = self._make_trail(trail_name)
        acknowledge_inline_policies(self.role)
        acknowledge(
            self,
            f"{NIST}S3BucketReplicationEnabled",
            "Objects are versioned, validated and kept for years; a copy in another region is made where the account's "
            "owner collects the trails of all accounts.",
        )

    def add_detection(
        self, *, notify: sns.ITopic, trusted: Sequence[str] = (), trusted_services: Sequence[str] = ()
    ) -> events.Rule:
        """Tell when somebody stops, deletes or changes this trail.

        :param notify: topic that hears of it; EventBridge is admitted to it.
        :param trusted: ARNs of further roles whose changes are no news; the role by which CloudFormation deploys this
            stack is among them.
        :param trusted_services: services whose calls in somebody's name are no news; none unless given.
        """
        rule = DetectionRule(self, TRAIL_STOPPED.name, detection=TRAIL_STOPPED, subject=self._name, notify=notify)
        known = [*trusted, deploying_role(Stack.of(self))]
        ours = Stack.of(self).format_arn(service="iam", region="", resource="role", resource_name="rotating-rds/*")
        rule.watch(Watched([], [], ours, known, services=trusted_services, trails=[self._name, self._arn]))
        # While the trail is made, nothing is news.
        rule.node.add_dependency(self.trail)
        return rule

    def _make_trail(self, trail_name: str) -> cloudtrail.CfnTrail:
        trail = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=trail_name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=self.key.key_arn,
            s3_bucket_name=self.bucket.bucket_name,
            cloud_watch_logs_log_group_arn=self.log_group.log_group_arn,
            cloud_watch_logs_role_arn=self.role.role_arn,
            event_selectors=[
                cloudtrail.CfnTrail.EventSelectorProperty(read_write_type="All", include_management_events=True)
            ],
        )
        # CloudTrail tries to write to both before it makes the trail: their policies come first.
        trail.node.add_dependency(self.bucket, self.role)
        return trail

    def _make_key(self, trail_name: str, trail_arn: str, removal_policy: RemovalPolicy) -> CustomerKey:
        """Make the key ("Configure AWS KMS key policies for CloudTrail")."""
        key = CustomerKey(
            self,
            "Key",
            description=f"Files and log group of the trail {trail_name}",
            removal_policy=removal_policy,
        )
        admit_logs_named_by_stack(key, self)
        this_trail = {"aws:SourceArn": trail_arn}
        for actions, context in (
            (["kms:GenerateDataKey*"], {"kms:EncryptionContext:aws:cloudtrail:arn": trail_arn}),
            (["kms:DescribeKey"], {}),
        ):
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(_SERVICE)],
                    actions=actions,
                    resources=["*"],
                    conditions={"StringEquals": {**this_trail, **context}},
                )
            )
        return key

    def _make_role(self, path: str) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(_SERVICE),
            path=path,
            description="Writes the audit trail to its log group",
        )
        self.log_group.grant_write(role)
        return role

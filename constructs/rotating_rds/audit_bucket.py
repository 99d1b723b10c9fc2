"""Where CloudTrail's files are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from rotating_rds.acknowledgements import NIST, acknowledge

if TYPE_CHECKING:
    from constructs import Construct

_SERVICE = "cloudtrail.amazonaws.com"
_ARCHIVE_AFTER_DAYS = 90
_NONCURRENT_DAYS = 30


class AuditBucket(s3.Bucket):
    """A private, versioned, access-logged bucket that one trail may write to, over TLS.

    :param trail_arn: the trail.
    :param encryption_key: key of the objects.
    :param retention: how long objects are kept; they move to an archive tier after 90 days.
    :param removal_policy: of this bucket and that of its access logs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_arn: str,
        encryption_key: kms.IKey,
        retention: Duration,
        removal_policy: RemovalPolicy,
    ) -> None:
        access_logs = s3.Bucket(
            scope,
            "AccessLogs",
            # S3 delivers access logs to buckets with S3's own keys only.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[_expiry(retention)],
            removal_policy=removal_policy,
        )
        acknowledge(
            access_logs,
            f"{NIST}S3DefaultEncryptionKMS",
            "S3 delivers access logs to buckets that it encrypts with its own keys only, and this one holds nothing "
            "else.",
        )
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.KMS,
            # Without a bucket key, for which CloudTrail would need to decrypt ("Configure AWS KMS key policies for
            # CloudTrail"): it writes here, and never reads.
            encryption_key=encryption_key,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[_expiry(retention)],
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="audit/",
            removal_policy=removal_policy,
        )
        self._admit(trail_arn)

    def _admit(self, trail_arn: str) -> None:
        """Let the trail check and write the bucket ("Amazon S3 bucket policy for CloudTrail")."""
        trail = {"aws:SourceArn": trail_arn}
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(_SERVICE)],
                actions=["s3:GetBucketAcl"],
                resources=[self.bucket_arn],
                conditions={"StringEquals": trail},
            )
        )
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(_SERVICE)],
                actions=["s3:PutObject"],
                resources=[self.arn_for_objects(f"AWSLogs/{Stack.of(self).account}/*")],
                conditions={"StringEquals": {**trail, "s3:x-amz-acl": "bucket-owner-full-control"}},
            )
        )


def _expiry(retention: Duration) -> s3.LifecycleRule:
    archive = s3.Transition(storage_class=s3.StorageClass.GLACIER, transition_after=Duration.days(_ARCHIVE_AFTER_DAYS))
    return s3.LifecycleRule(
        expiration=retention,
        noncurrent_version_expiration=Duration.days(_NONCURRENT_DAYS),
        abort_incomplete_multipart_upload_after=Duration.days(7),
        transitions=[archive] if retention.to_days() > _ARCHIVE_AFTER_DAYS else [],
    )

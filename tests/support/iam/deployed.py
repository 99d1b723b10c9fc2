"""The environment of the proof on a local cloud, and what its roles get when they try."""

from __future__ import annotations

import itertools
import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.support.deployment import Deployment
from tests.support.iam import matrix, proof
from tests.support.iam.account import Account
from tests.support.iam.outsiders import POLICIES
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from localcloud.cloud import LocalCloud
    from tests.support.iam.matrix import Case

_DENIED = {"AccessDenied", "AccessDeniedException"}


@dataclass(frozen=True)
class DeployedSecret:
    """A secret with a version under each label.

    :param arn: of the secret.
    :param current: id of the version under AWSCURRENT.
    :param previous: id of the version under AWSPREVIOUS.
    :param sealed: encrypted by the secret's key, under its encryption context.
    """

    arn: str
    current: str
    previous: str
    sealed: bytes

    @property
    def context(self) -> dict[str, str]:
        """The encryption context of the secret."""
        return {"SecretARN": self.arn}


class DeployedProof:
    """The deployed environment.

    :param cloud: where it is deployed.
    """

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._account = Account(proof.templates())
        self._labels = itertools.count()
        self._clients: dict[tuple[str, str], Any] = {}

    @classmethod
    def deploy(cls, cloud: LocalCloud, folder: Path) -> DeployedProof:
        """Deploy it, make principals that it does not declare, and give every secret a version under each label."""
        deployment = Deployment.prepare(cloud, folder)
        shutil.copy(proof.DIRECTORY / f"{proof.NAME}.toml", deployment.app / "environments")
        deployment.cdk("deploy", "--context", f"env={proof.NAME}", "--all", "--require-approval", "never")
        made = cls(cloud)
        made._make_outsiders()
        return made

    def permits(self, case: Case) -> bool:
        """Try it: whether it is permitted; any other failure is raised."""
        try:
            return self._attempt(case)
        except ClientError as error:
            if error.response["Error"]["Code"] in _DENIED:
                return False
            raise

    @contextmanager
    def allowing(self, principal: str, *actions: str) -> Iterator[None]:
        """Allow a principal something on everything, beside what it has, for a while."""
        iam, role, name = self._cloud.client("iam"), self._role(principal), "Beside"
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName=name)

    def _attempt(self, case: Case) -> bool:
        if case.action == "InvokeFunction":
            client = self._client("lambda", case.principal)
            client.invoke(FunctionName=self._physical(case.target), InvocationType="DryRun")
            return True
        secret = self._secrets[case.target]
        if case.action == "kms:Decrypt directly":
            client = self._client("kms", case.principal)
            client.decrypt(CiphertextBlob=secret.sealed, EncryptionContext=secret.context)
            return True
        client = self._client("secretsmanager", case.principal)
        if case.action == "BatchGetSecretValue":
            found: list[Any] = client.batch_get_secret_value(SecretIdList=[secret.arn])["SecretValues"]
            return bool(found)
        if case.action == "UpdateSecretVersionStage":
            # A label of its own, so that none is taken from any version.
            label = f"PROOF{next(self._labels)}"
            client.update_secret_version_stage(SecretId=secret.arn, VersionStage=label, MoveToVersionId=secret.current)
            return True
        _CALLS[case.action](client, secret)
        return True

    def _client(self, service: str, principal: str) -> Any:
        key = (service, principal)
        if key not in self._clients:
            self._clients[key] = self._cloud.client(service, role=self._role(principal))
        return self._clients[key]

    def _role(self, principal: str) -> str:
        return principal if principal in POLICIES else self._physical(principal)

    def _physical(self, name: str) -> str:
        return self._physical_ids[self._account.logical_id(matrix.places()[name])]

    @cached_property
    def _physical_ids(self) -> dict[tuple[str, str], str]:
        stacks = self._cloud.client("cloudformation")
        return {
            (part, resource["LogicalResourceId"]): resource["PhysicalResourceId"]
            for part in proof.templates()
            for page in stacks.get_paginator("list_stack_resources").paginate(
                StackName=f"rotating-rds-{proof.NAME}-{part}"
            )
            for resource in page["StackResourceSummaries"]
        }

    @cached_property
    def _secrets(self) -> dict[str, DeployedSecret]:
        places = self._account.secrets
        return {
            name: self._with_every_label(self._physical(name)) for name, at in matrix.places().items() if at in places
        }

    def _with_every_label(self, arn: str) -> DeployedSecret:
        client, kms = self._cloud.client("secretsmanager"), self._cloud.client("kms")

        def staged() -> set[str]:
            labels = client.describe_secret(SecretId=arn)["VersionIdsToStages"].values()
            return {label for of_version in labels for label in of_version}

        assert eventually(lambda: "AWSPENDING" not in staged(), within=30)  # the service has tried the schedule
        before = client.get_secret_value(SecretId=arn)
        after = client.put_secret_value(SecretId=arn, SecretString=before["SecretString"])
        client.put_secret_value(SecretId=arn, SecretString=before["SecretString"], VersionStages=["AWSPENDING"])
        sealed = kms.encrypt(
            KeyId=client.describe_secret(SecretId=arn)["KmsKeyId"],
            Plaintext=b"sealed",
            EncryptionContext={"SecretARN": arn},
        )
        return DeployedSecret(arn, after["VersionId"], before["VersionId"], sealed["CiphertextBlob"])

    def _make_outsiders(self) -> None:
        iam = self._cloud.client("iam")
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        for name, policies in POLICIES.items():
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
            for policy in policies:
                iam.put_role_policy(RoleName=name, PolicyName="Own", PolicyDocument=json.dumps(policy))


def _read(**which: str) -> Callable[[Any, DeployedSecret], object]:
    return lambda client, secret: client.get_secret_value(SecretId=secret.arn, **which)


_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                "Action": "secretsmanager:DescribeSecret",
                "Resource": "*",
            }
        ],
    }
)
_CALLS: Mapping[str, Callable[[Any, DeployedSecret], object]] = {
    "GetSecretValue": _read(),
    "GetSecretValue AWSCURRENT": _read(VersionStage="AWSCURRENT"),
    "GetSecretValue AWSPENDING": _read(VersionStage="AWSPENDING"),
    "GetSecretValue AWSPREVIOUS": _read(VersionStage="AWSPREVIOUS"),
    "GetSecretValue by version id": lambda client, secret: client.get_secret_value(
        SecretId=secret.arn, VersionId=secret.previous
    ),
    "DescribeSecret": lambda client, secret: client.describe_secret(SecretId=secret.arn),
    "ListSecretVersionIds": lambda client, secret: client.list_secret_version_ids(SecretId=secret.arn),
    "PutSecretValue": lambda client, secret: client.put_secret_value(
        SecretId=secret.arn, SecretString="{}", VersionStages=["PROOF"]
    ),
    "RotateSecret": lambda client, secret: client.rotate_secret(SecretId=secret.arn),
    "CancelRotateSecret": lambda client, secret: client.cancel_rotate_secret(SecretId=secret.arn),
    "DeleteSecret": lambda client, secret: client.delete_secret(SecretId=secret.arn),
    "PutResourcePolicy": lambda client, secret: client.put_resource_policy(SecretId=secret.arn, ResourcePolicy=_POLICY),
    "TagResource": lambda client, secret: client.tag_resource(
        SecretId=secret.arn, Tags=[{"Key": "rotating-rds:engine", "Value": "mysql"}]
    ),
    # Asked while the role may read every secret: the key alone decides.
    "kms:Decrypt through Secrets Manager": _read(VersionStage="AWSCURRENT"),
}

"""Rules that tell of what undeclared principals do to credentials, made from what is declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import Annotations, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from rotating_rds.copy_detection import CopyDetection
from rotating_rds.detection_rule import DetectionRule, deploying_role
from rotating_rds.detections import DETECTIONS, Detection, Watched
from rotating_rds.errors import DeclarationError
from rotating_rds.readers import arn_of
from rotating_rds.secret_names import longest_name_of, name_of, partial_arn_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_sns as sns

    from rotating_rds.credential import Credential

# "Amazon EventBridge quotas": size of an event pattern.
_MOST_CHARACTERS = 2048
# What is known at deployment only is taken for its longest: ARNs of roles, and of what CloudFormation names.
_LONGEST_ROLE = "r" * 160
_LONGEST_BEGINNING = "b" * len("arn:aws-us-gov:secretsmanager:ap-southeast-4:111122223333:secret:")
_COPIES = "UndeclaredReadOfCopy"
_LONGEST_KEY = ("k" * 90, "k" * 36)


class CredentialDetection(Construct):
    """Tells of reads and changes of a database's secrets by principals that are neither declared nor deploy.

    Roles of ours share an IAM path, which is matched as a whole; every other declared reader is named. It sees what
    CloudTrail records, and hence nothing before a trail is logging in this account and region.

    :param database_id: the database, for people.
    :param role_path: IAM path of the environment's roles.
    :param notify: the topic that hears of it; EventBridge is admitted to it.
    :param trusted: ARNs of further roles whose reads and changes are no news; the one by which CloudFormation deploys
        this stack, by the name that `cdk bootstrap` gives it, is among them.
    :param trusted_services: services whose calls in somebody's name are no news; none unless given.
    :param trail_log_group: of a trail of all regions, by which reads of copies elsewhere are told; they are not unless
        given.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        database_id: str,
        role_path: str,
        notify: sns.ITopic,
        trusted: Sequence[str],
        trusted_services: Sequence[str] = (),
        trail_log_group: logs.ILogGroup | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        for arn in trusted:
            arn_of(iam.ArnPrincipal(arn))
        self._database_id = database_id
        self._path = Stack.of(self).format_arn(
            service="iam", region="", resource="role", resource_name=f"{role_path.strip('/')}/*"
        )
        self._trusted = [*trusted, deploying_role(Stack.of(self))]
        self._services = list(trusted_services)
        self._topic = notify
        self._trail_log_group = trail_log_group
        self._credentials: list[Credential] = []
        self._rules: dict[str, DetectionRule] = {}
        self._named: dict[str, tuple[str, str]] = {}
        self._said: tuple[object, ...] = ()

    def watch(self, credential: Credential) -> None:
        """Watch a credential as well.

        :raises DeclarationError: here, or when a reader is added later, if a rule has no room for the readers that have
            to be named, or one of them is made by a stack that depends on this one.
        """
        self._credentials.append(credential)
        credential.readers.keep(self._declare)

    def _declare(self) -> None:
        """Make the rules say what is declared by now."""
        others, accounts = self._others(), self._accounts()
        # Most readers are roles of ours, which change nothing: what is said again takes synthesis its time.
        if (said := (tuple(others), tuple(accounts), len(self._credentials))) == self._said:
            return
        self._said = said
        batches = self._batches(others, accounts)
        for detection in DETECTIONS:
            if detection.of_keys:
                keys = self._keys()
                if keys:
                    self._rule(detection, "", Watched([], keys, self._path, others, accounts, self._services))
                continue
            for number, batch in enumerate(batches):
                secrets = [self._names(each.secret) for each in batch]
                self._rule(
                    detection, str(number or ""), Watched(secrets, [], self._path, others, accounts, self._services)
                )
        copied = [each.secret for each in self._credentials if each.replica_regions]
        if copied:
            self._watch_copies(copied, Watched([], [], self._path, others, accounts, self._services))

    def _watch_copies(self, secrets: Sequence[secretsmanager.ISecret], watched: Watched) -> None:
        if self._trail_log_group is None:
            Annotations.of(self).add_warning_v2(
                "rotating-rds:copies-are-not-watched",
                f"Nobody hears of undeclared reads of copies of {self._database_id!r}: give add_detection() the "
                "trail_log_group= of a trail of all regions.",
            )
            return
        self._copies(self._trail_log_group).watch(secrets, watched)

    def _copies(self, trail_log_group: logs.ILogGroup) -> CopyDetection:
        made = self.node.try_find_child(_COPIES)
        return (
            made
            if isinstance(made, CopyDetection)
            else CopyDetection(
                self,
                _COPIES,
                database_id=self._database_id,
                trail_log_group=trail_log_group,
                notify=self._topic,
            )
        )

    def _names(self, secret: secretsmanager.ISecret) -> tuple[str, str]:
        address = secret.node.addr
        if address not in self._named:
            self._named[address] = (partial_arn_of(secret), name_of(secret))
        return self._named[address]

    def _others(self) -> list[str]:
        stack = Stack.of(self)
        elsewhere = [path for each in self._credentials for path in each.readers.elsewhere(stack)]
        if elsewhere:
            raise DeclarationError(
                f"Undeclared reads of {self._database_id!r} are detected, and {elsewhere[0]!r} is made by another "
                "stack, which depends on this one: give that role a name, and import it here by its ARN."
            )
        declared = [arn for each in self._credentials for arn in each.readers.outside_of_our_path]
        return list(dict.fromkeys([*declared, *self._trusted]))

    def _keys(self) -> list[str]:
        keys = {each.key.node.addr: each.key for each in self._credentials if each.key is not None}
        return [way for key in keys.values() for way in (key.key_arn, key.key_id)]

    def _accounts(self) -> list[str]:
        stack = Stack.of(self)
        return list(dict.fromkeys(account for each in self._credentials for account in each.readers.accounts(stack)))

    def _batches(self, others: Sequence[str], accounts: Sequence[str]) -> list[list[Credential]]:
        """Return the credentials in as few lists as patterns have room for."""
        batches: list[list[Credential]] = []
        for credential in self._credentials:
            if batches and self._fits([*batches[-1], credential], others, accounts):
                batches[-1].append(credential)
                continue
            if not self._fits([credential], others, accounts):
                raise DeclarationError(
                    f"The {len(others)} roles of others that read or deploy {self._database_id!r} do not fit into an "
                    f"event pattern of {_MOST_CHARACTERS} characters: have some of them share a role, or make roles by "
                    "add_consumer(), which need no room."
                )
            batches.append([credential])
        return batches

    def _fits(self, credentials: Sequence[Credential], others: Sequence[str], accounts: Sequence[str]) -> bool:
        known = [_LONGEST_ROLE if not arn.startswith("arn:") else arn for arn in others]
        names = ["n" * longest_name_of(credential.secret) for credential in credentials]
        secrets = [(f"{_LONGEST_BEGINNING}{name}", name) for name in names]
        watched = Watched(secrets, _LONGEST_KEY, self._path, known, accounts, self._services)
        return all(len(json.dumps(each.pattern(watched))) <= _MOST_CHARACTERS for each in DETECTIONS)

    def _rule(self, detection: Detection, suffix: str, watched: Watched) -> None:
        construct_id = f"{detection.name}{suffix}"
        if construct_id not in self._rules:
            self._rules[construct_id] = DetectionRule(
                self, construct_id, detection=detection, subject=self._database_id, notify=self._topic
            )
        self._rules[construct_id].watch(watched)

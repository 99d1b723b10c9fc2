"""When credentials are examined: after each rotation, and again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from rotating_rds import contract
from rotating_rds.errors import DeclarationError
from rotating_rds.service_events import MOST_IN_A_PATTERN, service_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rotating_rds.credential import Credential
    from rotating_rds.probe_function import ProbeFunction

# EventBridge takes inputs of 8,192 characters, of which the ARN of a secret takes up to about 120.
_MOST_IN_AN_INPUT = 50
_MOST_TARGETS = 5
_WHICH = "$.detail.additionalEventData.SecretId"
_LEAST, _MOST = Duration.hours(1), Duration.days(7)


class CredentialProbe(Construct):
    """Has credentials of a database examined.

    The first time is right after the deployment, when Secrets Manager tries the rotation's configuration.

    :param function: examines them.
    :param every: between two examinations, 1 hour to 7 days.
    :raises DeclarationError: if *every* is something else.
    """

    def __init__(self, scope: Construct, construct_id: str, *, function: ProbeFunction, every: Duration) -> None:
        super().__init__(scope, construct_id)
        minutes = every.to_minutes()
        if not _LEAST.to_minutes() <= minutes <= _MOST.to_minutes():
            raise DeclarationError(
                f"probe_every of {minutes:g} minutes is refused for {scope.node.path!r}: choose 1 hour to 7 days."
            )
        self.every = every
        self._function = function
        self._credentials: list[Credential] = []
        self._after: list[events.CfnRule] = []
        self._regularly = self._rule(
            "Regularly",
            "Examines the credentials again and again",
            schedule_expression=f"rate({minutes:.0f} minutes)",
        )

    def watch(self, credential: Credential) -> None:
        """Have a credential examined as well.

        :raises DeclarationError: if there are more credentials than a schedule can name.
        """
        self._function.allow_examination(credential)
        self._credentials.append(credential)
        most = _MOST_IN_AN_INPUT * _MOST_TARGETS
        if len(self._credentials) > most:
            raise DeclarationError(
                f"{self.node.path!r} would examine {len(self._credentials)} credentials, and its schedule can name "
                f"{most}: declare a database with fewer users."
            )
        self._name_all()

    def _name_all(self) -> None:
        arns = [credential.secret.secret_arn for credential in self._credentials]
        self._regularly.targets = [
            self._target(f"Probe{number}", input=Stack.of(self).to_json_string({contract.PROBE_SECRETS: list(batch)}))
            for number, batch in enumerate(_batches(arns, _MOST_IN_AN_INPUT))
        ]
        for number, batch in enumerate(_batches(arns, MOST_IN_A_PATTERN)):
            if number == len(self._after):
                self._after.append(self._after_rotations(number))
            self._after[number].event_pattern = service_events(
                "RotationSucceeded", "TestRotationSucceeded", secrets=batch
            )

    def _after_rotations(self, number: int) -> events.CfnRule:
        rule = self._rule(f"AfterRotations{number or ''}", "Examines a credential that was rotated", event_pattern={})
        rule.targets = [
            self._target(
                "Probe",
                input_transformer=events.CfnRule.InputTransformerProperty(
                    input_paths_map={"secret": _WHICH},
                    input_template=f'{{"{contract.PROBE_SECRETS}":[<secret>]}}',
                ),
            )
        ]
        return rule

    def _rule(self, construct_id: str, description: str, **when: object) -> events.CfnRule:
        rule = events.CfnRule(self, construct_id, description=description, state="ENABLED", **when)  # type: ignore[arg-type]
        self._function.admit(rule)
        return rule

    def _target(self, target_id: str, **what: object) -> events.CfnRule.TargetProperty:
        arn = self._function.function.function_arn
        return events.CfnRule.TargetProperty(id=target_id, arn=arn, **what)  # type: ignore[arg-type]


def _batches(arns: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (arns[first : first + size] for first in range(0, len(arns), size))

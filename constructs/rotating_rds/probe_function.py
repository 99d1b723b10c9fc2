"""The function that examines credentials, and who invokes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from rotating_rds import contract
from rotating_rds.database_function import DatabaseFunction
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from aws_cdk import aws_events as events

    from rotating_rds.credential import Credential

# A function's resource policy has 20,480 bytes, and a permission of ours takes about 480 of them.
_MOST_RULES = 40


class ProbeFunction(DatabaseFunction):
    """Logs in with each credential and tells how old it is; one may serve many databases of a network.

    All of its props are those of :class:`DatabaseFunction`.
    """

    handler = contract.PROBE_HANDLER
    purpose = "Examines database credentials"
    log_name = "probe"
    _rules = 0

    def allow_examination(self, credential: Credential) -> None:
        """Let the function examine a credential; with its administrator's, if it has one."""
        self.role.allow_examination(credential)
        if credential.administrator is not None:
            self.role.allow_reading(credential.administrator)

    def admit(self, rule: events.CfnRule) -> lambda_.CfnPermission:
        """Let a rule invoke the function.

        :raises DeclarationError: if as many rules invoke it already as its resource policy can name.
        """
        self._rules += 1
        if self._rules > _MOST_RULES:
            raise DeclarationError(
                f"{self.node.path!r} would be invoked by {self._rules} rules, and its resource policy can name "
                f"{_MOST_RULES}: make another ProbeFunction for some of the databases."
            )
        return lambda_.CfnPermission(
            rule,
            "InvokePermission",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="events.amazonaws.com",
            source_account=Stack.of(self).account,
            source_arn=rule.attr_arn,
        )

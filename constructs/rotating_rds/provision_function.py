"""The function that makes users in databases when they are deployed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import custom_resources as resources

from rotating_rds import contract
from rotating_rds.acknowledgements import NIST, acknowledge
from rotating_rds.database_function import DatabaseFunction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs
    from constructs import Construct


class ProvisionFunction(DatabaseFunction):
    """Makes users, and gives them exactly their privileges; one may serve many databases of a network.

    CloudFormation hears of it through the CDK's Provider framework, whose own function stays outside of the network:
    from isolated subnets no answer would reach CloudFormation, and a deployment would hang for an hour.

    All of its props are those of :class:`DatabaseFunction`.
    """

    handler = contract.PROVISION_HANDLER
    purpose = "Makes users of databases"
    log_name = "provision"

    def request(self, scope: Construct, properties: Mapping[str, Any]) -> CustomResource:
        """Have a user made when *scope* is deployed.

        One after the other in a stack: CloudFormation would send all of them at once, more than the concurrency that is
        reserved for the function.

        :param properties: of the request; see `$defs/provisionRequest` in the contract with the function.
        """
        resource = CustomResource(
            scope,
            "Resource",
            service_token=self._provider.service_token,
            resource_type="Custom::DatabaseUser",
            properties=properties,
        )
        stack = Stack.of(scope).node.addr
        resource.node.add_dependency(self, *self._last.get(stack, ()))
        self._last[stack] = [resource]
        return resource

    @cached_property
    def _last(self) -> dict[str, list[CustomResource]]:
        """The newest request of each stack."""
        return {}

    @cached_property
    def _provider(self) -> resources.Provider:
        group = self._make_log_group("ProviderLogGroup", f"{self.log_name}-framework")
        provider = resources.Provider(
            self,
            "Provider",
            on_event_handler=self.function,
            # The framework would allow itself to invoke all versions of the function.
            framework_on_event_role=self._provider_role(group).without_policy_updates(),
            log_group=group,
            provider_function_env_encryption=self._encryption_key,
        )
        acknowledge(
            provider,
            f"{NIST}LambdaInsideVPC",
            "CloudFormation's response URL is not reachable from isolated subnets. The framework's own function, which "
            "sees no credential and may invoke one function only, therefore stays outside of the network.",
        )
        framework = provider.node.find_child("framework-onEvent").node.default_child
        cast("lambda_.CfnFunction", framework).reserved_concurrent_executions = self._concurrency
        return provider

    def _provider_role(self, log_group: logs.ILogGroup) -> iam.Role:
        role = iam.Role(
            self,
            "ProviderRole",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            path=self._role_path,
            description="Hands CloudFormation's requests to the function that makes users of databases",
        )
        log_group.grant_write(role)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:GetFunction", "lambda:InvokeFunction"], resources=[self.function.function_arn]
            )
        )
        return role

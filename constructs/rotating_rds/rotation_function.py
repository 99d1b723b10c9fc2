"""The function that rotates credentials, and who invokes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_

from rotating_rds import contract
from rotating_rds.database_function import DatabaseFunction
from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from constructs import Construct

    from rotating_rds.credential import Credential

# A function's resource policy has 20,480 bytes, and a permission of ours takes about 480 of them.
_MOST_SECRETS = 40


class RotationFunction(DatabaseFunction):
    """Rotates credentials, a step an invocation; one may serve many databases of a network.

    All of its props are those of :class:`DatabaseFunction`.
    """

    handler = contract.HANDLER
    purpose = "Rotates database credentials"
    log_name = "rotation"
    _secrets = 0

    def allow_rotation(self, scope: Construct, credential: Credential) -> lambda_.CfnPermission:
        """Let the function rotate a credential, and Secrets Manager invoke it for that.

        :param scope: where the permission is made: beside the secret.
        :return: the permission, on which a schedule has to depend: Secrets Manager tries it at once.
        :raises DeclarationError: if the function serves as many secrets already as its resource policy can name.
        """
        self._secrets += 1
        if self._secrets > _MOST_SECRETS:
            raise DeclarationError(
                f"{self.node.path!r} would rotate {self._secrets} secrets, and its resource policy can name "
                f"{_MOST_SECRETS}: make another RotationFunction for some of the databases."
            )
        self.role.allow_rotation(credential)
        # Without source account and ARN, anyone's secret could have this function invoked (confused deputy).
        return lambda_.CfnPermission(
            scope,
            "InvokePermission",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=Stack.of(self).account,
            source_arn=credential.secret.secret_arn,
        )

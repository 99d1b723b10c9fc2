"""A rotation that cannot succeed: the function may no longer store what it generates."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.cloud import LocalCloud

_POLICY = "demo-sabotage"
_DENIAL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "secretsmanager:PutSecretValue", "Resource": "*"}],
}


def role_of(cloud: LocalCloud, function_name: str) -> str:
    """Return the name of a function's role."""
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=function_name)
    return str(configuration["Role"].rsplit("/", 1)[-1])


class SabotagedFunction:
    """A rotation function whose role can be denied a permission.

    :param function_name: As the deployment calls it.
    """

    def __init__(self, cloud: LocalCloud, function_name: str) -> None:
        self._iam = cloud.client("iam")
        self.role = role_of(cloud, function_name)

    @contextmanager
    def may_not_store(self) -> Iterator[None]:
        """Deny PutSecretValue for as long as the context lasts; leaving it is the repair."""
        self._iam.put_role_policy(RoleName=self.role, PolicyName=_POLICY, PolicyDocument=json.dumps(_DENIAL))
        try:
            yield
        finally:
            self._iam.delete_role_policy(RoleName=self.role, PolicyName=_POLICY)

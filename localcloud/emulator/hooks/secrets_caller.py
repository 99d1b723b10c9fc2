"""Who calls Secrets Manager, for the checks that AWS makes beside the one of the action itself.

ministack judges an action before its handler runs and forgets the caller then. CloudFormation inside ministack calls
the same handlers without a request; like AWS's own service it is trusted.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import secretsmanager

from localcloud.emulator import patches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from localcloud.emulator.answers import Answer
    from localcloud.emulator.emulator import Emulator


@dataclass(frozen=True)
class Caller:
    """The sender of a request.

    :param account: its account, which is not the secret's when a secret of another account is asked for.
    """

    access_key: str
    account: str

    @property
    def is_root(self) -> bool:
        """Whether no policy of its own restricts it."""
        return bool(_is_root(self.access_key))


# Who sent the API request that is being served; None inside ministack.
_caller: ContextVar[Caller | None] = ContextVar("localcloud_secrets_caller", default=None)

_enforce = patches.expect(
    iam_evaluator, "enforce", "(access_key_id, iam_action, service, region, resource_arn='*', service_context=None)"
)
_is_root = patches.expect(iam_evaluator, "is_root_access_key", "(access_key_id)")


def install(_: Emulator) -> None:
    """Remember the caller of every request."""
    patches.replace(secretsmanager, "handle_request", "(method, path, headers, body, query_params)", _remember)


def caller() -> Caller | None:
    """Return who sent the request that is being served, None inside ministack."""
    return _caller.get()


def may(action: str, resource_arn: str, context: dict[str, Any] | None = None) -> bool:
    """Whether the caller may do something to a resource; CloudFormation always may.

    :param action: such as `kms:Decrypt`.
    :param context: condition keys and their values.
    """
    sender = caller()
    if sender is None:
        return True
    service = action.partition(":")[0]
    return (
        _enforce(sender.access_key, action, service, get_region(), resource_arn=resource_arn, service_context=context)
        is None
    )


async def _remember(original: Callable[..., Awaitable[Answer]], *request: Any) -> Answer:
    _method, _path, headers, _body, query_params = request
    token = _caller.set(Caller(extract_access_key_id(headers, query_params) or "", get_account_id()))
    try:
        return await original(*request)
    finally:
        _caller.reset(token)

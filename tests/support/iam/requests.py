"""What an action of the matrix asks of AWS: one request, or several that must all be allowed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from tests.support.iam import matrix
from tests.support.iam.account import REGION
from tests.support.iam.outsiders import ROLES
from tests.support.iam.simulator import Request, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.support.iam.account import Account, Function, Role, Secret
    from tests.support.iam.matrix import Case

_T = TypeVar("_T")

VIA_SERVICE = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}


def _secret(role: Role, action: str, secret: Secret, **context: str) -> Request:
    """Ask Secrets Manager for something about a secret."""
    keys = {f"secretsmanager:{key}": value for key, value in context.items()}
    tag = {"aws:ResourceTag/rotating-rds:environment": secret.environment}
    return Request(
        principal=role.arn,
        action=f"secretsmanager:{action}",
        resource=secret.arn,
        context={"secretsmanager:SecretId": secret.arn, **tag, **keys},
        identity=role.policies,
        resource_policy=secret.policy,
    )


def _key(role: Role, action: str, secret: Secret, context: Mapping[str, str]) -> Request:
    """Use the key of a secret under that secret's encryption context."""
    return Request(
        principal=role.arn,
        action=f"kms:{action}",
        resource=secret.key,
        context={"kms:EncryptionContext:SecretARN": secret.arn, **context},
        identity=role.policies,
        resource_policy=secret.key_policy,
    )


def _read(label: str) -> Callable[[Role, Secret], list[Request]]:
    """Read a version: the secret's policies and the key's have to allow it."""
    return lambda role, secret: [
        _secret(role, "GetSecretValue", secret, VersionStage=label),
        _key(role, "Decrypt", secret, VIA_SERVICE),
    ]


def _read_by_id(role: Role, secret: Secret) -> list[Request]:
    """Read a version by its id: no label is in the request."""
    version = "a5a8c6c0-1111-4222-8333-444444444444"
    return [
        _secret(role, "GetSecretValue", secret, VersionId=version),
        _key(role, "Decrypt", secret, VIA_SERVICE),
    ]


def _batch(role: Role, secret: Secret) -> list[Request]:
    """Read many secrets at once: a right of its own, on no resource, beside the right to read each of them."""
    every = Request(role.arn, "secretsmanager:BatchGetSecretValue", "*", {}, role.policies)
    return [every, *_read("AWSCURRENT")(role, secret)]


def _write(role: Role, secret: Secret) -> list[Request]:
    """Write a version, which Secrets Manager encrypts in the caller's name."""
    return [
        _secret(role, "PutSecretValue", secret),
        _key(role, "GenerateDataKey", secret, VIA_SERVICE),
        _key(role, "Decrypt", secret, VIA_SERVICE),
    ]


def _plain(action: str) -> Callable[[Role, Secret], list[Request]]:
    return lambda role, secret: [_secret(role, action, secret)]


OF_SECRETS: Mapping[str, Callable[[Role, Secret], list[Request]]] = {
    # Without a label or an id, Secrets Manager asks for AWSCURRENT.
    "GetSecretValue": _read("AWSCURRENT"),
    "GetSecretValue AWSCURRENT": _read("AWSCURRENT"),
    "GetSecretValue AWSPENDING": _read("AWSPENDING"),
    "GetSecretValue AWSPREVIOUS": _read("AWSPREVIOUS"),
    "GetSecretValue by version id": _read_by_id,
    "BatchGetSecretValue": _batch,
    "DescribeSecret": _plain("DescribeSecret"),
    "ListSecretVersionIds": _plain("ListSecretVersionIds"),
    "PutSecretValue": _write,
    "UpdateSecretVersionStage": _plain("UpdateSecretVersionStage"),
    "RotateSecret": _plain("RotateSecret"),
    "CancelRotateSecret": _plain("CancelRotateSecret"),
    "DeleteSecret": _plain("DeleteSecret"),
    "PutResourcePolicy": _plain("PutResourcePolicy"),
    "TagResource": _plain("TagResource"),
    "kms:Decrypt directly": lambda role, secret: [_key(role, "Decrypt", secret, {})],
    "kms:Decrypt through Secrets Manager": lambda role, secret: [_key(role, "Decrypt", secret, VIA_SERVICE)],
}


def _invoke(role: Role, function: Function) -> list[Request]:
    return [Request(role.arn, "lambda:InvokeFunction", function.arn, {}, role.policies, function.policy)]


def verdicts(account: Account, cases: Iterable[Case]) -> dict[Case, bool]:
    """Return what the policies of an account say to each case."""
    return verdicts_of([account], cases)[0]


def verdicts_of(accounts: Iterable[Account], cases: Iterable[Case]) -> list[dict[Case, bool]]:
    """Return what the policies of each account say to each case, in one run of the simulator."""
    cases = list(cases)
    asked = [[_requests(known, case) for case in cases] for known in map(_Known, accounts)]
    answers = iter(simulate(request for of_account in asked for requests in of_account for request in requests))
    return [
        {case: _all_of(answers, len(requests)) for case, requests in zip(cases, of_account, strict=True)}
        for of_account in asked
    ]


def _all_of(answers: Iterator[bool], count: int) -> bool:
    """Take the next answers, every one of them, and tell whether all say yes."""
    return all(list(islice(answers, count)))


class _Known:
    """Roles, secrets and functions of an account by the names that the table has for them."""

    def __init__(self, account: Account) -> None:
        self.roles = {**_named(account.roles), **ROLES}
        self.secrets = _named(account.secrets)
        self.functions = _named(account.functions)


def _named(found: Mapping[str, _T]) -> dict[str, _T]:
    return {name: found[place] for name, place in matrix.places().items() if place in found}


def _requests(known: _Known, case: Case) -> list[Request]:
    role = known.roles[case.principal]
    if case.action == "InvokeFunction":
        return _invoke(role, known.functions[case.target])
    return OF_SECRETS[case.action](role, known.secrets[case.target])

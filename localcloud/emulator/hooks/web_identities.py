"""Roles assumed with a web identity token, as the service accounts of an EKS cluster assume theirs.

- `AWS::IAM::OIDCProvider` is missing. Ref is its ARN (CloudFormation's resource reference).
- AssumeRoleWithWebIdentity: the account must have a provider for the token's issuer, and the token must be for one of
  the provider's client ids and not have expired (its API reference, and "Create an OpenID Connect identity provider in
  IAM"). ministack asks for none of that and evaluates the role's trust policy alone, for which it takes the list of
  audiences of a token, as EKS writes it, for a value with several members: StringEquals never holds.

A token's signature is not verified: no cluster here signs any, so that a test writes the token of its service account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import cognito, iam, sts

from localcloud.emulator import clock, patches
from localcloud.emulator.hooks import cloudformation
from localcloud.emulator.hooks.cloudformation import ResourceType

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.emulator.emulator import Emulator
    from localcloud.emulator.hooks.cloudformation import Created, Properties

    Answer = tuple[int, dict[str, str], bytes]

_principal_of = patches.expect(sts, "_web_identity_principal", "(token, provider_id, role_arn)")
_error = patches.expect(sts, "_error", "(status, code, message, ns='iam')")
_parameter = patches.expect(sts, "_p", "(params, key, default='')")
_claims_of = patches.expect(cognito, "_decode_id_token_unverified", "(id_token)")


def install(_: Emulator) -> None:
    """Add the type and check tokens."""
    patches.require(iam, "_oidc_providers")
    kind = ResourceType(create=_create, update=_update, delete=_delete, replaced_by=("Url",))
    cloudformation.add("AWS::IAM::OIDCProvider", kind)
    patches.replace(sts, "_web_identity_principal", "(token, provider_id, role_arn)", _principal)
    patches.replace(sts, "_web_identity_trust_denied", "(role_arn, params, use_json)", _denied)


def _create(_logical_id: str, properties: Properties, _stack: str) -> Created:
    arn = f"arn:aws:iam::{get_account_id()}:oidc-provider/{properties['Url'].partition('://')[2].rstrip('/')}"
    if arn in iam._oidc_providers:
        raise ValueError(f"Provider with url {properties['Url']} already exists.")
    iam._oidc_providers[arn] = {"Arn": arn, "Url": properties["Url"], "CreateDate": clock.iso(clock.now())}
    return _update(arn, {}, properties)


def _update(physical_id: str, _old: Properties, new: Properties) -> Created:
    iam._oidc_providers[physical_id] |= {
        "ClientIDList": list(new.get("ClientIdList") or []),
        "ThumbprintList": list(new.get("ThumbprintList") or []),
        "Tags": list(new.get("Tags") or []),
    }
    return physical_id, {"Arn": physical_id}


def _delete(physical_id: str, _: Properties) -> None:
    iam._oidc_providers.pop(physical_id, None)


def _principal(original: Callable[..., tuple[str, dict[str, Any]]], *request: str) -> tuple[str, dict[str, Any]]:
    principal, keys = original(*request)
    return principal, {key: _single(value) for key, value in keys.items()}


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _denied(original: Callable[..., Answer | None], role_arn: str, params: dict[str, Any], *form: Any) -> Answer | None:
    token = _parameter(params, "WebIdentityToken")
    provider = _principal_of(token, _parameter(params, "ProviderId"), role_arn)[0]
    if ":oidc-provider/" in provider:
        registered = iam._oidc_providers.get_scoped(role_arn.split(":")[4], None, provider)
        refusal = _refusal(registered, _claims(token))
        if refusal is not None:
            return _error(400, *refusal, ns="sts")  # type: ignore[no-any-return]
    return original(role_arn, params, *form)


def _claims(token: str) -> dict[str, Any]:
    try:
        claims = _claims_of(token)
    except (ValueError, TypeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _refusal(provider: dict[str, Any] | None, claims: dict[str, Any]) -> tuple[str, str] | None:
    """Return code and message of what is wrong with a token before any policy is asked, None when nothing is."""
    if provider is None:
        return "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {claims.get('iss')}"
    audiences = claims.get("aud") or []
    audiences = [audiences] if isinstance(audiences, str) else audiences
    if not set(audiences) & set(provider["ClientIDList"]):
        return "InvalidIdentityToken", "Incorrect token audience"
    if float(claims.get("exp") or 0) < clock.now():
        return "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"
    return None

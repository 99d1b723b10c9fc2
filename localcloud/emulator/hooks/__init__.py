"""Where ministack differs from AWS and a life cycle depends on it: one file a subject, each with why and what changes.

AWS's documentation decides. Every replaced name is compared with the signature that the hook was written for, so that
another version of ministack is refused at start instead of misbehaving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.emulator.hooks import (
    access,
    addresses,
    alarm_actions,
    alarm_resources,
    alarms,
    backup,
    cloudtrail,
    deployment_calls,
    ec2,
    eks,
    event_rules,
    event_subscriptions,
    event_targets,
    function_resources,
    function_roles,
    functions,
    instance_profiles,
    metric_filters,
    metrics,
    option_groups,
    rds_api,
    rds_resources,
    recording,
    rotation,
    rotation_schedule,
    s3,
    scheduled_rules,
    secret_accounts,
    secret_deletion,
    secret_keys,
    secret_policies,
    secret_replicas,
    secret_resources,
    secret_values,
    secrets_caller,
    server_events,
    service_clock,
    stack_deletion,
    stack_resources,
    topics,
    web_identities,
)

if TYPE_CHECKING:
    from localcloud.emulator.emulator import Emulator

# Order matters where two wrap the same function, the last one outermost: a foreign reader is led to the account of the
# secret, the key is checked there, and only then is the value touched.
_HOOKS = (
    service_clock,
    access,
    secrets_caller,
    secret_values,
    secret_keys,
    rotation,
    secret_deletion,
    secret_accounts,
    secret_policies,
    secret_resources,
    secret_replicas,
    rotation_schedule,
    rds_resources,
    rds_api,
    option_groups,
    ec2,
    addresses,
    eks,
    instance_profiles,
    backup,
    web_identities,
    s3,
    cloudtrail,
    stack_deletion,
    stack_resources,
    functions,
    function_resources,
    function_roles,
    metrics,
    metric_filters,
    event_rules,
    event_targets,
    scheduled_rules,
    recording,
    topics,
    event_subscriptions,
    server_events,
    alarms,
    alarm_actions,
    alarm_resources,
    deployment_calls,
)


def install(emulator: Emulator) -> None:
    """Correct ministack.

    :raises IncompatibleMinistackError: the installed version is not the one which the hooks were written for.
    """
    for hook in _HOOKS:
        hook.install(emulator)

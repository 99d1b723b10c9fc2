"""What each role may do, exactly: a further statement, a wider resource or a dropped condition fails here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.environments import NAMES, PARTS, template

MASTER = "${Database/Secret/Attachment}"
INTERFACE_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
ROTATE = [
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
]
REGIONS = {"local": "us-east-1", "dev": "eu-west-1", "staging": "eu-west-1", "prod": "eu-west-1"}
MONITORED = ("staging", "prod")
# The roles of applications, by environment, and whose credential each reads.
READERS: dict[str, dict[str, str]] = {
    "local": {"Database/Application": MASTER, "Database/Users/orders/Api": "orders"},
    **{
        name: {"Database/Users/orders/Api": "orders", "Database/Users/migrations/Migrations": "migrations"}
        for name in ("dev", "staging", "prod")
    },
}
USERS = {"local": ["orders"], "dev": ["migrations", "orders"]}


def secret_of(user: str) -> str:
    """Return the secret of a user, or of the master."""
    return user if user == MASTER else f"${{Database/Users/{user}/Secret/Attachment}}"


def users_of(name: str) -> list[str]:
    """Return an environment's users."""
    return USERS.get(name, USERS["dev"])


def key_use(name: str, secret: str, *actions: str) -> dict[str, Any]:
    """Return the statement for the database's key: through Secrets Manager, for one secret."""
    return {
        "Effect": "Allow",
        "Action": list(actions) if len(actions) > 1 else actions[0],
        "Resource": "${Database/Key.Arn}",
        "Condition": {
            "StringEquals": {
                "kms:ViaService": f"secretsmanager.{REGIONS[name]}.amazonaws.com",
                "kms:EncryptionContext:SecretARN": secret,
            }
        },
    }


def read(*secrets: str) -> dict[str, Any]:
    """Return the statement for the current value of secrets."""
    return {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": list(secrets) if len(secrets) > 1 else secrets[0],
        "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
    }


def write_log(group: str, *further: str) -> dict[str, Any]:
    """Return the statement for a log group."""
    return {
        "Effect": "Allow",
        "Action": sorted(["logs:CreateLogStream", "logs:PutLogEvents", *further]),
        "Resource": f"${{{group}.Arn}}",
    }


def function_in_network(name: str, path: str) -> list[dict[str, Any]]:
    """Return what every function of ours may: log, have network interfaces that its code cannot touch, be traced."""
    account = "000000000000" if name == "local" else "${AWS::AccountId}"
    source = f"arn:aws:lambda:{REGIONS[name]}:{account}:function:*"
    return [
        write_log(f"{path}/LogGroup"),
        {"Sid": "NetworkInterfaces", "Effect": "Allow", "Action": INTERFACE_ACTIONS, "Resource": "*"},
        {
            "Sid": "NetworkInterfacesAreNotForCode",
            "Effect": "Deny",
            "Action": INTERFACE_ACTIONS,
            "Resource": "*",
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": source}},
        },
        {
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": "*",
        },
    ]


def rotation_function(name: str) -> list[dict[str, Any]]:
    """Return the rotation function's statements: every secret to rotate, the master's also to read as administrator."""
    secrets = [MASTER, *map(secret_of, users_of(name))]
    return [
        *function_in_network(name, "Database/RotationFunction"),
        {"Effect": "Allow", "Action": ROTATE, "Resource": secrets},
        read(MASTER),
        *(key_use(name, secret, "kms:Decrypt", "kms:GenerateDataKey") for secret in secrets),
    ]


def provision_function(name: str) -> list[dict[str, Any]]:
    """Return the statements of the function that makes users."""
    secrets = [MASTER, *map(secret_of, users_of(name))]
    return [
        *function_in_network(name, "Database/ProvisionFunction"),
        read(*secrets),
        *(key_use(name, secret, "kms:Decrypt") for secret in secrets),
    ]


def probe_function(name: str) -> list[dict[str, Any]]:
    """Return the statements of the function that examines credentials; the master's are the administrator's."""
    secrets = [MASTER, *map(secret_of, users_of(name))]
    return [
        *function_in_network(name, "Database/ProbeFunction"),
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
            "Resource": secrets,
        },
        read(*secrets),
        *(key_use(name, secret, "kms:Decrypt") for secret in secrets),
    ]


def framework() -> list[dict[str, Any]]:
    """Return the statements of what stands between CloudFormation and that function."""
    return [
        write_log("Database/ProvisionFunction/ProviderLogGroup"),
        {
            "Effect": "Allow",
            "Action": ["lambda:GetFunction", "lambda:InvokeFunction"],
            "Resource": "${Database/ProvisionFunction.Arn}",
        },
    ]


def application(name: str, secret: str) -> list[dict[str, Any]]:
    """Return a consumer's statements."""
    return [read(secret), key_use(name, secret, "kms:Decrypt")]


def statements_of(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the statements that an environment's roles shall have."""
    return {
        "network: FlowLogRole": [write_log("FlowLogGroup", "logs:DescribeLogStreams")],
        "audit: Trail/Role": [write_log("Trail/LogGroup")],
        "orders: Database/RotationFunction/Role": rotation_function(name),
        "orders: Database/ProvisionFunction/Role": provision_function(name),
        "orders: Database/ProvisionFunction/ProviderRole": framework(),
        "orders: Database/ProbeFunction/Role": probe_function(name),
        **({"orders: Database/MonitoringRole": []} if name in MONITORED else {}),
        **{f"orders: {path}": application(name, secret_of(user)) for path, user in READERS[name].items()},
    }


def in_any_order(statements: list[dict[str, Any]]) -> list[str]:
    """Return statements comparably: their order means nothing."""
    return sorted(map(repr, (dict(sorted(statement.items())) for statement in statements)))


@pytest.mark.parametrize("name", NAMES)
def test_every_role_has_exactly_its_statements(name: str) -> None:
    """All roles of ours, in all stacks, with all of their statements."""
    found = {f"{part}: {path}": template(name, part).statements(path) for part in PARTS for path in roles(name, part)}
    expected = statements_of(name)
    assert found.keys() == expected.keys()
    for role, statements in expected.items():
        assert in_any_order(found[role]) == in_any_order(statements), role


def roles(name: str, part: str) -> dict[str, Any]:
    """Return the roles of a stack which are ours: the CDK's own provider has one that it names itself."""
    found = template(name, part).of_type("AWS::IAM::Role")
    return {path: role for path, role in found.items() if not path.startswith("Custom::")}


@pytest.mark.parametrize("name", NAMES)
def test_no_role_of_ours_has_a_policy_of_aws_but_the_one_that_rds_insists_on(name: str) -> None:
    """A policy that AWS changes would change what our roles may do."""
    managed = {
        path: template(name, part).readable(role["Properties"]["ManagedPolicyArns"])
        for part in PARTS
        for path, role in roles(name, part).items()
        if "ManagedPolicyArns" in role["Properties"]
    }
    monitoring = ["arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"]
    assert managed == ({"Database/MonitoringRole": monitoring} if name in MONITORED else {})


@pytest.mark.parametrize("name", NAMES)
def test_no_role_of_ours_has_statements_beside_its_policies(name: str) -> None:
    """So that the test of statements sees them all."""
    for part in PARTS:
        for role in roles(name, part).values():
            assert "Policies" not in role["Properties"]


@pytest.mark.parametrize("name", NAMES)
def test_every_role_of_ours_is_assumed_by_one_service(name: str) -> None:
    """No role is shared between services or accounts."""
    services = {
        path: [
            statement["Principal"]["Service"]
            for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        ]
        for part in PARTS
        for path, role in roles(name, part).items()
    }
    assert services == {
        "FlowLogRole": ["vpc-flow-logs.amazonaws.com"],
        "Trail/Role": ["cloudtrail.amazonaws.com"],
        "Database/RotationFunction/Role": ["lambda.amazonaws.com"],
        "Database/ProvisionFunction/Role": ["lambda.amazonaws.com"],
        "Database/ProvisionFunction/ProviderRole": ["lambda.amazonaws.com"],
        "Database/ProbeFunction/Role": ["lambda.amazonaws.com"],
        **({"Database/MonitoringRole": ["monitoring.rds.amazonaws.com"]} if name in MONITORED else {}),
        **{key: ["ecs-tasks.amazonaws.com"] for key in READERS[name]},
    }

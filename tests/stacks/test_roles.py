"""What each role may do, exactly: a further statement, a wider resource or a dropped condition fails here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.environments import NAMES, PARTS, template

SECRET = "${Database/Secret/Attachment}"
INTERFACE_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
REGIONS = {"local": "us-east-1", "dev": "eu-west-1", "staging": "eu-west-1", "prod": "eu-west-1"}


def key_condition(region: str) -> dict[str, Any]:
    """Return the condition under which the database's key can be used."""
    return {
        "StringEquals": {
            "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
            "kms:EncryptionContext:SecretARN": SECRET,
        }
    }


def rotation_function(region: str, account: str) -> list[dict[str, Any]]:
    """Return the rotation function's statements."""
    return [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "${Database/RotationFunction/LogGroup.Arn}",
        },
        {"Sid": "NetworkInterfaces", "Effect": "Allow", "Action": INTERFACE_ACTIONS, "Resource": "*"},
        {
            "Sid": "NetworkInterfacesAreNotForCode",
            "Effect": "Deny",
            "Action": INTERFACE_ACTIONS,
            "Resource": "*",
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:{region}:{account}:function:*"}},
        },
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": SECRET,
        },
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "${Database/Key.Arn}",
            "Condition": key_condition(region),
        },
    ]


def application(region: str) -> list[dict[str, Any]]:
    """Return the consumer's statements."""
    return [
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": SECRET,
            "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        },
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "${Database/Key.Arn}",
            "Condition": key_condition(region),
        },
    ]


def trail() -> list[dict[str, Any]]:
    """Return the statements of the trail's role."""
    return [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "${Trail/LogGroup.Arn}",
        }
    ]


def flow_log() -> list[dict[str, Any]]:
    """Return the statements of the flow log's role."""
    return [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": "${FlowLogGroup.Arn}",
        }
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_role_has_exactly_its_statements(name: str) -> None:
    """All roles of ours, in all stacks, with all of their statements."""
    account = "000000000000" if name == "local" else "${AWS::AccountId}"
    found = {
        f"{part}: {path}": template(name, part).statements(path)
        for part in PARTS
        for path in template(name, part).of_type("AWS::IAM::Role")
        if not path.startswith("Custom::")
    }
    assert found == {
        "network: FlowLogRole": flow_log(),
        "database: Database/RotationFunction/Role": rotation_function(REGIONS[name], account),
        "database: Database/Application": application(REGIONS[name]),
        "audit: Trail/Role": trail(),
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_role_of_ours_has_a_managed_policy(name: str) -> None:
    """A policy that AWS changes would change what our roles may do."""
    for part in PARTS:
        for path, role in template(name, part).of_type("AWS::IAM::Role").items():
            assert path.startswith("Custom::") or "ManagedPolicyArns" not in role["Properties"]


@pytest.mark.parametrize("name", NAMES)
def test_every_role_of_ours_is_assumed_by_one_service(name: str) -> None:
    """No role is shared between services or accounts."""
    services = {
        path: [
            statement["Principal"]["Service"]
            for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        ]
        for part in PARTS
        for path, role in template(name, part).of_type("AWS::IAM::Role").items()
        if not path.startswith("Custom::")
    }
    assert services == {
        "FlowLogRole": ["vpc-flow-logs.amazonaws.com"],
        "Database/RotationFunction/Role": ["lambda.amazonaws.com"],
        "Database/Application": ["ecs-tasks.amazonaws.com"],
        "Trail/Role": ["cloudtrail.amazonaws.com"],
    }

from __future__ import annotations

import pytest

from tests.support.environments import NAMES, template


@pytest.mark.parametrize("name", NAMES)
def test_the_network_has_no_way_to_the_internet(name: str) -> None:
    """Neither gateways nor routes nor public addresses."""
    network = template(name, "network")
    for kind in ("InternetGateway", "NatGateway", "Route", "EIP"):
        assert network.of_type(f"AWS::EC2::{kind}") == {}
    subnets = network.of_type("AWS::EC2::Subnet").values()
    assert {subnet["Properties"]["MapPublicIpOnLaunch"] for subnet in subnets} == {False}


@pytest.mark.parametrize(
    ("name", "zones"),
    [
        ("local", ["us-east-1a", "us-east-1b"]),
        ("dev", ["eu-west-1a", "eu-west-1b"]),
        ("staging", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ("prod", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
    ],
)
def test_there_is_a_subnet_in_each_zone_of_the_settings(name: str, zones: list[str]) -> None:
    """Zones are named, so that synthesis asks nobody."""
    subnets = template(name, "network").of_type("AWS::EC2::Subnet").values()
    assert [subnet["Properties"]["AvailabilityZone"] for subnet in subnets] == zones


@pytest.mark.parametrize("name", NAMES)
def test_the_endpoint_answers_under_the_public_name(name: str) -> None:
    """The SDK of the function needs no other address."""
    endpoint = template(name, "network").properties("AWS::EC2::VPCEndpoint")
    assert endpoint["PrivateDnsEnabled"] is True
    assert endpoint["VpcEndpointType"] == "Interface"
    assert endpoint["ServiceName"].endswith(".secretsmanager")


def test_the_endpoint_serves_secrets_of_this_environment_to_this_account_only() -> None:
    """No other account's secret can be written through it: data cannot leave that way."""
    endpoint = template("prod", "network").properties("AWS::EC2::VPCEndpoint")
    assert endpoint["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:ListSecretVersionIds",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": "arn:aws:secretsmanager:eu-west-1:${AWS::AccountId}:secret:*",
            "Condition": {
                "StringEquals": {
                    "aws:PrincipalAccount": "${AWS::AccountId}",
                    "aws:ResourceTag/rotating-rds:environment": "prod",
                }
            },
        },
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_endpoint_lets_nobody_in_by_address(name: str) -> None:
    """Its group has no rule of its own; groups that were granted access are named by their stacks."""
    network = template(name, "network")
    group = network.properties("AWS::EC2::SecurityGroup", "SecretsManagerEndpointGroup")
    assert "SecurityGroupIngress" not in group
    assert network.of_type("AWS::EC2::SecurityGroupIngress") == {}


@pytest.mark.parametrize("name", NAMES)
def test_all_traffic_is_logged(name: str) -> None:
    """Accepted and rejected, into a group of ours with a retention."""
    network = template(name, "network")
    flow_log = network.properties("AWS::EC2::FlowLog")
    assert (flow_log["TrafficType"], flow_log["LogGroupName"]) == ("ALL", "${FlowLogGroup}")
    assert flow_log["DeliverLogsPermissionArn"] == "${FlowLogRole.Arn}"
    assert network.properties("AWS::Logs::LogGroup", "FlowLogGroup")["RetentionInDays"] > 0


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_default_security_group_is_closed_in_every_account(name: str) -> None:
    """Nothing can use it by accident."""
    assert "Custom::VpcRestrictDefaultSG" in {
        resource["Type"] for resource in template(name, "network").body["Resources"].values()
    }

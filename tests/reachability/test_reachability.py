"""Who reaches what in an environment's network, by its templates; and that each of these checks can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.iam import proof
from tests.support.iam.account import ACCOUNT, REGION, Account, copied
from tests.support.iam.simulator import Request, simulate
from tests.support.reachability import Reachability

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.templates import Template

Templates = dict[str, "Template"]

ENDPOINT = "network/SecretsManagerEndpointGroup"
APPLICATION = "sg-0123456789abcdef0"  # the group that the settings name for the consumer `api` of orders
FUNCTIONS = tuple(
    f"{part}/Database/{name}" for part in ("orders", "billing") for name in ("Rotation", "Provision", "Probe")
)
USED = ("DescribeSecret", "GetSecretValue", "ListSecretVersionIds", "PutSecretValue", "UpdateSecretVersionStage")
TAG = "aws:ResourceTag/rotating-rds:environment"


def group_of(function: str) -> str:
    """Return the security group of a function."""
    return f"{function}Function/SecurityGroup"


def database_of(function: str) -> str:
    """Return the security group of a function's database."""
    return f"{function.partition('/')[0]}/Database/SecurityGroup"


def functions_reach_the_endpoint(templates: Templates) -> bool:
    """Tell whether every function reaches Secrets Manager on 443."""
    reached = Reachability(templates).connections()
    return {(group_of(function), ENDPOINT, 443) for function in FUNCTIONS} <= reached


def functions_reach_their_database(templates: Templates) -> bool:
    """Tell whether every function reaches its database on its port."""
    reached = Reachability(templates).connections()
    return {(group_of(function), database_of(function), 5432) for function in FUNCTIONS} <= reached


def the_application_is_let_in(templates: Templates) -> bool:
    """Tell whether the consumer's group is let in by its database and by the endpoint."""
    into = {(rule.group, rule.peer, rule.ports) for rule in Reachability(templates).into}
    return {("orders/Database/SecurityGroup", APPLICATION, (5432, 5432)), (ENDPOINT, APPLICATION, (443, 443))} <= into


def nothing_else_is_let_in(templates: Templates) -> bool:
    """Tell whether databases and endpoint let in nobody but functions and the consumer, on nothing but their port."""
    allowed = {(database_of(function), group_of(function), "tcp", (5432, 5432)) for function in FUNCTIONS}
    allowed |= {(ENDPOINT, group_of(function), "tcp", (443, 443)) for function in FUNCTIONS}
    allowed |= {("orders/Database/SecurityGroup", APPLICATION, "tcp", (5432, 5432))}
    allowed |= {(ENDPOINT, APPLICATION, "tcp", (443, 443))}
    return {(rule.group, rule.peer, rule.protocol, rule.ports) for rule in Reachability(templates).into} <= allowed


def functions_reach_nothing_else(templates: Templates) -> bool:
    """Tell whether nothing leaves functions, databases and endpoint but to their database and the endpoint."""
    allowed = {(group_of(function), database_of(function), (5432, 5432)) for function in FUNCTIONS}
    allowed |= {(group_of(function), ENDPOINT, (443, 443)) for function in FUNCTIONS}
    return {(rule.group, rule.peer, rule.ports) for rule in Reachability(templates).out_of} <= allowed


def everything_is_in_its_group(templates: Templates) -> bool:
    """Tell whether functions, databases and endpoint are in exactly the groups that the rules are about."""
    network = Reachability(templates)
    functions = network.groups_of("AWS::Lambda::Function", "SecurityGroupIds")
    return (
        {f"{function}Function": [group_of(function)] for function in FUNCTIONS}.items() <= functions.items()
        and network.groups_of("AWS::RDS::DBInstance", "VPCSecurityGroups")
        == {f"{part}/Database": [f"{part}/Database/SecurityGroup"] for part in ("orders", "billing")}
        and network.groups_of("AWS::EC2::VPCEndpoint", "SecurityGroupIds")
        == {"network/Vpc/SecretsManagerEndpoint": [ENDPOINT]}
    )


def databases_are_private(templates: Templates) -> bool:
    """Tell whether no database has a public address."""
    instances = all_of(templates, "AWS::RDS::DBInstance")
    return bool(instances) and all(instance["PubliclyAccessible"] is False for instance in instances)


def the_public_name_leads_to_the_endpoint(templates: Templates) -> bool:
    """Tell whether the network resolves the service's public name to the endpoint."""
    (endpoint,) = all_of(templates, "AWS::EC2::VPCEndpoint")
    (vpc,) = all_of(templates, "AWS::EC2::VPC")
    return bool(endpoint["PrivateDnsEnabled"] and vpc["EnableDnsSupport"] and vpc["EnableDnsHostnames"])


def the_endpoint_admits_what_is_used(templates: Templates) -> bool:
    """Tell whether functions and consumers can use every secret of the environment through the endpoint."""
    secrets = [secret.arn for secret in Account(templates).secrets.values()]
    return all(simulate(through_endpoint(templates, action, secret) for secret in secrets for action in USED))


def the_endpoint_admits_nothing_else(templates: Templates) -> bool:
    """Tell whether it refuses other environments' and accounts' secrets, other accounts' roles, and other actions."""
    secret = Account(templates).secrets["orders/Database/Secret"].arn
    elsewhere = secret.replace(ACCOUNT, "111122223333")
    refused = [
        *(through_endpoint(templates, action, secret, environment="prod") for action in USED),
        *(through_endpoint(templates, action, secret, environment=None) for action in USED),
        *(through_endpoint(templates, action, elsewhere) for action in USED),
        *(through_endpoint(templates, action, secret, account="111122223333") for action in USED),
        *(through_endpoint(templates, action, secret) for action in ("DeleteSecret", "PutResourcePolicy")),
    ]
    return not any(simulate(refused))


def through_endpoint(
    templates: Templates, action: str, secret: str, *, environment: str | None = proof.NAME, account: str = ACCOUNT
) -> Request:
    """Return a request that everybody's policies allow, so that the endpoint's alone decides."""
    (policy,) = Account(templates).endpoint_policies.values()
    everything = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
    role = f"arn:aws:iam::{account}:role/somebody"
    return Request(
        principal=role,
        action=f"secretsmanager:{action}",
        resource=secret,
        context={} if environment is None else {TAG: environment},
        identity=[{"Version": "2012-10-17", "Statement": [everything]}],
        resource_policy={"Version": "2012-10-17", "Statement": [{**everything, "Principal": {"AWS": role}}]},
        endpoint=policy,
    )


def all_of(templates: Templates, kind: str) -> list[dict[str, Any]]:
    """Return the properties of every resource of a type, to be changed in place."""
    return [resource["Properties"] for template in templates.values() for resource in template.of_type(kind).values()]


CHECKS: Mapping[str, Callable[[Templates], bool]] = {
    check.__name__.replace("_", " "): check
    for check in (
        functions_reach_the_endpoint,
        functions_reach_their_database,
        the_application_is_let_in,
        nothing_else_is_let_in,
        functions_reach_nothing_else,
        everything_is_in_its_group,
        databases_are_private,
        the_public_name_leads_to_the_endpoint,
        the_endpoint_admits_what_is_used,
        the_endpoint_admits_nothing_else,
    )
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_templates_connect_what_belongs_together_and_nothing_else(name: str) -> None:
    """Every check holds as declared."""
    assert CHECKS[name](copied(proof.templates()))


def rule(direction: str, group: str, peer: str) -> Callable[[Templates], dict[str, Any]]:
    """Return what finds a rule by the ends of its path, and takes it out."""

    def take(templates: Templates) -> dict[str, Any]:
        kind = f"AWS::EC2::SecurityGroup{direction}"
        for template in templates.values():
            for path, found in template.of_type(kind).items():
                if path.startswith(group) and peer in path:
                    resources: dict[str, Any] = template.body["Resources"]
                    del resources[next(name for name, resource in resources.items() if resource is found)]
                    properties: dict[str, Any] = found["Properties"]
                    return properties
        raise AssertionError(f"no rule of {group} about {peer}")

    return take


def let_in_addresses(templates: Templates) -> None:
    """Open a database to a range of addresses."""
    group = templates["orders"].resource("AWS::EC2::SecurityGroup", "Database/SecurityGroup")
    group["Properties"]["SecurityGroupIngress"].append(
        {"CidrIp": "10.0.0.0/8", "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
    )


def shut_out_the_application(templates: Templates) -> None:
    """Take the rule for the consumer's group out of a database's."""
    group = templates["orders"].resource("AWS::EC2::SecurityGroup", "Database/SecurityGroup")
    (rule_for_it,) = group["Properties"]["SecurityGroupIngress"]
    assert rule_for_it["SourceSecurityGroupId"] == APPLICATION
    group["Properties"]["SecurityGroupIngress"] = []


def let_out_everything(templates: Templates) -> None:
    """Open the way out of a function."""
    group = templates["orders"].resource("AWS::EC2::SecurityGroup", "Database/RotationFunction/SecurityGroup")
    group["Properties"]["SecurityGroupEgress"] = [{"CidrIp": "0.0.0.0/0", "IpProtocol": "-1"}]


def wrong_port(templates: Templates) -> None:
    """Let a function out to another port than the database lets it in on."""
    for found in templates["orders"].of_type("AWS::EC2::SecurityGroupEgress").values():
        if found["Properties"]["Description"] == "Rotates database credentials":
            found["Properties"].update(FromPort=3306, ToPort=3306)


def join_another_group(templates: Templates) -> None:
    """Put a database into a second group, whose rules are anybody's."""
    templates["orders"].resource("AWS::RDS::DBInstance")["Properties"]["VPCSecurityGroups"].append("sg-1")


def publish(templates: Templates) -> None:
    """Give a database a public address."""
    templates["billing"].resource("AWS::RDS::DBInstance")["Properties"]["PubliclyAccessible"] = True


def endpoint_of(templates: Templates) -> dict[str, Any]:
    """Return the properties of the endpoint."""
    properties: dict[str, Any] = templates["network"].resource("AWS::EC2::VPCEndpoint")["Properties"]
    return properties


def statement_of(templates: Templates) -> dict[str, Any]:
    """Return the endpoint's statement."""
    (statement,) = endpoint_of(templates)["PolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found


MUTATIONS: Mapping[str, tuple[Callable[[Templates], object], set[str]]] = {
    "a function is not let out to the endpoint": (
        rule("Egress", "Database/RotationFunction", "SecretsManagerEndpointGroup"),
        {"functions reach the endpoint"},
    ),
    "the endpoint does not let a function in": (
        rule("Ingress", "Database/ProvisionFunction", "SecretsManagerEndpointGroup"),
        {"functions reach the endpoint"},
    ),
    "the database does not let a function in": (
        rule("Ingress", "Database/SecurityGroup", "RotationFunction"),
        {"functions reach their database"},
    ),
    "the database does not let the application in": (
        shut_out_the_application,
        {"the application is let in"},
    ),
    "a function is let out to another port": (
        wrong_port,
        {"functions reach their database", "functions reach nothing else"},
    ),
    "the database is open to addresses": (let_in_addresses, {"nothing else is let in"}),
    "a function reaches the world": (let_out_everything, {"functions reach nothing else"}),
    "the database is in a further group": (join_another_group, {"everything is in its group"}),
    "the database has a public address": (publish, {"databases are private"}),
    "the public name leads elsewhere": (
        lambda templates: endpoint_of(templates).update(PrivateDnsEnabled=False),
        {"the public name leads to the endpoint"},
    ),
    "the endpoint serves every environment": (
        lambda templates: statement_of(templates)["Condition"]["StringEquals"].pop(TAG),
        {"the endpoint admits nothing else"},
    ),
    "the endpoint serves every account's roles": (
        lambda templates: statement_of(templates)["Condition"]["StringEquals"].pop("aws:PrincipalAccount"),
        {"the endpoint admits nothing else"},
    ),
    "the endpoint serves every account's secrets": (
        lambda templates: statement_of(templates).update(Resource="*"),
        {"the endpoint admits nothing else"},
    ),
    "the endpoint admits every action": (
        lambda templates: statement_of(templates).update(Action="secretsmanager:*"),
        {"the endpoint admits nothing else"},
    ),
    "the endpoint admits no writing": (
        lambda templates: statement_of(templates)["Action"].remove("secretsmanager:PutSecretValue"),
        {"the endpoint admits what is used"},
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_changed_template_is_noticed(name: str) -> None:
    """Exactly the checks fail that the change concerns."""
    change, failing = MUTATIONS[name]
    templates = copied(proof.templates())
    change(templates)
    assert {check for check, holds in CHECKS.items() if not holds(templates)} == failing


def test_the_region_of_the_proof_is_the_one_that_policies_are_read_for() -> None:
    """The ARNs of the simulated account are those that the templates speak of."""
    assert f":{REGION}:{ACCOUNT}:" in str(statement_of(copied(proof.templates()))["Resource"])

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from rotating_rds import RotatingDatabase
from tests.support.declarations import Declaration, new_declaration, template_of

if TYPE_CHECKING:
    from tests.support.templates import Template

INGRESS = "AWS::EC2::SecurityGroupIngress"
SECRET, KEY = "${Orders/Secret/Attachment}", "${Orders/Key.Arn}"
READ = [
    {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": SECRET,
        "Condition": {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
    },
    {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {
            "StringEquals": {
                "kms:ViaService": "secretsmanager.${AWS::Region}.amazonaws.com",
                "kms:EncryptionContext:SecretARN": SECRET,
            }
        },
    },
]


def function(stack: Stack, vpc: ec2.IVpc) -> lambda_.Function:
    """Declare a function that an application might be."""
    return lambda_.Function(
        stack,
        "Api",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        allow_all_outbound=False,
    )


def test_a_consumer_reads_the_current_value_and_may_do_nothing_else(defaults: Template) -> None:
    """Neither pending nor previous versions, no other secret, no other use of the key."""
    assert defaults.statements("Orders/Api") == READ


def test_a_consumer_role_is_for_one_service_of_this_account(defaults: Template) -> None:
    """No task of another account can have the role assumed for it."""
    role = defaults.properties("AWS::IAM::Role", "Orders/Api")
    assert role["Path"] == "/rotating-rds/"
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
                "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*"},
            },
        }
    ]


def test_reading_is_granted_to_an_existing_role() -> None:
    """GIVEN a role of somebody else's, WHEN reading is granted, THEN it gets exactly the reader's statements."""
    declaration = new_declaration()
    role = iam.Role(declaration.stack, "Batch", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    declaration.database().grants.read_secret(role)
    assert declaration.template().statements("Batch") == READ


def test_reading_leaves_the_key_policy_alone() -> None:
    """Readers are named in their own policies, so that the key's stack does not depend on theirs."""
    alone, granted = new_declaration(), new_declaration()
    alone.database()
    role = iam.Role(granted.stack, "Batch", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    granted.database().grants.read_secret(role)
    policies = [
        declaration.template().properties("AWS::KMS::Key", "Orders/Key")["KeyPolicy"]
        for declaration in (alone, granted)
    ]
    assert policies[0] == policies[1]


def test_connecting_grants_secret_and_network() -> None:
    """GIVEN a function in the same stack, WHEN it may connect, THEN it reads the secret and reaches the port."""
    declaration = new_declaration()
    api = function(declaration.stack, declaration.vpc)
    declaration.database().grants.connect(api)
    template = declaration.template()
    assert template.statements("Api/ServiceRole") == READ
    assert ("${Orders/SecurityGroup.GroupId}", "${Api/SecurityGroup.GroupId}", 5432) in ingress(template)


def test_a_consumer_of_another_stack_makes_no_cycle() -> None:
    """The rules are made in the consumer's stack, which depends on the database's and not the other way round."""
    declaration = new_declaration()
    database = declaration.database()
    stack = Stack(declaration.app, "Front")
    database.grants.connect(function(stack, declaration.vpc))
    front = template_of(declaration.app, stack)
    assert [port for _, _, port in ingress(front)] == [5432]
    assert declaration.stack in stack.dependencies


def test_a_database_in_a_third_stack_is_reached_as_well() -> None:
    """GIVEN network, database and consumer in three stacks, THEN the app synthesises."""
    network = new_declaration()
    data, front = Stack(network.app, "Data"), Stack(network.app, "Front")
    database = Declaration(app=network.app, stack=data, vpc=network.vpc, endpoint=network.endpoint).database()
    assert isinstance(database, RotatingDatabase)
    database.grants.connect(function(front, network.vpc))
    assert len(template_of(network.app, data).of_type("AWS::RDS::DBInstance")) == 1


def ingress(template: Template) -> list[tuple[str, str, int]]:
    """Return group, source and port of the rules that let something in."""
    rules = (template.properties(INGRESS, path) for path in template.of_type(INGRESS))
    return [(rule["GroupId"], rule["SourceSecurityGroupId"], rule["FromPort"]) for rule in rules]

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_rds as rds

from rotating_rds import Access, Compute, DeclarationError, Engine, Rotation
from tests.support.declarations import new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

USER = "Custom::DatabaseUser"
SECRET = "AWS::SecretsManager::Secret"
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
MYSQL = Engine.mysql(rds.MysqlEngineVersion.VER_8_4_8)
PATH = "Orders/Users/web"


@pytest.fixture(scope="module")
def web() -> Template:
    """Return the template of a database with one user, declared with nothing but a name, with a consumer and alarms."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_alarms()
    database.add_user("web").add_consumer("Api", Compute.ecs_task())
    return declaration.template()


def tags(template: Template, path: str) -> dict[str, str]:
    """Return the tags of ours on a secret."""
    return {tag["Key"]: tag["Value"] for tag in template.properties(SECRET, path)["Tags"]}


def test_a_user_is_made_in_the_database_at_deployment(web: Template) -> None:
    """The request says everything that the function needs, and takes nothing from a value that others may write."""
    request = web.properties(USER)
    del request["ServiceToken"]
    identifier = web.properties("AWS::RDS::DBInstance")["DBInstanceIdentifier"]
    assert request == {
        "Database": identifier,
        "Engine": "postgres",
        "Secret": f"${{{PATH}/Secret/Attachment}}",
        "Username": "web",
        "AlternateUsername": "web_clone",
        "Administrator": "${Orders/Secret/Attachment}",
        "AdministratorUsername": "dbadmin",
        "Owner": "schema_owner",
        "Schemas": {"public": "read_write"},
        "Statements": [],
        "Removal": "retain",
    }


def test_a_users_secret_says_how_it_rotates_and_who_administers_it(web: Template) -> None:
    """By tags, which who may write a value cannot change."""
    assert tags(web, f"{PATH}/Secret") == {
        "rotating-rds:database": web.properties("AWS::RDS::DBInstance")["DBInstanceIdentifier"],
        "rotating-rds:engine": "postgres",
        "rotating-rds:strategy": "alternating_users",
        "rotating-rds:username": "web",
        "rotating-rds:alternate-username": "web_clone",
        "rotating-rds:administrator": {"Fn::Join": ["=21", {"Fn::Split": ["!", "${Orders/Secret/Attachment}"]}]},
        "rotating-rds:administrator-username": "dbadmin",
    }


def test_a_users_secret_is_generated_encrypted_attached_and_retained(web: Template) -> None:
    """As the master's is."""
    secret = web.properties(SECRET, f"{PATH}/Secret")
    assert secret["KmsKeyId"] == "${Orders/Key.Arn}"
    assert secret["GenerateSecretString"]["PasswordLength"] == 32
    assert secret["GenerateSecretString"]["SecretStringTemplate"] == '{"username": "web"}'
    assert web.resource(SECRET, f"{PATH}/Secret")["DeletionPolicy"] == "Retain"
    assert web.properties("AWS::SecretsManager::SecretTargetAttachment", f"{PATH}/Secret/Attachment") == {
        "SecretId": f"${{{PATH}/Secret}}",
        "TargetId": "${Orders}",
        "TargetType": "AWS::RDS::DBInstance",
    }


def test_a_credential_is_handed_to_rotation_when_its_user_exists(web: Template) -> None:
    """Secrets Manager tests the rotation at once: before that, nobody could log in."""
    assert f"{PATH}/Default" in web.depends_on(SCHEDULE, f"{PATH}/RotationSchedule")
    assert f"{PATH}/InvokePermission" in web.depends_on(SCHEDULE, f"{PATH}/RotationSchedule")
    assert "Orders" in web.depends_on(USER)


def test_a_consumer_of_a_user_reads_that_users_credential_alone(web: Template) -> None:
    """Neither the master's nor another user's."""
    assert {statement["Resource"] for statement in web.statements(f"{PATH}/Api")} == {
        f"${{{PATH}/Secret/Attachment}}",
        "${Orders/Key.Arn}",
    }


def test_the_function_that_makes_users_reads_two_credentials_and_writes_none(web: Template) -> None:
    """The user's, to set its password, and the administrator's, to be allowed to."""
    statements = web.statements("Orders/ProvisionFunction/Role")
    secrets = [s for s in statements if "secretsmanager:GetSecretValue" in s["Action"]]
    assert {s["Action"] for s in secrets} == {"secretsmanager:GetSecretValue"}
    assert {s["Resource"] for s in secrets} == {f"${{{PATH}/Secret/Attachment}}", "${Orders/Secret/Attachment}"}
    assert all(s["Condition"] == {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}} for s in secrets)


def test_the_rotation_function_reads_the_administrators_credential(web: Template) -> None:
    """It rotates that one as well here; with a single statement for each purpose."""
    resources = [
        statement["Resource"]
        for statement in web.statements("Orders/RotationFunction/Role")
        if statement["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert resources == ["${Orders/Secret/Attachment}"]


def test_the_framework_that_answers_cloudformation_stays_outside_of_the_network(web: Template) -> None:
    """From isolated subnets its answer would reach nobody, and the deployment would hang."""
    function = web.properties("AWS::Lambda::Function", "Orders/ProvisionFunction/Provider/framework-onEvent")
    assert "VpcConfig" not in function
    role = web.properties("AWS::IAM::Role", "Orders/ProvisionFunction/ProviderRole")
    assert role["Path"] == "/rotating-rds/"
    assert "ManagedPolicyArns" not in role


def test_the_framework_may_invoke_the_function_and_write_its_log(web: Template) -> None:
    """Not other versions of the function, which its own grant would name."""
    assert web.statements("Orders/ProvisionFunction/ProviderRole") == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "${Orders/ProvisionFunction/ProviderLogGroup.Arn}",
        },
        {
            "Effect": "Allow",
            "Action": ["lambda:GetFunction", "lambda:InvokeFunction"],
            "Resource": "${Orders/ProvisionFunction.Arn}",
        },
    ]


def test_the_framework_is_as_bounded_and_encrypted_as_the_function(web: Template) -> None:
    """It cannot use up the account's concurrency, and its environment is under the customer's key."""
    function = web.properties("AWS::Lambda::Function", "Orders/ProvisionFunction/Provider/framework-onEvent")
    assert (function["ReservedConcurrentExecutions"], function["KmsKeyArn"]) == (2, "${Orders/Key.Arn}")


def test_failed_rotations_of_users_are_told_of(web: Template) -> None:
    """Alarms that were asked for first hear of users that were added later, too."""
    rule = web.properties("AWS::Events::Rule", "Orders/Alarms/RotationFailed")
    watched = rule["EventPattern"]["detail"]["additionalEventData"]["SecretId"]
    assert watched == ["${Orders/Secret/Attachment}", f"${{{PATH}/Secret/Attachment}}"]


def test_users_are_made_one_after_the_other() -> None:
    """GIVEN more users than the function has concurrency, THEN none is refused for want of it."""
    declaration = new_declaration()
    database = declaration.database()
    for name in ("one", "two", "three"):
        database.add_user(name)
    template = declaration.template()
    assert "Orders/Users/one/Default" in template.depends_on(USER, "Orders/Users/two/Default")
    assert "Orders/Users/two/Default" in template.depends_on(USER, "Orders/Users/three/Default")


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (Rotation.single_user(), {"strategy": "single_user"}),
        (Rotation.admin_reset(), {"strategy": "admin_reset"}),
        (Rotation.admin_reset(retain_for=Duration.hours(1)), {"strategy": "admin_reset", "retain-for": "3600"}),
        (
            Rotation.alternating_users(suffix=".b"),
            {"strategy": "alternating_users", "alternate-username": "web.b"},
        ),
        (
            Rotation.alternating_users(alternate_username="Web=2", provisioned=True, test_query="SELECT 1"),
            {
                "strategy": "alternating_users",
                "alternate-username": "Web=3D2",
                "pair": "provisioned",
                "test-query": "SELECT 1",
            },
        ),
    ],
)
def test_every_strategy_becomes_the_tags_that_the_function_reads(rotation: Rotation, expected: dict[str, str]) -> None:
    """Beside those that every secret has."""
    declaration = new_declaration()
    declaration.database(engine=MYSQL, database_name="shop").add_user("web", rotation=rotation)
    found = {key.partition(":")[2]: value for key, value in tags(declaration.template(), f"{PATH}/Secret").items()}
    common = {"database", "engine", "username", "administrator", "administrator-username"}
    assert {key: value for key, value in found.items() if key not in common} == expected
    assert ("administrator" in found) == (expected["strategy"] != "single_user")


def test_access_is_what_the_request_says() -> None:
    """Levels by schema, statements in their order; on MySQL a database is the schema, and nobody owns it."""
    declaration = new_declaration()
    access = Access.read_only("a").and_(Access.ddl("b")).and_(Access.statements(["GRANT PROCESS ON *.* TO {grantee}"]))
    declaration.database(engine=MYSQL).add_user("web", access=access, removal_policy=RemovalPolicy.DESTROY)
    request = declaration.template().properties(USER)
    assert request["Schemas"] == {"a": "read_only", "b": "ddl"}
    assert request["Statements"] == ["GRANT PROCESS ON *.* TO {grantee}"]
    assert request["Removal"] == "drop"
    assert "Owner" not in request


def test_a_master_that_rds_manages_administers_users() -> None:
    """GIVEN managed_by_rds, THEN no secret or schedule of ours is about the master, and users refer to RDS's secret."""
    declaration = new_declaration()
    database = declaration.database(rotation=Rotation.managed_by_rds())
    database.add_alarms()
    database.add_user("web")
    template = declaration.template()
    instance = template.properties("AWS::RDS::DBInstance")
    assert instance["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in instance
    assert set(template.of_type(SECRET)) == {f"{PATH}/Secret"}
    assert set(template.of_type(SCHEDULE)) == {f"{PATH}/RotationSchedule"}
    assert template.properties(USER)["Administrator"] == "${Orders.MasterUserSecret.SecretArn}"


@pytest.mark.parametrize(
    ("username", "props", "message"),
    [
        ("", {}, r"needs the name '' of 0 bytes, and postgres takes 1 to 63"),
        ("x" * 58, {}, r"needs the name 'x+_clone' of 64 bytes"),
        ("dbadmin", {}, r"'dbadmin' of the user 'dbadmin' is taken by the master user"),
        ("schema_owner", {}, r"is taken by the owner of the schemas"),
        ("rds_superuser", {}, r"'rds_superuser' is reserved on postgres"),
        ("taken", {}, r"'taken' of the user 'taken' is taken by taken"),
        ("taken_clone", {}, r"'taken_clone' of the user 'taken_clone' is taken by taken"),
        ("web", {"rotation": Rotation.alternating_users(suffix="")}, r"second login of 'web' would have the same name"),
        ("web", {"rotation": Rotation.alternating_users(suffix="_access")}, r"are not all different"),
        ("web", {"rotation": Rotation.managed_by_rds()}, r"cannot be managed by RDS"),
        (
            "web",
            {"rotation": Rotation.admin_reset(retain_for=Duration.days(1))},
            r"retain_for is given for postgres, .* choose Rotation.alternating_users",
        ),
    ],
)
def test_what_could_not_work_is_refused(username: str, props: dict[str, Any], message: str) -> None:
    """Before anything is deployed, with the remedy."""
    database = new_declaration().database()
    database.add_user("taken")
    with pytest.raises(DeclarationError, match=message):
        database.add_user(username, **props)


def test_a_master_that_nobody_administers_changes_its_own_password() -> None:
    """Or leaves that to RDS."""
    with pytest.raises(DeclarationError, match=r"cannot rotate by alternating_users, .* choose Rotation.single_user"):
        new_declaration().database(rotation=Rotation.alternating_users())


def test_an_access_without_a_schema_needs_a_database_of_that_name() -> None:
    """GIVEN MySQL and no database_name, THEN there is no schema that could be meant."""
    database = new_declaration().database(engine=MYSQL)
    with pytest.raises(DeclarationError, match=r"declared without database_name=: name one"):
        database.add_user("web")


def test_a_consumer_whose_name_is_taken_is_refused() -> None:
    """Instead of an error of the CDK's about construct ids."""
    user = new_declaration().database().add_user("web")
    with pytest.raises(DeclarationError, match=r"'Shop/Orders/Users/web' has something named 'Secret' already"):
        user.add_consumer("Secret", Compute.ecs_task())


def test_alarms_are_asked_for_once() -> None:
    """A second set would tell everything twice."""
    database = new_declaration().database()
    database.add_alarms()
    with pytest.raises(DeclarationError, match=r"has alarms already"):
        database.add_alarms()

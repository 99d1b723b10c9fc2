# ruff: noqa: E501  # a sentence is easier to compare in one piece
"""Every error that a declaration can cause: one sentence with what was wrong, the value, and the remedy."""

from __future__ import annotations

import ast
import re
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from aws_cdk import Duration, IStableStringProducer, Lazy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk.aws_secretsmanager import ReplicaRegion
from constructs import Construct

import rotating_rds
from rotating_rds import (
    Access,
    Compute,
    DeclarationError,
    Engine,
    RotatingCluster,
    Rotation,
    RotationFunction,
    Schedule,
)
from rotating_rds.contract import tag_encode
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIBRARY = Path(rotating_rds.__file__).parent
MYSQL = Engine.mysql(rds.MysqlEngineVersion.VER_8_4_5)
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
DEPLOYER = "arn:aws:iam::111122223333:role/deployer"
NAMED: dict[str, Any] = {"deployers": [DEPLOYER], "break_glass": [DEPLOYER]}


def database(declaration: Declaration, **props: Any) -> Any:
    """Declare a database."""
    return declaration.database(**props)


def in_subnets(kind: ec2.SubnetType, **props: Any) -> Callable[[Declaration], object]:
    """Declare a database in a network of its own, which has public subnets and perhaps others."""

    def declare(declaration: Declaration) -> object:
        subnets = [ec2.SubnetConfiguration(name="Open", subnet_type=ec2.SubnetType.PUBLIC)]
        if kind is not ec2.SubnetType.PUBLIC:
            subnets.append(ec2.SubnetConfiguration(name="Closed", subnet_type=kind))
        vpc = ec2.Vpc(declaration.stack, "Own", nat_gateways=0, subnet_configuration=subnets)
        return database(declaration, vpc=vpc, **props)

    return declare


def shared_function(declaration: Declaration) -> RotationFunction:
    """Declare a function that databases may share."""
    return RotationFunction(
        declaration.stack,
        "Rotation",
        vpc=declaration.vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        secrets_manager_endpoint=declaration.endpoint,
    )


def rotate_many(declaration: Declaration) -> None:
    """Have one function rotate one secret too many."""
    function = shared_function(declaration)
    credential = database(declaration, rotation_function=function).credential
    for number in range(40):
        function.allow_rotation(Construct(declaration.stack, f"Further{number}"), credential)


def examine_many(declaration: Declaration) -> None:
    """Have one schedule examine one credential too many."""
    examined = database(declaration)
    probe = examined.add_alarms().probe
    for _ in range(250):
        probe.watch(examined.credential)


def invoke_by_many(declaration: Declaration) -> None:
    """Have one function invoked by one rule too many."""
    examined = database(declaration)
    examined.add_alarms()
    for number in range(39):
        examined.probe_function.admit(events.CfnRule(declaration.stack, f"Rule{number}", state="ENABLED"))


def serve_many(declaration: Declaration) -> None:
    """Have one function serve one database too many."""
    function = shared_function(declaration)
    connections = declaration.endpoint.connections
    for number in range(60):
        endpoint = rotating_rds.DatabaseEndpoint(host="h" * 100, port="5432", database="shop")
        function.add_database(f"database-{number}", endpoint, connections)


def restricted_with(*readers: str) -> Callable[[Declaration], object]:
    """Declare a database whose reads are restricted to so many readers."""

    def declare(declaration: Declaration) -> object:
        restricted = database(declaration)
        restricted.restrict_reads(**NAMED)
        for reader in readers:
            restricted.credential.readers.add(iam.ArnPrincipal(reader))
        return restricted

    return declare


def read_from_a_later_stack(declaration: Declaration) -> object:
    """Restrict reads to a role that a stack makes which depends on this one."""
    restricted = database(declaration)
    restricted.restrict_reads(**NAMED)
    role = iam.Role(Stack(declaration.app, "Front"), "Batch", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    return restricted.grants.read_secret(role)


def detect_reads_from_a_later_stack(declaration: Declaration) -> object:
    """Detect undeclared reads, and declare a reader that a stack makes which depends on this one."""
    watched = database(declaration)
    watched.add_detection()
    role = iam.Role(Stack(declaration.app, "Front"), "Batch", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    return watched.grants.read_secret(role)


def cluster(declaration: Declaration, engine: Any) -> object:
    """Declare a cluster."""
    return RotatingCluster(
        declaration.stack,
        "Ledger",
        engine=engine,
        vpc=declaration.vpc,
        secrets_manager_endpoint=declaration.endpoint,
    )


@jsii.implements(IStableStringProducer)
class Later:
    """A text that is known when the template is written."""

    def produce(self) -> str | None:
        """Return it."""
        return "orders"


def foreign_read_without_key(declaration: Declaration) -> object:
    """Let another account read a secret under the key of Secrets Manager itself."""
    made = database(declaration)
    grants = rotating_rds.Grants(
        secret=made.secret, key=None, connections=made.connections, readers=made.credential.readers
    )
    return grants.read_secret(iam.ArnPrincipal("arn:aws:iam::999988887777:role/reports"))


REFUSALS: dict[str, tuple[Callable[[Declaration], object], str]] = {
    "region": (
        lambda _: new_declaration(account="111122223333", region="mars-north-1").database(),
        (
            r"The rotation function could not verify databases in 'mars-north-1', of which it ships no certificate "
            r"authority: choose one of .*\."
        ),
    ),
    "tag": (
        lambda _: tag_encode("é" * 200),
        r"'é+' takes 1200 characters as a tag value: choose one that takes 1 to 256\.",
    ),
    "names of a user": (
        lambda d: database(d).add_user("web", rotation=Rotation.alternating_users(suffix="_access")),
        (
            r"The names of the user 'web' are not all different \(web, web_access, web_access\): give another suffix= or "
            r"alternate_username=\."
        ),
    ),
    "unknown name": (
        lambda d: database(d).add_user(Lazy.string(Later())),
        r"A user name is only known at deployment: give it as literal text\.",
    ),
    "long name": (
        lambda d: database(d, engine=MYSQL, database_name="shop").add_user("w" * 33),
        r"The user 'w+' needs the name 'w+' of 33 bytes, and mysql takes 1 to 32: choose a shorter name or suffix=\.",
    ),
    "reserved name": (
        lambda d: database(d).add_user("rdsadmin"),
        r"The user name 'rdsadmin' is reserved on postgres: choose another\.",
    ),
    "taken name": (
        lambda d: database(d).add_user("dbadmin"),
        r"The name 'dbadmin' of the user 'dbadmin' is taken by the master user: choose another name or suffix=\.",
    ),
    "statement": (
        lambda _: Access.statements(["GRANT ALL"]),
        r"The statement 'GRANT ALL' of Access\.statements\(\) names no \{grantee\}: write whom it is about, such as .*\.",
    ),
    "two levels": (
        lambda _: Access.read_only("shop").and_(Access.ddl("shop")),
        r"Access names the schema 'shop' as read_only and as ddl: give it one level\.",
    ),
    "no schema": (
        lambda d: database(d, engine=MYSQL).add_user("web", access=Access.read_only()),
        (
            r"Access names no schema, and this database was declared without database_name=: name one, such as "
            r"Access\.read_write\('shop'\)\."
        ),
    ),
    "empty schema": (
        lambda _: Access.read_only(""),
        r"The schema '' has no name of 1 to 63 bytes: give the name of a schema\.",
    ),
    "master by an administrator": (
        lambda d: database(d, rotation=Rotation.admin_reset()),
        (
            r"The master user of 'shop-orders-\w+' cannot rotate by admin_reset, for nobody administers it: choose "
            r"Rotation\.single_user\(\.\.\.\) or Rotation\.managed_by_rds\(\)\."
        ),
    ),
    "user managed by RDS": (
        lambda d: database(d).add_user("web", rotation=Rotation.managed_by_rds()),
        r"The user 'web' cannot be managed by RDS, which manages the master only: choose .*\.",
    ),
    "alarms twice": (
        lambda d: [made := database(d), made.add_alarms(), made.add_alarms()],
        r"'Shop/Orders' has alarms already: call add_alarms\(\) once\.",
    ),
    "copy where the secret is": (
        lambda _: new_declaration(account="111122223333").database(replica_regions=[ReplicaRegion(region="eu-west-1")]),
        (
            r"replica_regions of 'Shop/Orders' names 'eu-west-1', where the secret itself is: name each other region "
            r"once\."
        ),
    ),
    "copy in no region": (
        lambda _: new_declaration(account="111122223333").database(replica_regions=[ReplicaRegion(region="Frankfurt")]),
        (
            r"replica_regions of 'Shop/Orders' names 'Frankfurt', which is no region: name one such as "
            r"'eu-central-1'\."
        ),
    ),
    "copy of a secret that may be anywhere": (
        lambda d: database(d, replica_regions=[ReplicaRegion(region="eu-central-1")]),
        (
            r"replica_regions of 'Shop/Orders' names 'eu-central-1', and the region of its stack is only known at "
            r"deployment: give the stack env=Environment\(region=\.\.\.\)\."
        ),
    ),
    "copy of what RDS manages": (
        lambda _: new_declaration(account="111122223333").database(
            rotation=Rotation.managed_by_rds(), replica_regions=[ReplicaRegion(region="eu-central-1")]
        ),
        (
            r"The master's credential of 'shop-orders-\w+' is managed by RDS, which makes no copies in 'eu-central-1': "
            r"leave out replica_regions, and give them to add_user\(\.\.\.\)\."
        ),
    ),
    "page about nothing": (
        lambda d: rotating_rds.CredentialDashboard(
            d.stack, "Page", dashboard_name="shop", database_ids=[], trail_log_group=logs.LogGroup(d.stack, "Logs")
        ),
        r"'Shop/Page' names no database: give database_ids= at least one\.",
    ),
    "detection twice": (
        lambda d: [made := database(d), made.add_detection(), made.add_detection()],
        r"'Shop/Orders' has detection already: call add_detection\(\) once\.",
    ),
    "detection with too many readers": (
        lambda d: database(d).add_detection(
            trusted=[f"arn:aws:iam::111122223333:role/team/application-{number}" for number in range(60)]
        ),
        (
            r"The 61 roles of others that read or deploy 'shop-orders-\w+' do not fit into an event pattern of 2048 "
            r"characters: have some of them share a role, or make roles by add_consumer\(\), which need no room\."
        ),
    ),
    "detection of copies with too many readers": (
        lambda _: database(
            made := new_declaration(account="111122223333"), replica_regions=[ReplicaRegion(region="eu-central-1")]
        ).add_detection(
            trusted=[f"arn:aws:iam::111122223333:role/team/application-{number}" for number in range(8)],
            trail_log_group=logs.LogGroup(made.stack, "Trail"),
        ),
        (
            r"The 9 roles of others that read or deploy 'shop-orders-\w+' do not fit into a filter pattern of 1024 "
            r"characters, which tells of reads of copies: have some of them share a role, or make roles by "
            r"add_consumer\(\), which need no room\."
        ),
    ),
    "detection and a reader of a later stack": (
        detect_reads_from_a_later_stack,
        (
            r"Undeclared reads of 'shop-orders-\w+' are detected, and 'Front/Batch' is made by another stack, which "
            r"depends on this one: give that role a name, and import it here by its ARN\."
        ),
    ),
    "probe interval": (
        lambda d: database(d).add_alarms(probe_every=Duration.minutes(10)),
        r"probe_every of 10 minutes is refused for 'Shop/Orders': choose 1 hour to 7 days\.",
    ),
    "examining too many": (
        examine_many,
        (
            r"'Shop/Orders/Probe' would examine 251 credentials, and its schedule can name 250: declare a database with "
            r"fewer users\."
        ),
    ),
    "invoked by too many": (
        invoke_by_many,
        (
            r"'Shop/Orders/ProbeFunction' would be invoked by 41 rules, and its resource policy can name 40: make another "
            r"ProbeFunction for some of the databases\."
        ),
    ),
    "monitoring interval": (
        lambda d: database(d, monitoring_interval=Duration.seconds(7)),
        r"A monitoring_interval of 7 seconds is refused by RDS: choose 1, 5, 10, 15, 30, 60 seconds\.",
    ),
    "no expression": (
        lambda _: Schedule("rate(1 week)"),
        r"The rotation schedule 'rate\(1 week\)' is no expression that Secrets Manager knows: write .*\.",
    ),
    "short rate": (
        lambda _: Schedule("rate(3 hours)"),
        (
            r"The rotation schedule 'rate\(3 hours\)' is outside of what Secrets Manager takes: choose 4 hours to 999 "
            r"days\."
        ),
    ),
    "two days": (
        lambda _: Schedule.cron(day="1", week_day="SUN"),
        r"A schedule with day='1' and week_day='SUN' is refused by Secrets Manager: give one\.",
    ),
    "no hours": (
        lambda _: Schedule.cron(hour=range(3, 3)),
        r"A schedule within range\(3, 3\) has no hours in a row: give a range such as range\(1, 5\)\.",
    ),
    "half an hour": (
        lambda _: Schedule.rate(Duration.minutes(90)),
        r"A .* of .* is refused by Secrets Manager: choose whole hours or days\.",
    ),
    "both forms": (
        lambda _: Rotation.single_user(every=Duration.days(7), schedule=Schedule("rate(7 days)")),
        (
            r"A rotation every 7 days and by 'rate\(7 days\)' at once is refused by Secrets Manager: give every= or "
            r"schedule=\."
        ),
    ),
    "long window": (
        lambda _: Rotation.single_user(every=Duration.hours(4), window=Duration.hours(5)),
        (
            r"A rotation window of 5 hours does not fit 'rate\(4 hours\)', since it must end before midnight UTC and "
            r"before the next one opens: choose 1 to 4 hours\."
        ),
    ),
    "trusting everybody": (
        lambda _: Compute.principal(iam.AnyPrincipal()),
        r"The principal AnyPrincipal would let whoever may call STS read a credential: name .*\.",
    ),
    "name of a pod": (
        lambda _: Compute.eks_pod_identity(cluster_name="a b", namespace="shop", service_account="web"),
        r"cluster_name 'a b' is no such name of Kubernetes or EKS: give it as the cluster has it\.",
    ),
    "unknown name of a pod": (
        lambda _: Compute.eks_pod_identity(cluster_name=Lazy.string(Later()), namespace="shop", service_account="web"),
        r"cluster_name of a pod is only known at deployment: give it as literal text\.",
    ),
    "foreign reader and the key of AWS": (
        foreign_read_without_key,
        (
            r"'arn:aws:iam::999988887777:role/reports' cannot read '.*', which the key of Secrets Manager itself encrypts, "
            r"for no other account can use that: encrypt the secret with a customer key\."
        ),
    ),
    "foreign reader and a foreign key": (
        lambda d: database(d, encryption_key=kms.Key.from_key_arn(d.stack, "Key", KEY_ARN)).grants.read_secret(
            iam.ArnPrincipal("arn:aws:iam::999988887777:role/reports")
        ),
        (
            r"'arn:aws:iam::999988887777:role/reports' cannot be admitted by 'Shop/Key', whose policy is not made in this "
            r"app: add the statements to that policy, or grant the role a user that is declared here\."
        ),
    ),
    "reader who is nobody": (
        lambda d: database(d).grants.read_secret(iam.ServicePrincipal("batch.amazonaws.com")),
        r"Reading cannot be granted to 'ServicePrincipal', which is no single role or user: give a role, .*\.",
    ),
    "restricted without repair": (
        lambda d: database(d).restrict_reads(deployers=[], break_glass=[DEPLOYER]),
        r"deployers is empty, and nobody could repair what only declared readers can read: name at least one role\.",
    ),
    "restricted master of RDS": (
        lambda d: database(d, rotation=Rotation.managed_by_rds()).restrict_reads(**NAMED),
        (
            r"Reads of 'Shop/Orders/.*' cannot be restricted, for its policy is not made in this app: add the statement to "
            r"that policy\."
        ),
    ),
    "restricted to a later stack": (
        read_from_a_later_stack,
        (
            r"Reads of 'Shop/Orders' are restricted, and 'Front/Batch' is made by another stack, which depends on this "
            r"one: give that role a name, and import it here by its ARN\."
        ),
    ),
    "restricted to too many": (
        restricted_with(*(f"arn:aws:iam::999988887777:role/{'r' * 500}-{number}" for number in range(40))),
        (
            r"\d+ readers of 'Shop/Orders' do not fit into a resource policy of 20480 characters: have some of them share "
            r"a role, or leave reads unrestricted\."
        ),
    ),
    "taken id of a consumer": (
        lambda d: database(d).add_consumer("Secret", Compute.ecs_task()),
        r"'Shop/Orders' has something named 'Secret' already: choose another id for this consumer\.",
    ),
    "old MySQL": (
        lambda _: Engine.mysql(rds.MysqlEngineVersion.of("5.7.44", "5.7")),
        r"MySQL 5\.7\.44 is not rotated by this library: choose 8\.0 or newer\.",
    ),
    "old MariaDB": (
        lambda _: Engine.mariadb(rds.MariaDbEngineVersion.of("10.5.20", "10.5")),
        r"MariaDB 10\.5\.20 is not rotated by this library: choose 10\.6 or newer\.",
    ),
    "old Aurora MySQL": (
        lambda _: Engine.aurora_mysql(rds.AuroraMysqlEngineVersion.VER_2_12_0),
        r"Aurora MySQL 5\.7\.mysql_aurora\.2\.12\.0 is not rotated by this library: choose version 3\.",
    ),
    "guessed master": (
        lambda d: database(d, master_username="admin"),
        (
            r"master_username 'admin' is among the names that attackers try first: choose one of your own, such as "
            r"'dbadmin'\."
        ),
    ),
    "reserved master": (
        lambda d: database(d, master_username="rdsadmin"),
        r"master_username 'rdsadmin' is reserved on postgres: choose another, such as 'dbadmin'\.",
    ),
    "odd master": (
        lambda d: database(d, master_username="db-admin"),
        (
            r"master_username 'db-admin' is refused by RDS: choose 1 to 63 letters, digits and underscores that begin with "
            r"a letter\."
        ),
    ),
    "other engine": (
        lambda d: database(d, engine="oracle"),
        (
            r"engine is 'oracle', which does not rotate here: choose .*; of other engines \(Oracle, SQL Server, Db2\) this "
            r"library rotates none\."
        ),
    ),
    "instance as a cluster": (
        lambda d: cluster(d, Engine.mysql(rds.MysqlEngineVersion.VER_8_4_5)),
        r"engine is .*, which does not rotate here: choose .*; of other engines .* this library rotates none\.",
    ),
    "retention on PostgreSQL": (
        lambda d: database(d).add_user("web", rotation=Rotation.admin_reset(retain_for=Duration.hours(1))),
        r"retain_for is given for postgres, where a user has one password only: leave it out, or choose .*\.",
    ),
    "long retention": (
        lambda d: database(d, engine=MYSQL, database_name="shop").add_user(
            "web", rotation=Rotation.admin_reset(retain_for=Duration.days(365 * 100))
        ),
        r"retain_for of 3153600000 seconds is refused: choose 0 to \d+\.",
    ),
    "same second login": (
        lambda d: database(d).add_user("web", rotation=Rotation.alternating_users(alternate_username="web")),
        r"The second login of 'web' would have the same name: give a suffix= or alternate_username=\.",
    ),
    "no private subnets": (
        in_subnets(ec2.SubnetType.PUBLIC),
        (
            r"The VPC 'Shop/Own' has no private subnets for a database: add isolated ones, or name them with "
            r"vpc_subnets=\."
        ),
    ),
    "public subnets": (
        in_subnets(ec2.SubnetType.PRIVATE_ISOLATED, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)),
        r"vpc_subnets holds the public subnet '.*': choose isolated subnets, or private ones with NAT\.",
    ),
    "no way to Secrets Manager": (
        lambda d: database(d, secrets_manager_endpoint=None),
        (
            r"The rotation function could not reach Secrets Manager from the isolated subnet '.*': pass "
            r"secrets_manager_endpoint=.*, or subnets with NAT\."
        ),
    ),
    "odd identifier": (
        lambda d: database(d, instance_identifier="Orders--"),
        (
            r"instance_identifier 'Orders--' is refused by RDS: choose 1 to 63 lower-case letters, digits and single "
            r"hyphens that begin with a letter and do not end with a hyphen\."
        ),
    ),
    "unknown identifier": (
        lambda d: database(d, instance_identifier=Lazy.string(Later())),
        r"instance_identifier of 'Shop/Orders' is only known at deployment: give it as literal text\.",
    ),
    "odd environment": (
        lambda d: database(d, environment_name="Prod!"),
        (
            r"environment_name 'Prod!' does not fit into tags and role paths: choose 1 to 32 lower-case letters, digits "
            r"and hyphens that begin with a letter\."
        ),
    ),
    "too many secrets": (
        rotate_many,
        (
            r"'Shop/Rotation' would rotate 41 secrets, and its resource policy can name 40: make another RotationFunction "
            r"for some of the databases\."
        ),
    ),
    "too many databases": (
        serve_many,
        (
            r"'Shop/Rotation' serves \d+ databases with 'database-\d+', for which its environment may need \d+ of the 4096 "
            r"bytes that Lambda gives one: make another function for some of them\."
        ),
    ),
}


@cache
def refusal(declare: Callable[[Declaration], object]) -> DeclarationError:
    """Return what a declaration is refused with."""
    with pytest.raises(DeclarationError) as refused:
        declare(new_declaration())
    return refused.value


@pytest.mark.parametrize(("declare", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_one_sentence_with_value_and_remedy(
    declare: Callable[[Declaration], object], sentence: str
) -> None:
    """What was wrong, what was given, what to give instead."""
    assert re.fullmatch(sentence, str(refusal(declare)))


def test_the_list_holds_every_refusal_of_the_library() -> None:
    """GIVEN a new `raise DeclarationError`, THEN this fails until its sentence is above."""
    told = {place for declare, _ in REFUSALS.values() for place in [place_of(refusal(declare))]}
    assert sorted(set(places()) - told) == []


def place_of(error: DeclarationError) -> tuple[str, int]:
    """Return file and first line of the statement that raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    name = Path(frame.filename).name
    lines = [line for file, line in places() if file == name and line <= (frame.lineno or 0)]
    return name, max(lines)


def places() -> Iterator[tuple[str, int]]:
    """Yield file and line of every statement of the library that refuses something."""
    for path in sorted(LIBRARY.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(id="DeclarationError"))):
                    yield path.name, node.lineno

"""What is told of, and of whom: everybody but those who are declared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from rotating_rds import AuditTrail, Compute, DeclarationError
from tests.support.declarations import Declaration, new_declaration

if TYPE_CHECKING:
    from tests.support.templates import Template

RULE = "AWS::Events::Rule"
ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
OURS = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/rotating-rds/*"
DEPLOYING = (
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-hnb659fds-cfn-exec-role-${AWS::AccountId}-${AWS::Region}"
)


def role(number: int) -> str:
    """Return the ARN of a role of another team."""
    return f"arn:aws:iam::111122223333:role/team/application-{number:04}"


def detected(declaration: Declaration, **props: Any) -> Template:
    """Declare a database with detection, and return the template."""
    declaration.database().add_detection(**props)
    return declaration.template()


def pattern(template: Template, name: str) -> dict[str, Any]:
    """Return what a rule matches."""
    found: dict[str, Any] = template.properties(RULE, f"Orders/Detection/{name}")["EventPattern"]
    return found


def undeclared(template: Template, name: str = "UndeclaredRead") -> list[Any]:
    """Return whom a rule reports."""
    found: list[Any] = pattern(template, name)["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    return found


def test_reads_are_seen_in_the_state_that_shows_them() -> None:
    """A rule that is merely enabled never sees GetSecretValue."""
    template = detected(new_declaration())
    states = {path.rpartition("/")[2]: rule["Properties"]["State"] for path, rule in template.of_type(RULE).items()}
    assert states == {
        "UndeclaredRead": ALL_EVENTS,
        "RefusedRead": ALL_EVENTS,
        "SecretChanged": "ENABLED",
        "KeyEndangered": "ENABLED",
    }


def test_a_secret_is_recognised_however_a_request_names_it() -> None:
    """By its ARN, by its ARN without the random end, by its name."""
    named = pattern(detected(new_declaration()), "UndeclaredRead")["detail"]["requestParameters"]["secretId"]
    prefix, name = named
    assert prefix["prefix"].endswith(f":secret:{name}")
    assert "Orders/Secret" in name


@pytest.mark.parametrize("name", ["UndeclaredRead", "SecretChanged"])
def test_roles_of_ours_and_what_deploys_are_no_news_and_everybody_else_is(name: str) -> None:
    """Users and root have no session issuer: they are reported, too."""
    assert undeclared(detected(new_declaration()), name) == [
        {"anything-but": {"wildcard": [OURS, DEPLOYING]}},
        {"exists": False},
    ]


def test_declared_readers_elsewhere_are_named_whenever_they_come() -> None:
    """GIVEN roles that somebody else made, before and after, THEN they are no news; our own need no room."""
    declaration = new_declaration(account="111122223333")
    database = declaration.database()
    database.grants.read_secret(iam.ArnPrincipal(role(1)))
    database.add_detection(trusted=[role(2)])
    user = database.add_user("web")
    user.grants.read_secret(iam.ArnPrincipal(role(3)))
    user.add_consumer("Api", Compute.ecs_task())
    (known, _) = undeclared(declaration.template())
    ours, *named = known["anything-but"]["wildcard"]
    assert ours.endswith(":role/rotating-rds/*")
    assert {arn for arn in named if ":role/cdk-" not in arn} == {role(1), role(2), role(3)}


def test_a_declared_user_is_known_by_its_own_name() -> None:
    """No role issued its session."""
    user = "arn:aws:iam::111122223333:user/auditor"
    declaration = new_declaration()
    identity = pattern(detected(declaration, trusted=[user]), "UndeclaredRead")["detail"]["userIdentity"]
    other_role, in_person = identity["$or"]
    assert user not in str(other_role)
    assert in_person["arn"] == [{"anything-but": [user]}, {"exists": False}]
    assert in_person["sessionContext"] == {"sessionIssuer": {"arn": [{"exists": False}]}}


def test_an_account_with_a_declared_reader_is_not_reported_as_a_whole() -> None:
    """A record here names no role of another account: GIVEN one that is declared, THEN its account is no news."""
    declaration = new_declaration(account="111122223333", region="eu-west-1")
    database = declaration.database()
    database.add_detection()
    database.grants.read_secret(iam.ArnPrincipal("arn:aws:iam::999988887777:role/reports"))
    identity = pattern(declaration.template(), "UndeclaredRead")["detail"]["userIdentity"]
    role_of_ours, without_role = identity["$or"]
    assert "arn:aws:iam::999988887777:role/reports" in str(role_of_ours)
    assert without_role == {
        "sessionContext": {"sessionIssuer": {"arn": [{"exists": False}]}},
        "accountId": [{"anything-but": ["999988887777"]}],
    }


@pytest.mark.parametrize(("roles", "fits"), [(1, True), (18, True), (19, True), (60, False)])
def test_as_many_roles_as_a_pattern_holds_are_named_and_more_are_refused(roles: int, fits: bool) -> None:  # noqa: FBT001
    """Half of a list could not be a rule of its own: each half would report the other."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_user("web")
    trusted = [role(number) for number in range(roles)]
    if not fits:
        with pytest.raises(DeclarationError, match="do not fit into an event pattern of 2048 characters"):
            database.add_detection(trusted=trusted)
        return
    database.add_detection(trusted=trusted)
    template = declaration.template()
    rules = [rule["Properties"]["EventPattern"] for rule in template.readable(template.of_type(RULE)).values()]
    for each in rules:
        assert len(json.dumps(each)) <= 2_048
    requests = [each["detail"].get("requestParameters", {}) for each in rules]
    secrets = {str(named) for request in requests for named in request.get("secretId", [])}
    assert len([named for named in secrets if "prefix" in named]) == 2


def test_many_secrets_have_as_many_rules_as_they_need() -> None:
    """A list of secrets can be split: each rule is about some of them."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_detection()
    for number in range(7):
        database.add_user(f"user{number}")
    template = declaration.template()
    reads = {path: rule for path, rule in template.readable(template.of_type(RULE)).items() if "UndeclaredRead" in path}
    assert len(reads) > 1
    about = [
        named
        for rule in reads.values()
        for named in rule["Properties"]["EventPattern"]["detail"]["requestParameters"]["secretId"]
    ]
    assert len(about) == 2 * 8


def test_refused_reads_are_told_of_whoever_tries() -> None:
    """Also a declared consumer's: something took its right away."""
    detail = pattern(detected(new_declaration()), "RefusedRead")["detail"]
    assert detail["eventName"] == ["GetSecretValue"]
    by_request, by_message = detail["$or"]
    assert by_request["errorCode"] == [{"prefix": "AccessDenied"}, "InvalidRequestException"]
    (name,) = [named for named in by_request["requestParameters"]["secretId"] if isinstance(named, str)]
    assert by_message["errorCode"] == [{"prefix": "AccessDenied"}]
    assert by_message["errorMessage"] == [{"wildcard": f"*{name}*"}]
    assert "userIdentity" not in detail


def test_the_key_is_watched_by_arn_and_id() -> None:
    """A request may name it by either."""
    detail = pattern(detected(new_declaration()), "KeyEndangered")["detail"]
    assert detail["requestParameters"] == {"keyId": ["${Orders/Key.Arn}", "${Orders/Key}"]}
    assert detail["eventName"] == ["DisableKey", "ScheduleKeyDeletion"]


def test_a_message_says_who_did_what_to_which_secret_when_and_from_where() -> None:
    """And what to read."""
    template = detected(new_declaration())
    for rule in template.of_type(RULE).values():
        (target,) = rule["Properties"]["Targets"]
        transformer = target["InputTransformer"]
        assert {"$.detail.eventName", "$.detail.userIdentity.arn", "$.detail.sourceIPAddress", "$.time"} <= set(
            transformer["InputPathsMap"].values()
        )
        assert "docs/runbook.md" in transformer["InputTemplate"]


def test_it_tells_the_topic_of_the_alarms_unless_another_is_given() -> None:
    """One place for people to look."""
    declaration = new_declaration()
    database = declaration.database()
    database.add_alarms(notify=sns.Topic(declaration.stack, "OnCall"))
    database.add_detection()
    template = declaration.template()
    targets = {
        target["Arn"]
        for path, rule in template.readable(template.of_type(RULE)).items()
        for target in rule["Properties"]["Targets"]
        if "/Detection/" in path
    }
    assert targets == {"${OnCall}"}


def test_a_stopped_trail_is_told_of() -> None:
    """Without it, nothing else is seen."""
    stack = Stack(new_declaration().app, "Audit")
    trail = AuditTrail(stack, "Trail", trail_name="orders", removal_policy=RemovalPolicy.DESTROY)
    rule = trail.add_detection(notify=sns.Topic(stack, "OnCall"), trusted=[role(1)])
    shown = json.dumps(stack.resolve(rule.node.default_child.event_pattern))  # type: ignore[union-attr]
    for part in ("StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail", '"orders"', role(1)):
        assert part in shown

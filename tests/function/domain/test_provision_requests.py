"""What is read of a request of CloudFormation, and what is no request."""

from __future__ import annotations

from typing import Any

import pytest

from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.declarations import Removal
from rotating_rds_function.domain.errors import BadEventError
from rotating_rds_function.domain.requests import Kind, ProvisionRequest
from rotating_rds_function.domain.targets import Administrator
from tests.support.provision_requests import SECRET, TWIN, USER, event, properties
from tests.support.rotations import ADMINISTRATOR, ADMINISTRATOR_ARN


def test_a_request_is_read_with_everything_that_it_declares() -> None:
    """Schemas as levels, the rest as it is written."""
    request = ProvisionRequest.parse(event())
    user = request.user
    assert (request.kind, request.request_id) == (Kind.CREATE, "5d478078-13e9-baf0-464a-7ef285ecc786")
    assert user is not None
    assert (user.database, user.engine, user.secret_id) == ("orders", "postgres", SECRET)
    assert (user.username, user.alternate_username) == (USER, TWIN)
    assert user.administrator == Administrator(ADMINISTRATOR_ARN, ADMINISTRATOR)
    assert (user.access_role, user.owner) == ("web_access", "schema_owner")
    assert user.schemas == {"public": Level.READ_WRITE}
    assert user.statements == ("GRANT something TO {grantee}",)
    assert user.removal is Removal.DROP


def test_what_may_be_left_out_has_a_default() -> None:
    """A user with one login and nothing to do."""
    left_out: dict[str, Any] = dict.fromkeys(("AlternateUsername", "Owner", "Schemas", "Statements", "ServiceToken"))
    user = ProvisionRequest.parse(event(**left_out)).user
    assert user is not None
    assert (user.alternate_username, user.owner, user.schemas, user.statements) == (None, "", {}, ())


def test_an_access_role_of_another_name_is_read() -> None:
    """As the tag says it to the rotation."""
    user = ProvisionRequest.parse(event(AccessRole="what web may do")).user
    assert user is not None
    assert user.access_role == "what web may do"


def test_the_physical_id_is_the_user_s_name() -> None:
    """Another name is another user, and CloudFormation deletes the old one."""
    assert ProvisionRequest.parse(event()).physical_id == "orders/web"
    assert ProvisionRequest.parse(event("Update", Username="shop")).physical_id == "orders/shop"


def test_a_deletion_answers_with_the_id_that_it_was_sent() -> None:
    """CloudFormation takes no other one."""
    request = ProvisionRequest.parse({**event("Delete"), "PhysicalResourceId": "of an older version"})
    assert request.physical_id == "of an older version"


def test_a_deleted_declaration_that_retains_its_user_is_not_even_read() -> None:
    """It may be one that an older or newer version wrote."""
    request = ProvisionRequest.parse(event("Delete", Removal="retain", Secret=None, Colour="red"))
    assert request.user is None


@pytest.mark.parametrize(
    ("old", "former"),
    [
        (properties(), None),
        (properties(AlternateUsername="web_b"), "web_b"),
        (properties(AlternateUsername="web_b", Username="another user"), None),
        (properties(AlternateUsername="web_b", Database="elsewhere"), None),
        (properties(AlternateUsername=None), None),
        ({}, None),
        ({"Database": "orders", "Username": USER, "AlternateUsername": ["no", "text"]}, None),
    ],
)
def test_the_login_that_an_update_gives_up_is_that_of_the_same_user(old: dict[str, Any], former: str | None) -> None:
    """Of old properties nothing else is read: where an update is rolled back, they are those that were refused."""
    assert ProvisionRequest.parse(event("Update", old=old)).former_login == former


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (None, "no ResourceProperties"),
        ({}, "no ResourceProperties"),
        ({"RequestType": "Create", "ResourceProperties": []}, "no ResourceProperties"),
        ({**event(), "RequestType": "Replace"}, "RequestType 'Replace' is unknown: use one of Create, Update, Delete"),
        ({**event(), "RequestType": None}, "'NoneType' as RequestType where a text was expected"),
        ({"Step": "createSecret", "SecretId": "x", "ClientRequestToken": "y"}, "no ResourceProperties"),
    ],
)
def test_what_is_no_request_is_told_so(broken: object, message: str) -> None:
    """And who writes requests."""
    with pytest.raises(BadEventError, match=message) as caught:
        ProvisionRequest.parse(broken)
    assert "add_user" in str(caught.value) or "use one of" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Username": None}, "has no Username where a text was expected"),
        ({"Username": ""}, "an empty as Username"),
        ({"AlternateUsername": ""}, "an empty as AlternateUsername"),
        ({"Secret": 7}, "'int' as Secret"),
        ({"Owner": ""}, "an empty as Owner"),
        ({"Administrator": []}, "'list' as Administrator"),
        ({"Schemas": {"public": "everything"}}, "Schemas has 'everything' for the schema 'public'.*read_only"),
        ({"Schemas": {"": "ddl"}}, "Schemas has 'ddl' for the schema ''"),
        ({"Schemas": "public"}, "Schemas is no object of schema to one of read_only, read_write, ddl"),
        ({"Schemas": {"public": ["ddl"]}}, "Schemas is no object"),
        ({"Statements": "GRANT x"}, "Statements is no list of texts"),
        ({"Statements": [""]}, "Statements is no list of texts"),
        ({"Removal": "maybe"}, "Removal 'maybe' is unknown: use one of retain, drop"),
        ({"Removal": None}, "has no Removal"),
        ({"Alternateusername": "web_b"}, "property 'Alternateusername', which this function does not know"),
    ],
)
@pytest.mark.parametrize("kind", list(Kind))
def test_malformed_properties_are_told_by_name(kind: Kind, changed: dict[str, Any], message: str) -> None:
    """With what was expected."""
    with pytest.raises(BadEventError, match=message):
        ProvisionRequest.parse(event(str(kind), **changed))

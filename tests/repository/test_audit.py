"""What `make audit` accepts: by rule and place, each with a reason."""

from __future__ import annotations

import pytest

from tests.support.toolchain import ROOT
from tools.audit.findings import Accepted, Finding, read_accepted

ACCEPTED = Accepted(rules=("CKV_AWS_1",), where=("rotating-rds-dev-*/Database*",), reason="Cheap.")


@pytest.mark.parametrize(
    ("rule", "stack", "resource", "covered"),
    [
        ("CKV_AWS_1", "rotating-rds-dev-orders", "DatabaseKey", True),
        ("CKV_AWS_2", "rotating-rds-dev-orders", "DatabaseKey", False),
        ("CKV_AWS_1", "rotating-rds-prod-orders", "DatabaseKey", False),
        ("CKV_AWS_1", "rotating-rds-dev-orders", "Trail", False),
    ],
)
def test_a_finding_is_accepted_for_its_rule_at_its_place(rule: str, stack: str, resource: str, covered: bool) -> None:  # noqa: FBT001
    """Another rule, environment or resource is not meant."""
    assert ACCEPTED.covers(Finding("checkov", rule, stack, resource)) is covered


def test_everything_accepted_has_a_reason_that_can_be_read() -> None:
    """A sentence at least; and the list is short enough to be read as a whole."""
    accepted = read_accepted(ROOT / "tools" / "audit" / "accepted.toml")
    assert 0 < len(accepted) <= 15
    assert all(each.reason.endswith(".") and len(each.reason) > 40 for each in accepted)

"""The page about an environment's credentials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_logs as logs

from rotating_rds import CredentialDashboard, DeclarationError, contract
from tests.support.declarations import new_declaration, template_of

if TYPE_CHECKING:
    from collections.abc import Sequence

DATABASES = ("orders", "billing")


def widgets(database_ids: Sequence[str] = DATABASES) -> list[dict[str, Any]]:
    """Return what a dashboard shows."""
    declaration = new_declaration()
    stack = Stack(declaration.app, "Audit")
    group = logs.LogGroup(stack, "TrailLogs")
    CredentialDashboard(stack, "Page", dashboard_name="shop", database_ids=database_ids, trail_log_group=group)
    template = template_of(declaration.app, stack)
    properties = template.properties("AWS::CloudWatch::Dashboard")
    assert properties["DashboardName"] == "shop"
    found: list[dict[str, Any]] = json.loads(properties["DashboardBody"])["widgets"]
    return found


def test_every_metric_of_the_functions_has_a_line_a_database() -> None:
    """Nothing that is measured is left for people to look up."""
    shown: dict[str, set[str]] = {}
    for widget in widgets():
        for namespace, name, dimension, database, *_ in widget["properties"].get("metrics", []):
            assert (namespace, dimension) == ("RotatingRDS", "Database")
            shown.setdefault(name, set()).add(database)
    everything = {*contract.METRIC_NAMES, *contract.PROBE_METRICS}
    assert everything - shown.keys() == {contract.STEP_ATTEMPTS, contract.RETAINED_HOURS}
    assert all(databases == set(DATABASES) for databases in shown.values())


def test_reads_and_refused_reads_are_tables_from_the_trail() -> None:
    """By principal, as the trail names it."""
    queries = [widget["properties"]["query"] for widget in widgets() if "query" in widget["properties"]]
    assert len(queries) == 2
    for query in queries:
        assert query.startswith("SOURCE '${TrailLogs}'")
        assert "GetSecretValue" in query
        assert "sessionIssuer.userName" in query


def test_a_page_about_nothing_is_refused() -> None:
    """It would be an empty one, at the price of a full one."""
    with pytest.raises(DeclarationError, match="names no database: give database_ids= at least one"):
        widgets(())

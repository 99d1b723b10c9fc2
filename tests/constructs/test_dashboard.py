"""The page about an environment's credentials."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_logs as logs

from rotating_rds import CredentialDashboard, DeclarationError, contract
from tests.support.declarations import new_declaration, template_of
from tests.support.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

DATABASES = ("orders", "billing")
DEFINITIONS = json.loads((ROOT / "lambda" / "contract.schema.json").read_text(encoding="utf-8"))["$defs"]


# Of Lambda's JSON format ("Log formats" in its developer guide).
OF_LAMBDA = {"timestamp", "level", "message", "logger", "requestId"}
# Of the language of CloudWatch Logs Insights.
WORDS = {"SOURCE", "filter", "fields", "stats", "sort", "dedup", "limit", "by", "as", "desc"}
WORDS |= {"ispresent", "earliest", "latest", "sum"}


def widgets(database_ids: Sequence[str] = DATABASES, **props: Any) -> list[dict[str, Any]]:
    """Return what a dashboard shows."""
    declaration = new_declaration()
    stack = Stack(declaration.app, "Audit")
    group = logs.LogGroup(stack, "TrailLogs")
    CredentialDashboard(stack, "Page", dashboard_name="shop", database_ids=database_ids, trail_log_group=group, **props)
    template = template_of(declaration.app, stack)
    properties = template.properties("AWS::CloudWatch::Dashboard")
    assert properties["DashboardName"] == "shop"
    found: list[dict[str, Any]] = json.loads(properties["DashboardBody"])["widgets"]
    return found


def tables(database_ids: Sequence[str] = DATABASES, **props: Any) -> dict[str, str]:
    """Return the queries of a dashboard's tables, by their titles."""
    shown = [widget["properties"] for widget in widgets(database_ids, **props)]
    return {properties["title"]: properties["query"] for properties in shown if "query" in properties}


def log_groups(query: str) -> list[str]:
    """Return whose lines a query reads."""
    return re.findall(r"SOURCE '([^']+)'", query)


@pytest.mark.parametrize(
    ("title", "line", "wanted"),
    [
        (
            "Credentials, as last examined",
            "probeLine",
            {"secret", "username", "outcome", "cause", "rotated_days", "overdue_hours", "pending_hours"},
        ),
        ("Rotations by credential", "stepLine", {"secret", "token", "seconds", "step", "outcome"}),
    ],
)
def test_a_table_by_credential_asks_for_what_functions_log(title: str, line: str, wanted: set[str]) -> None:
    """By the contract, which `tests/function/handlers/test_log_lines.py` holds real lines against."""
    query = re.sub(r"'[^']*'", "", tables()[title])
    named = set(re.findall(r"[A-Za-z_]+", query)) - WORDS - set(re.findall(r" as (\w+)", query))
    assert wanted <= named
    assert named <= DEFINITIONS[line]["properties"].keys() | OF_LAMBDA


def test_the_tables_read_where_the_functions_of_the_databases_write() -> None:
    """By names that are known without them: no stack has to be deployed, or removed, before another."""
    declaration = new_declaration()
    database = declaration.database(instance_identifier="orders")
    database.add_alarms()
    groups = declaration.template().of_type("AWS::Logs::LogGroup").values()
    written = {str(group["Properties"].get("LogGroupName")) for group in groups}
    shown = [name for title, query in tables(["orders"]).items() if "redential" in title for name in log_groups(query)]
    assert shown == ["/rotating-rds/orders/probe", "/rotating-rds/orders/rotation"]
    assert set(shown) <= written


def test_functions_that_databases_share_are_named_by_their_prefix() -> None:
    """Which is theirs, and not a database's."""
    query = tables(log_group_prefixes=["/shop"])["Rotations by credential"]
    assert log_groups(query) == ["/shop/rotation"]


def test_a_query_reads_no_more_log_groups_than_cloudwatch_lets_it() -> None:
    """More databases than that have another table."""
    shown = [widget["properties"] for widget in widgets([f"orders-{number}" for number in range(51)])]
    titles = [properties["title"] for properties in shown if "query" in properties]
    assert titles.count("Rotations by credential") == titles.count("Credentials, as last examined") == 2
    assert all(len(log_groups(properties["query"])) <= 50 for properties in shown if "query" in properties)


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
    queries = [text for title, text in tables().items() if "reads" in title.lower()]
    assert len(queries) == 2
    for query in queries:
        assert query.startswith("SOURCE '${TrailLogs}'")
        assert "GetSecretValue" in query
        assert "sessionIssuer.userName" in query


def test_a_page_about_nothing_is_refused() -> None:
    """It would be an empty one, at the price of a full one."""
    with pytest.raises(DeclarationError, match="names no database: give database_ids= at least one"):
        widgets(())

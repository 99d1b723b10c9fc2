"""The function's side of the contract with the deployment."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotating_rds_function.adapters import reporting, tls
from rotating_rds_function.adapters.engines import ENGINES
from rotating_rds_function.adapters.reporting import StepReport
from rotating_rds_function.domain import endpoints, errors, passwords, tags
from rotating_rds_function.domain.credentials import SecretValue
from rotating_rds_function.domain.strategies import STRATEGIES
from tests.support.rotations import DEPLOYMENT, TAGS_OF, value

_SCHEMA: dict[str, Any] = json.loads(Path("lambda/contract.schema.json").read_text("utf-8"))
_DEFINITIONS = _SCHEMA["$defs"]
_TAGS = _DEFINITIONS["tags"]


def _validator(definition: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**_SCHEMA, "$ref": f"#/$defs/{definition}"})


def _error_classes(base: type[errors.RotationError] = errors.RotationError) -> list[type[errors.RotationError]]:
    return [found for child in base.__subclasses__() for found in (child, *_error_classes(child))]


@pytest.mark.parametrize("handler", _DEFINITIONS["handler"]["enum"])
def test_every_handler_of_the_contract_exists(handler: str) -> None:
    """Lambda imports it by this name."""
    module, name = handler.rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))


def test_the_environment_variables_are_the_contract_s() -> None:
    """No other one is read."""
    assert {endpoints.VARIABLE, tls.CA_BUNDLE_VARIABLE} == set(_DEFINITIONS["environment"]["properties"])


def test_engines_and_strategies_are_those_that_the_deployment_may_ask_for() -> None:
    """One row too few here fails a rotation months after the deployment."""
    assert set(_TAGS["properties"][tags.ENGINE_TAG]["enum"]) == set(ENGINES)
    assert set(_TAGS["properties"][tags.STRATEGY_TAG]["enum"]) == set(STRATEGIES)


def test_the_needed_tags_are_those_that_the_deployment_must_write() -> None:
    """Neither side may ask for more."""
    needed = {tags.DATABASE_TAG, tags.ENGINE_TAG, tags.STRATEGY_TAG, tags.USERNAME_TAG}
    assert set(_TAGS["required"]) == needed
    for written in TAGS_OF.values():
        _validator("tags").validate(written)


@pytest.mark.parametrize("strategy", sorted(TAGS_OF))
def test_each_strategy_needs_the_tags_that_the_contract_demands_for_it(strategy: str) -> None:
    """Leaving one out breaks the contract exactly when the function refuses it."""
    for tag in TAGS_OF[strategy]:
        without = {name: text for name, text in TAGS_OF[strategy].items() if name != tag}
        assert not _validator("tags").is_valid(without)
        with pytest.raises(errors.ConfigurationError, match=tag):
            DEPLOYMENT.target(without)


def test_every_tag_of_the_contract_is_read() -> None:
    """But the one that only the deployment's own policies look at."""
    ours = {value for name, value in vars(tags).items() if name.endswith("_TAG")}
    assert ours | {"rotating-rds:environment"} == set(_TAGS["properties"])


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_engine_goes_by_its_name_and_by_that_of_its_aurora_counterpart(engine: str) -> None:
    """Secrets of Aurora clusters say so in their values."""
    assert engine in ENGINES[engine].spellings
    assert ENGINES[engine].reserved.fullmatch("rdsadmin")


def test_passwords_are_made_with_the_length_and_the_characters_of_the_deployment() -> None:
    """RDS must accept a rotated password as it accepted the first one."""
    assert _DEFINITIONS["excludedCharacters"]["const"] == passwords.EXCLUDED
    assert _DEFINITIONS["passwordLength"]["const"] == passwords.LENGTH


def test_causes_are_the_contract_s_and_each_has_an_error() -> None:
    """Alarms and runbook have one paragraph for each."""
    assert {str(cause) for cause in errors.Cause} == set(_DEFINITIONS["cause"]["enum"])
    assert {kind.cause for kind in _error_classes()} == set(errors.Cause)


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    """It is what people read."""
    assert errors.__doc__ is not None
    for kind in _error_classes():
        assert kind.__name__ in errors.__doc__
        assert kind.cause in errors.__doc__


def test_metrics_are_the_contract_s() -> None:
    """Alarms are made on namespace, dimension and name."""
    metrics = _DEFINITIONS["metrics"]["properties"]
    report = StepReport("setSecret", "failed", "tls", 1.5, 3, "arn", "token", "orders", "postgres", "single_user")
    line = report.metrics(1_700_000_000_000)
    document = json.loads(line)
    directive = document["_aws"]["CloudWatchMetrics"][0]
    assert "\n" not in line
    assert document["_aws"]["Timestamp"] == 1_700_000_000_000
    assert directive["Namespace"] == metrics["namespace"]["const"] == reporting.NAMESPACE
    assert directive["Dimensions"] == [metrics["dimensions"]["const"]]
    assert [metric["Name"] for metric in directive["Metrics"]] == metrics["names"]["const"]
    assert [metric["Unit"] for metric in directive["Metrics"]] == metrics["units"]["const"]
    assert document["Database"] == "orders"
    assert (document["StepDuration"], document["StepFailures"], document["StepAttempts"]) == (1500, 1, 3)


_endpoint = st.fixed_dictionaries(
    {"host": st.text(min_size=1), "port": st.integers(1, 65535) | st.integers(1, 65535).map(str)},
    optional={"server_name": st.text(min_size=1), "database": st.text(min_size=1)},
)


@given(st.dictionaries(st.from_regex(_DEFINITIONS["databaseId"]["pattern"], fullmatch=True), _endpoint, min_size=1))
def test_whatever_endpoints_the_contract_allows_are_read(databases: dict[str, Any]) -> None:
    """And whatever is read here is allowed there."""
    _validator("databases").validate(databases)
    assert set(endpoints.parse_endpoints(json.dumps(databases))) == set(databases)


def test_a_value_as_the_attachment_writes_it_is_read() -> None:
    """The example is valid for the contract, too."""
    text = value("a password", dbname="orders", dbInstanceIdentifier="orders-1")
    _validator("secretValue").validate(json.loads(text))
    assert SecretValue.parse(text, label="AWSCURRENT").password == "a password"

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
from rotating_rds_function.adapters.health_reporting import HealthReport
from rotating_rds_function.adapters.reporting import StepReport
from rotating_rds_function.domain import declarations, endpoints, errors, passwords, tags
from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.credentials import SecretValue
from rotating_rds_function.domain.declarations import Declaration, Removal
from rotating_rds_function.domain.probe import Health, ProbeRequest
from rotating_rds_function.domain.requests import ProvisionRequest
from rotating_rds_function.domain.strategies import STRATEGIES
from rotating_rds_function.domain.targets import Deployment
from tests.support.provision_requests import event, properties
from tests.support.rotations import DEPLOYMENT, ENDPOINT, TAGS_OF, value

_SCHEMA: dict[str, Any] = json.loads(Path("lambda/contract.schema.json").read_text("utf-8"))
_DEFINITIONS = _SCHEMA["$defs"]
_TAGS = _DEFINITIONS["tags"]


def _validator(definition: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**_SCHEMA, "$ref": f"#/$defs/{definition}"})


_REQUEST = _DEFINITIONS["provisionRequest"]
_DATABASES = Deployment({"orders": ENDPOINT}, ENGINES, STRATEGIES)


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


def test_the_probe_s_metrics_are_the_contract_s() -> None:
    """Those of a credential about which everything was found out, and of one about which nothing was."""
    everything = Health("arn", None, None, None, 1.0, 2.0, 3.0, (), 0.0, 90.0)
    nothing = Health("arn", unexamined=errors.PrivilegeError("Denied."))
    for health, names in ((everything, set(_DEFINITIONS["probeMetrics"]["properties"])), (nothing, {"ProbeRuns"})):
        (line,) = HealthReport(health, ["orders"]).metrics(1_700_000_000_000)
        document = json.loads(line)
        directive = document["_aws"]["CloudWatchMetrics"][0]
        assert directive["Namespace"] == reporting.NAMESPACE
        assert directive["Dimensions"] == [["Database"]]
        assert {metric["Name"] for metric in directive["Metrics"]} == names
        _validator("probeMetrics").validate({name: document[name] for name in names})


@given(st.lists(st.text(min_size=1), min_size=1))
def test_whatever_probe_requests_the_contract_allows_are_read(secrets: list[str]) -> None:
    """Each secret once."""
    _validator("probeRequest").validate({"secrets": secrets})
    assert set(ProbeRequest.parse({"secrets": secrets}).secret_ids) == set(secrets)


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


def test_the_properties_of_a_request_are_the_contract_s() -> None:
    """No other one is taken, so that none is overlooked."""
    assert set(_REQUEST["properties"]) == declarations.PROPERTIES
    assert _REQUEST["properties"]["Schemas"]["additionalProperties"]["enum"] == list(Level)
    assert _REQUEST["properties"]["Removal"]["enum"] == list(Removal)
    assert set(_REQUEST["properties"]["Engine"]["enum"]) == set(ENGINES)


def _is_taken(request: dict[str, Any]) -> bool:
    try:
        _DATABASES.declared(Declaration.parse(request))
    except errors.RefusedError:
        return False
    return True


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("left_out", sorted(_REQUEST["properties"]))
def test_a_request_is_taken_exactly_when_the_contract_allows_it(engine: str, left_out: str) -> None:
    """Whatever is left out of it."""
    owner = {"Owner": "owner of schemas"} if ENGINES[engine].has_owners else {"Owner": None}
    whole = properties(Engine=engine, AccessRole="what web may do", ServiceTimeout="60", **owner)
    request = {key: value for key, value in whole.items() if key != left_out}
    assert _is_taken(whole)
    assert _is_taken(request) is _validator("provisionRequest").is_valid(request)
    assert _is_taken({**whole, "Owner": "owner of schemas"}) is ENGINES[engine].has_owners


def _some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([{}, {"x": 1}, "x", "", 7, None, [], [""]]) | strategy


_requests = st.fixed_dictionaries(
    {
        "Engine": st.just("postgres"),
        "Owner": st.just("owner of schemas"),
        "Username": _some(st.just("web")),
        "Schemas": _some(st.dictionaries(st.text(max_size=9), st.sampled_from([*Level, "all"]), max_size=3)),
        "Statements": _some(st.lists(st.text(max_size=9), max_size=3)),
        "Removal": _some(st.sampled_from(list(Removal)).map(str)),
    }
)


@given(_requests)
def test_whatever_the_contract_allows_is_read_and_nothing_else(changed: dict[str, Any]) -> None:
    """As CloudFormation sends it."""
    request = {**properties(), **changed}
    try:
        Declaration.parse(request)
    except errors.BadEventError:
        taken = False
    else:
        taken = True
    assert taken is _validator("provisionRequest").is_valid(request)


def test_the_physical_id_is_the_contract_s() -> None:
    """CloudFormation deletes the user of the old one when it changes."""
    assert "<Database>/<Username>" in _REQUEST["properties"]["Username"]["description"]
    assert ProvisionRequest.parse(event()).physical_id == "orders/web"

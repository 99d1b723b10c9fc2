"""Reading the event of an invocation."""

from __future__ import annotations

import pytest

from rotating_rds_function.domain.errors import BadEventError, Cause
from rotating_rds_function.domain.steps import Step, StepRequest

_EVENT = {"Step": "setSecret", "SecretId": "arn:secret", "ClientRequestToken": "token", "RotationToken": "ignored"}


def test_an_event_of_secrets_manager_is_read() -> None:
    """Its further keys do not matter."""
    assert StepRequest.parse(_EVENT) == StepRequest(Step.SET, "arn:secret", "token")


@pytest.mark.parametrize("key", ["Step", "SecretId", "ClientRequestToken"])
@pytest.mark.parametrize("wrong", [None, "", 7, ["x"], {}])
def test_an_event_with_a_wrong_value_is_refused_by_the_name_of_its_key(key: str, wrong: object) -> None:
    """Each key must be a text."""
    with pytest.raises(BadEventError, match=key):
        StepRequest.parse({**_EVENT, key: wrong})


@pytest.mark.parametrize("key", ["Step", "SecretId", "ClientRequestToken"])
def test_an_event_without_a_key_is_refused_by_its_name(key: str) -> None:
    """None of the three can be guessed."""
    with pytest.raises(BadEventError, match=f"no {key}"):
        StepRequest.parse({name: text for name, text in _EVENT.items() if name != key})


@pytest.mark.parametrize("event", [None, [], "createSecret", 7])
def test_an_event_that_is_no_object_is_refused(event: object) -> None:
    """Whoever tries the function by hand gets a sentence, not a traceback."""
    with pytest.raises(BadEventError, match="an object was expected"):
        StepRequest.parse(event)


def test_an_unknown_step_is_refused_with_the_known_ones() -> None:
    """The remedy is in the sentence, and what was received cannot forge a log line."""
    with pytest.raises(BadEventError) as caught:
        StepRequest.parse({**_EVENT, "Step": "dropSecret\n{}" + "x" * 500})
    assert "createSecret, setSecret, testSecret, finishSecret" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250
    assert caught.value.cause is Cause.REFUSED

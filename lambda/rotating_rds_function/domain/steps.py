"""The four invocations of a rotation, as Secrets Manager sends them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Self

from rotating_rds_function.domain.errors import BadEventError
from rotating_rds_function.domain.wording import shown


class Step(StrEnum):
    """A step of a rotation, in the order in which Secrets Manager invokes them."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


class StepRequest(NamedTuple):
    """One invocation.

    :param step: what to do.
    :param secret_id: ARN of the secret.
    :param token: `ClientRequestToken`, which is the id of the version that the rotation makes.
    """

    step: Step
    secret_id: str
    token: str

    @classmethod
    def parse(cls, event: object) -> Self:
        """Read the event of an invocation; keys that are not needed are ignored.

        :raises BadEventError: if it is no rotation step.
        """
        if not isinstance(event, dict):
            raise BadEventError(
                f"The event is {shown(type(event).__name__)} where an object was expected: "
                "let Secrets Manager invoke this function, through the secret's rotation."
            )
        step = _text(event, "Step")
        if step not in set(Step):
            raise BadEventError(f"Step {shown(step)} is unknown: use one of {', '.join(Step)}.")
        return cls(Step(step), _text(event, "SecretId"), _text(event, "ClientRequestToken"))


def _text(event: dict[object, object], key: str) -> str:
    value = event.get(key)
    if not isinstance(value, str) or not value:
        received = "no" if key not in event else f"{shown(type(value).__name__)} as"
        raise BadEventError(
            f"The event has {received} {key} where a text was expected: "
            "let Secrets Manager invoke this function, through the secret's rotation."
        )
    return value

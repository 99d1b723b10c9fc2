"""The demo from the empty account to the last removed stack, act by act."""

from __future__ import annotations

from typing import TYPE_CHECKING

from examples.demo import alarms, audit
from examples.demo.application import SampleApplication
from examples.demo.cdk import Deployment
from examples.demo.sabotage import SabotagedFunction, role_of
from examples.demo.waiting import ask_until, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from examples.demo.rotations import Rotation
    from examples.demo.stage import Stage
    from localcloud.control import RotationRecord

HELD_SECONDS = 3.0
ENOUGH_CONNECTIONS = 200
_SECONDS_TO_ALARM = 15.0


def bootstrap(stage: Stage) -> None:
    """Prepare the account for the CDK."""
    stage.cdk.bootstrap()


def deploy(stage: Stage) -> None:
    """Deploy network, database and audit."""
    stage.cdk.deploy()
    stage.deployed = Deployment.of(stage.cloud)


def open_for_orders(stage: Stage) -> None:
    """Start the sample application, and wait for its first connection."""
    stage.started = SampleApplication(stage.cloud, stage.deployment, stage.workspace)
    stage.closing.callback(stage.application.stop)
    stage.application.wait_for(lambda traffic: bool(traffic.opened), what="The application's first connection")


def rotate(stage: Stage) -> None:
    """Rotate twice, each time until the application uses the new version."""
    for title in ("first", "second"):
        _add_rotation(stage, stage.secret.rotate(title))


def rotate_held(stage: Stage) -> None:
    """Rotate with a pause between setSecret and finishSecret, in which no current version logs in."""
    stage.cloud.hold_rotation("setSecret", HELD_SECONDS, secret_id=stage.secret.arn)
    stage.evidence.held = stage.secret.rotate(f"third, held {HELD_SECONDS:g} s")
    _add_rotation(stage, stage.evidence.held)


def turn_away_an_outsider(stage: Stage) -> None:
    """Read the secret as a role to which nothing was granted, and see who is told."""
    on_call = stage.on_call
    stage.evidence.outsider_error = audit.read_as_outsider(stage.cloud, stage.deployment)
    stage.evidence.news_of_refusal = ask_until(
        lambda: on_call.message_with("'Refused read'", audit.OUTSIDER), seconds=_SECONDS_TO_ALARM
    )
    audit.read_as_administrator(stage.cloud, stage.deployment)
    stage.evidence.news_of_read = ask_until(
        lambda: on_call.message_with("'Undeclared read'", audit.ADMINISTRATOR), seconds=_SECONDS_TO_ALARM
    )


def break_and_repair(stage: Stage) -> None:
    """Have a rotation fail, see who is told, take the cause away, and see the same rotation through."""
    on_call, before = stage.on_call, stage.secret.current_version()
    function = SabotagedFunction(stage.cloud, stage.deployment.rotation_function)
    stage.evidence.function_role = function.role
    with function.may_not_store():
        version = stage.secret.begin_rotation()
        stage.evidence.broken_step = wait_for(
            lambda: _failed_step(stage.secret.records(version)), what="The failure of a step"
        )
        stage.evidence.news_of_failure = ask_until(
            lambda: on_call.message_with("RotationFailed: ", stage.secret.arn), seconds=_SECONDS_TO_ALARM
        )
        stage.evidence.news_of_alarm = ask_until(
            lambda: on_call.message_with("AlarmName", stage.deployment.rotation_function),
            seconds=_SECONDS_TO_ALARM,
        )
        stage.evidence.alarms = alarms.alarming(stage.cloud, stage.deployment.rotation_function)
    _complete(stage, version)
    stage.evidence.repaired = stage.secret.rotation("broken, repaired", version, before=before)
    _add_rotation(stage, stage.evidence.repaired)


def close(stage: Stage) -> None:
    """Serve until enough connections were opened, then stop the application."""
    stage.application.wait_for(
        lambda traffic: len(traffic.opened) >= ENOUGH_CONNECTIONS, what=f"{ENOUGH_CONNECTIONS} connections"
    )
    stage.evidence.traffic = stage.application.stop()


def read_the_trail(stage: Stage) -> None:
    """Ask the trail who read the secret."""
    stage.evidence.consumer_role = stage.deployment.consumer_role
    stage.evidence.provision_role = role_of(stage.cloud, stage.deployment.provision_function)
    stage.evidence.probe_role = role_of(stage.cloud, stage.deployment.probe_function)
    stage.evidence.readers = audit.readers(stage.cloud, stage.deployment)


def destroy(stage: Stage) -> None:
    """Remove every stack."""
    stage.closing.close()
    stage.cdk.destroy()
    stage.evidence.stacks_left = stage.cdk.stacks()


Act = tuple[str, "Callable[[Stage], None]"]

LIFE: tuple[Act, ...] = (
    ("cdk bootstrap", bootstrap),
    ("cdk deploy: network, database, audit", deploy),
    ("Start the sample application under its consumer role", open_for_orders),
    ("Rotate twice", rotate),
    (f"Rotate, held for {HELD_SECONDS:g} s between setSecret and finishSecret", rotate_held),
    ("Turn away an outsider, report an administrator who reads", turn_away_an_outsider),
    ("Break a rotation, get the alarm, repair it", break_and_repair),
    (f"Serve until {ENOUGH_CONNECTIONS} connections were opened, then stop", close),
    ("Read the trail", read_the_trail),
)
END: Act = ("cdk destroy", destroy)


def _add_rotation(stage: Stage, rotation: Rotation) -> None:
    stage.evidence.rotations.append(rotation)
    if rotation.succeeded:
        what = f"A connection with version {rotation.after}"
        stage.application.wait_for(lambda traffic: traffic.uses(rotation.after), what=what)


def _failed_step(records: Iterable[RotationRecord]) -> tuple[str, str] | None:
    steps = [step for record in records for step in record.steps]
    return next(((step.name, step.error) for step in steps if step.error), None)


def _complete(stage: Stage, version: str) -> None:
    """Wait for Secrets Manager's own next attempt, or ask for it where it had given up before the repair."""
    if stage.secret.wait_for_end(version).outcome != "succeeded":
        stage.secret.resume_rotation()
        stage.secret.wait_for_end(version)

"""`rotating-rds`: look at credentials that rotate, rotate them, and see that they work.

Works on AWS, by the caller's own rights, and on a local cloud alike. Reads and prints no password.
"""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from rotating_rds_ops import alarms, credentials, drill, probes, repair, retirement, rotations, tables
from rotating_rds_ops.aws import Aws
from rotating_rds_ops.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

# Standard output carries what was asked for; progress and failures go beside it.
answers = Console(emoji=False, highlight=False, markup=False, soft_wrap=True)
people = Console(stderr=True, emoji=False, highlight=False, markup=False, soft_wrap=True)
application = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Environment = Annotated[str, typer.Option("--env", "-e", help="The environment, as the secrets' tags name it.")]
Region = Annotated[str | None, typer.Option("--region", help="That of your profile unless given.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Name = Annotated[str, typer.Argument(help="A credential: database/user, or the ARN or name of its secret.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Seconds = Annotated[float, typer.Option("--timeout", min=1, help="Seconds that one rotation may take.")]


@application.command()
def status(env: Environment, region: Region = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Tell of every credential of an environment: strategy, last and next rotation, state, probe, alarms."""
    aws = Aws(region)
    found, on = credentials.all_of(aws, env), alarms.on(aws)
    looks = probes.last_looks(aws, found)
    if as_json:
        answers.print_json(json.dumps(tables.status_document(found, on, looks)))
    else:
        answers.print(tables.status_table(found, on, looks))


@application.command()
def rotate(name: Name, region: Region = None, wait: bool = True, timeout: Seconds = 300) -> None:  # noqa: FBT001, FBT002 - a flag
    """Rotate a credential now, or repeat its rotation that has not ended, and wait for the end."""
    aws = Aws(region)
    credential = credentials.again(aws, credentials.one_of(aws, name))
    begun = rotations.begin(aws, credential)
    people.print(f"{credential.name}: rotating to version {begun.version}")
    if wait:
        rotations.watch(aws, credential, begun, seconds=timeout, tell=_tell_step)
        people.print(f"{credential.name}: version {begun.version} is current")


@application.command()
def verify(env: Environment, region: Region = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Have the probes log in with every credential of an environment now; fails if one is not well."""
    aws = Aws(region)
    found = probes.examine(aws, credentials.all_of(aws, env))
    if as_json:
        answers.print_json(json.dumps(tables.examination_document(found)))
    else:
        answers.print(tables.examination_table(found))
    unwell = [examination.credential.name for examination in found if not examination.healthy]
    if unwell:
        raise OperationError(f"Not well: {', '.join(unwell)}; see 'Credential does not log in' in docs/runbook.md.")


@application.command(name="drill")
def drill_environment(
    env: Environment,
    region: Region = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often every credential rotates.")] = 2,
    check: Annotated[str, typer.Option(help="A command that exits with 0 while your applications work.")] = "",
    timeout: Seconds = 300,
) -> None:
    """Rotate every credential of an environment, verify between, and fail with the first cause."""
    exercise = drill.Drill(rounds=rounds, seconds=timeout, check=shlex.split(check))
    count = exercise.run(Aws(region), env, people.print)
    answers.print(f"{count} rotations, and everything logs in.")


@application.command(name="repair")
def repair_credential(name: Name, region: Region = None, yes: Yes = False, timeout: Seconds = 300) -> None:  # noqa: FBT002 - a flag
    """Find out why a credential is not well, say what would be done about it, ask, do it, and look again."""
    aws = Aws(region)
    mending = repair.Repair(aws, _consent(yes=yes), people.print, timeout)
    credential = credentials.one_of(aws, name)
    remedies = mending.run(credential)
    answers.print(f"{credential.name}: {'repaired' if remedies else 'nothing to repair'}.")


@application.command()
def retire(  # noqa: PLR0917 - they are options, not positions
    name: Name,
    region: Region = None,
    compromised: Annotated[bool, typer.Option("--compromised", help="Somebody may know its password.")] = False,  # noqa: FBT002 - a flag
    keep_sessions: Annotated[bool, typer.Option("--keep-sessions", help="Do not restart the database.")] = False,  # noqa: FBT002 - a flag
    yes: Yes = False,  # noqa: FBT002 - a flag
    timeout: Seconds = 300,
) -> None:
    """End every password of a credential that somebody may know, and every session: the database restarts."""
    if not compromised:
        raise OperationError(
            f"Nothing was done to {name}: say --compromised if somebody may know its password, else use "
            f"`rotating-rds rotate {name}`."
        )
    aws = Aws(region)
    credential = credentials.one_of(aws, name)
    count = retirement.rotations_needed(credential)
    restart = "" if keep_sessions else f", then restart {credential.database}, which ends the sessions of ALL its users"
    if not _consent(yes=yes)(f"Shall I rotate {credential.name} {count} times{restart}?"):
        raise OperationError(f"Nothing was done to {credential.name}.")
    retirement.Retirement(aws, people.print, timeout, end_sessions=not keep_sessions).run(credential)
    answers.print(f"{credential.name}: no password of before logs in.")


def _consent(*, yes: bool) -> Callable[[str], bool]:
    def ask(question: str) -> bool:
        if yes:
            people.print(question + " Yes.")
        return yes or typer.confirm(question, err=True)

    return ask


def _tell_step(step: rotations.Step) -> None:
    people.print(f"  {step.name} {step.outcome} after {step.seconds:.2f} s{f' ({step.cause})' if step.cause else ''}")


def main() -> NoReturn:
    """Run a command; a failure is one sentence on standard error, and exit code 1."""
    try:
        application()
    except OperationError as error:
        people.print(str(error))
    except (ClientError, BotoCoreError) as error:
        people.print(f"AWS refused or did not answer: {error} Check your credentials, rights and region.")
    sys.exit(1)


if __name__ == "__main__":
    main()

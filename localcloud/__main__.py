"""`python -m localcloud`: keep a local cloud running on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from localcloud import platforms
from localcloud.cloud import DEFAULT_DIRECTORY, LocalCloud
from localcloud.connection import UNSET
from localcloud.databases import DatabaseServerError
from localcloud.emulator_process import CHECKOUT
from localcloud.errors import LocalCloudError
from localcloud.state import State

# Standard output carries shell commands only, so that `eval "$(python -m localcloud env)"` works; people read the rest.
people = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
application = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Directory = Annotated[
    Path, typer.Option("--directory", envvar="LOCALCLOUD_DIRECTORY", help="Where everything of it is.")
]
Port = Annotated[int, typer.Option("--port", envvar="LOCALCLOUD_PORT", help="Where AWS's APIs answer.")]
ControlPort = Annotated[
    int | None,
    typer.Option(
        "--control-port",
        envvar="LOCALCLOUD_CONTROL_PORT",
        help="Where the control API answers; the port after the gateway's by default.",
    ),
]


@application.command()
def up(directory: Directory = DEFAULT_DIRECTORY, port: Port = 4566, control_port: ControlPort = None) -> None:
    """Start the local cloud and print the variables that point tools at it."""
    try:
        cloud = LocalCloud.attach(directory)
        people.print(f"The local cloud runs already: {cloud.endpoint_url}")
    except LocalCloudError:
        with people.status("Starting the local cloud"):
            cloud = LocalCloud.start(
                directory, port=port, control_port=port + 1 if control_port is None else control_port
            )
            cloud.release()
        people.print(f"The local cloud runs: {cloud.endpoint_url}")
    _print_variables(cloud)
    people.print(_NEXT)


@application.command()
def down(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Stop the local cloud and remove everything of it."""
    state = State.read(directory.resolve())
    if state is None:
        people.print(f"No local cloud in {directory}.")
        return
    LocalCloud(directory.resolve(), state).stop()
    people.print("The local cloud and everything in it are gone.")


@application.command()
def status(directory: Directory = DEFAULT_DIRECTORY) -> None:
    """Show what runs; the exit code is 0 if the local cloud is ready."""
    cloud = LocalCloud.attach(directory)
    if not cloud.control.is_ready():
        raise LocalCloudError(f"The local cloud in {cloud.directory} runs, but does not answer: see its emulator.log.")
    table = Table("what", "where", "process")
    table.add_row("gateway", cloud.endpoint_url, str(cloud.state.processes[-1].pid))
    table.add_row("control API", cloud.control_url, "")
    for database in cloud.control.databases():
        pid = "stopped" if database.pid is None else str(database.pid)
        table.add_row(f"{database.engine} {database.identifier}", f"{database.host}:{database.port}", pid)
    people.print(table)


@application.command()
def env(
    directory: Directory = DEFAULT_DIRECTORY,
    role: Annotated[
        str | None, typer.Option(help="Act as this role; as root, whom no policy restricts, unless given.")
    ] = None,
) -> None:
    """Print the variables that point tools at the local cloud, for `eval`."""
    _print_variables(LocalCloud.attach(directory), role)


@application.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments, after `--`.")],
    platform: Annotated[
        str,
        typer.Option(
            "--as", metavar="PLATFORM:NAME", help="ecs:ROLE, a task's role; ec2:INSTANCE_PROFILE, an instance's."
        ),
    ],
    directory: Directory = DEFAULT_DIRECTORY,
) -> None:
    """Run a command under a deployed role, which reaches it as on ECS or EC2."""
    cloud = LocalCloud.attach(directory)
    with platforms.running_as(cloud, platforms.parse(platform, cloud)) as environment:
        code = platforms.run(command, environment)
    raise typer.Exit(code)


_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")

_NEXT = f"""
Next, in any shell:
  export PATH={shlex.quote(f"{CHECKOUT}/.venv/bin:{CHECKOUT}/node_modules/.bin")}:"$PATH"
  eval "$(python -m localcloud env)"
  cdk bootstrap -c env=local
  cdk deploy -c env=local --all
  aws secretsmanager list-secrets
and at the end:
  make local-down"""


def _print_variables(cloud: LocalCloud, role: str | None = None) -> None:
    # A key would win over a role's credentials, which SDKs fetch from where a variable says.
    typer.echo(f"unset {' '.join((*UNSET, *_KEYS) if role else UNSET)}")
    for name, value in (cloud.role_environment(role) if role else cloud.environment()).items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def main() -> None:
    """Run a command; what went wrong is one sentence, without a traceback."""
    try:
        application()
    except (LocalCloudError, DatabaseServerError) as error:
        people.print(str(error), style="red")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()

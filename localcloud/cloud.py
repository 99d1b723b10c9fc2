"""A local cloud: the emulator with its database servers, from its start to the removal of the last file."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import psutil

from localcloud import connection, workspace
from localcloud.control import ControlClient
from localcloud.databases import Authority
from localcloud.databases.ports import LOOPBACK, free_port
from localcloud.emulator_process import CHECKOUT, EmulatorCommand
from localcloud.errors import LocalCloudError
from localcloud.port_check import check_ports
from localcloud.processes import ProcessIdentity
from localcloud.state import State

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from localcloud.control import RotationRecord
    from localcloud.lifeline import GuardedProcess

DEFAULT_DIRECTORY = CHECKOUT / ".localcloud"


class LocalCloud:
    """A running local cloud; :meth:`start` makes one, :meth:`attach` finds one, leaving its context stops it."""

    account = connection.ACCOUNT
    region = connection.REGION

    def __init__(self, directory: Path, state: State, process: GuardedProcess | None = None) -> None:
        self.directory = directory
        self.state = state
        self.control = ControlClient(f"http://{LOOPBACK}:{state.control_port}")
        self._connection = connection.Connection(self.endpoint_url, self.ca_bundle)
        self._process = process

    @classmethod
    def start(
        cls,
        directory: Path = DEFAULT_DIRECTORY,
        *,
        port: int | None = None,
        control_port: int | None = None,
        capture_secret_values: bool = False,
        emulator: EmulatorCommand | None = None,
    ) -> Self:
        """Start a local cloud, which ends with this process however it ends, unless it is released.

        :param directory: empty or missing; everything of this local cloud is in it, and is removed when it stops.
        :param port: where AWS's APIs answer; a free port by default.
        :param control_port: where the control API answers; a free port by default.
        :param capture_secret_values: whether every value written to a secret is kept, to search for it later.
        :param emulator: how the emulator is run; from this checkout's virtual environments by default.
        :raises LocalCloudError: a directory or port is taken, or the emulator fails. Nothing is left running then.
        """
        directory = directory.resolve()
        state = State(
            gateway_port=port or free_port(),
            control_port=control_port or free_port(),
            starter=ProcessIdentity.of(os.getpid()),
        )
        workspace.claim(directory, state)
        cloud = cls(directory, state)
        try:
            check_ports(gateway=state.gateway_port, control=state.control_port)
            cloud._launch(emulator or EmulatorCommand(), capture_secret_values=capture_secret_values)
        except BaseException:
            cloud.stop()
            raise
        return cloud

    @classmethod
    def attach(cls, directory: Path = DEFAULT_DIRECTORY) -> Self:
        """Find the local cloud that `python -m localcloud up` keeps running.

        :raises LocalCloudError: none runs there.
        """
        directory = directory.resolve()
        state = State.read(directory)
        if state is None or not state.running:
            raise LocalCloudError(f"No local cloud runs in {directory}: start one with `python -m localcloud up`.")
        return cls(directory, state)

    @property
    def endpoint_url(self) -> str:
        """Where AWS's APIs answer."""
        return f"http://{LOOPBACK}:{self.state.gateway_port}"

    @property
    def control_url(self) -> str:
        """Where the control API answers."""
        return self.control.url

    @property
    def ca_bundle(self) -> Path:
        """The certificate authority of the database servers (PEM)."""
        return self._authority_directory / "certificate.pem"

    def endpoint_environment(self) -> dict[str, str]:
        """Return the variables that lead tools to this cloud, without anybody to act as."""
        return self._connection.environment()

    def environment(self) -> dict[str, str]:
        """Return the variables with which AWS CLI, boto3 and cdk act as the account's root."""
        return self._connection.root_environment()

    def role_environment(self, role: str) -> dict[str, str]:
        """Return the variables with which a program becomes a role: no keys, but where its SDK fetches them.

        :param role: its name, or its ARN, which may be of another account.
        """
        return self._connection.role_environment(self.control.credentials_url(role))

    def client(
        self,
        service: str,
        *,
        role: str | None = None,
        account: str = connection.ACCOUNT,
        region: str = connection.REGION,
    ) -> Any:
        """Return a boto3 client.

        :param role: name or ARN of the role to act as; by default the account's root, whom no policy restricts.
        :param account: whose root, of which the emulator has as many as there are numbers of twelve digits.
        :param region: where.
        """
        if role is None:
            return self._connection.root_client(service, account=account, region=region)
        return self._connection.role_client(service, self.control.credentials(role), region=region)

    def hold_rotation(
        self, after_step: str = "setSecret", seconds: float = 3.0, times: int = 1, secret_id: str | None = None
    ) -> None:
        """Have rotations pause, so that what happens in between can be watched.

        :param after_step: the step after whose success they pause.
        :param times: how many rotations do.
        :param secret_id: name or ARN of the only secret concerned; all are by default.
        """
        self.control.hold_rotation(after_step=after_step, seconds=seconds, times=times, secret_id=secret_id)

    def rotations(self) -> list[RotationRecord]:
        """Return every rotation so far, the oldest first."""
        return self.control.rotations()

    def now(self) -> datetime:
        """Return what time it is in this cloud."""
        return datetime.fromtimestamp(self.control.now(), UTC)

    def advance_clock(self, seconds: float) -> None:
        """Let time pass, so that days take a moment: what is due on the way is done, and has ended on return.

        :param seconds: how many; 0 has everything done that is due now, and every alarm evaluated.
        """
        self.control.advance_clock(seconds)

    def captured_secret_values(self) -> list[str]:
        """Return every value written to a secret, if the start asked for that."""
        return self.control.captured_secret_values()

    def release(self) -> None:
        """Let it run on after this process, until :meth:`stop` is called by whoever attaches to it."""
        if self._process is not None:
            self._process.release()

    def stop(self) -> None:
        """End all of its processes and remove all of its files; does nothing when that has been done."""
        workspace.vacate(self.directory, self.state)
        if self._process is not None:
            self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _authority_directory(self) -> Path:
        return self.directory / "authority"

    def _launch(self, emulator: EmulatorCommand, *, capture_secret_values: bool) -> None:
        Authority.load_or_create(self._authority_directory)
        process = emulator.start(
            self.directory,
            gateway_port=self.state.gateway_port,
            control_port=self.state.control_port,
            capture_secret_values=capture_secret_values,
        )
        self._process = process
        with contextlib.suppress(psutil.NoSuchProcess):  # ended already, which the wait below reports
            identities = (ProcessIdentity.of(process.keeper_pid), ProcessIdentity.of(process.pid))
            started = dataclasses.replace(self.state, processes=identities)
            started.replace(self.directory)
            self.state = started
        emulator.wait_until_ready(process, self.directory, self.control.is_ready)

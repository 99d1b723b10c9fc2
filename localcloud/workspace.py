"""The directory of a local cloud: claimed by one at a time, cleaned up after a dead one, removed at the end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from localcloud import processes
from localcloud.databases import data_folder
from localcloud.emulator_process import STOP_SECONDS
from localcloud.errors import LocalCloudError
from localcloud.state import State, forget

if TYPE_CHECKING:
    from pathlib import Path


def claim(directory: Path, state: State) -> None:
    """Take a directory for a local cloud; what a dead one left in it is removed first.

    :param directory: made when missing; from now on only its user may enter it.
    :raises LocalCloudError: a local cloud lives there, or the directory belongs to something else.
    """
    previous = State.read(directory)
    if previous is None and directory.exists() and any(directory.iterdir()):
        raise LocalCloudError(
            f"{directory} is not empty and no local cloud's: name another one, for the end of a local cloud removes it."
        )
    if previous is not None:
        _refuse_if_alive(directory, previous)
        vacate(directory, previous)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    if not state.claim(directory):
        raise LocalCloudError(f"Another program starts a local cloud in {directory}: wait for it.")


def vacate(directory: Path, state: State) -> None:
    """End a local cloud's processes and remove its directory, unless another one has taken it since."""
    processes.end(state.processes, grace=STOP_SECONDS + 5)
    if State.read(directory) != state:
        return
    # The record goes last, so that a tear-down that is cut short can be repeated.
    for entry in directory.iterdir():
        if not State.is_record(entry):
            data_folder.remove(entry)
    forget(directory)
    with contextlib.suppress(OSError):  # somebody put a file of their own into it meanwhile
        directory.rmdir()


def _refuse_if_alive(directory: Path, state: State) -> None:
    if state.running:
        raise LocalCloudError(
            f"A local cloud runs in {directory} already, on port {state.gateway_port}: "
            "end it with `python -m localcloud down`, or name another directory."
        )
    if state.being_started:
        raise LocalCloudError(
            f"Process {state.starter.pid} starts a local cloud in {directory} at this moment: wait for it."
        )

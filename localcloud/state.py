"""What a running local cloud leaves in its directory, so that another program can find, use and end it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from localcloud.errors import LocalCloudError
from localcloud.processes import ProcessIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILE = "state.json"


@dataclass(frozen=True, kw_only=True)
class State:
    """A local cloud that is being started or runs.

    :param starter: the program that starts it.
    :param processes: its own processes, the guardian first; none yet while it is being started.
    """

    gateway_port: int
    control_port: int
    starter: ProcessIdentity
    processes: tuple[ProcessIdentity, ...] = ()

    @property
    def running(self) -> bool:
        """Whether its emulator runs."""
        return bool(self.processes) and self.processes[-1].find() is not None

    @property
    def being_started(self) -> bool:
        """Whether its starter has not come as far as the emulator."""
        return not self.processes and self.starter.find() is not None

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Return the state that a directory records; None when it records none.

        :raises LocalCloudError: the record cannot be read.
        """
        file = directory / _FILE
        try:
            document = json.loads(file.read_text())
            return cls(
                gateway_port=document["gateway_port"],
                control_port=document["control_port"],
                starter=ProcessIdentity(**document["starter"]),
                processes=tuple(ProcessIdentity(**process) for process in document["processes"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise LocalCloudError(f"{file} is damaged ({error}): remove the directory {directory}.") from error

    @staticmethod
    def is_record(entry: Path) -> bool:
        """Whether a directory's entry is where a state is recorded."""
        return entry.name == _FILE

    def claim(self, directory: Path) -> bool:
        """Record this state if the directory has none; whether it was so. Of two claims at once one succeeds."""
        with self._written(directory) as draft, contextlib.suppress(FileExistsError):
            os.link(draft, directory / _FILE)
            return True
        return False

    def replace(self, directory: Path) -> None:
        """Record this state in place of the present one."""
        with self._written(directory) as draft:
            draft.replace(directory / _FILE)

    @contextlib.contextmanager
    def _written(self, directory: Path) -> Iterator[Path]:
        # Written in full under another name first: no reader ever finds half of it.
        descriptor, name = tempfile.mkstemp(dir=directory, prefix=".state-")
        with os.fdopen(descriptor, "w") as draft:
            json.dump(asdict(self), draft, indent=2)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


def forget(directory: Path) -> None:
    """Remove the record."""
    (directory / _FILE).unlink(missing_ok=True)

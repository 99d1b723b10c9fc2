"""What people do to a secret and its database while it is rotated."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rotating_rds_function.domain.versions import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.support.rotations import ADMINISTRATOR_ARN, password_of, username_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.support.faults.faulty_world import FaultyWorld


class People:
    """Everybody who has access to the secret or to the database.

    :param world: which they interfere with.
    """

    def __init__(self, world: FaultyWorld) -> None:
        self._world = world
        self._number = 0
        self._snapshot = world.backstage.state()
        self._next_administrator_password: str | None = None

    def interfere(self, what: str, which: int) -> None:
        """Do something.

        :param which: picks one where there are several.
        """
        ACTIONS[what](self, which)
        self._world.interfered()

    def change_password(self, which: int) -> None:
        """Change a password in the database."""
        self._world.backstage.set_password(self._login(which), self._new_text())

    def mistype(self, _: int) -> None:
        """Put a value with a password that nobody knows."""
        self._put(self._new_text())

    def repair(self, _: int) -> None:
        """Give the database a password, and put it into the secret."""
        password = self._new_text()
        login = username_of(self._world.store.value_of(AWSCURRENT))
        self._world.backstage.set_password(login, password)
        self._put(password)

    def strip(self, _: int) -> None:
        """Take AWSPENDING off, as CancelRotateSecret's manual asks for."""
        version = self._world.holder(AWSPENDING)
        if version is not None:
            self._world.store.labels[version].discard(AWSPENDING)

    def put_pending_back(self, which: int) -> None:
        """Put AWSPENDING onto some version that has a value and is not current."""
        versions = [version for version in self._world.tokens if version in self._world.store.values]
        versions = [version for version in versions if version != self._world.holder(AWSCURRENT)]
        if versions:
            self._world.store.stage(versions[which % len(versions)], AWSPENDING)

    def roll_back(self, _: int) -> None:
        """Make the previous version current again."""
        current, previous = map(self._world.holder, (AWSCURRENT, AWSPREVIOUS))
        if previous is not None:
            self._world.store.move_label("arn", label=AWSCURRENT, source=current, destination=previous)

    def drop(self, which: int) -> None:
        """Drop a login of a pair."""
        if self._world.is_pair:
            self._world.backstage.drop(self._login(which))

    def drift(self, which: int) -> None:
        """Give a login of a pair a privilege, or take it away."""
        if self._world.is_pair:
            self._world.backstage.drift(self._login(which))

    def restore(self, which: int) -> None:
        """Restore the database from its snapshot, or make a new one."""
        if which:
            self._snapshot = self._world.backstage.state()
        else:
            self._world.backstage.restore(self._snapshot)

    def change_administrator(self, _: int) -> None:
        """Rotate the administrator: first the database, the next time the value."""
        backstage = self._world.backstage
        if self._next_administrator_password is None:
            self._next_administrator_password = self._new_text()
            backstage.set_password(backstage.administrator, self._next_administrator_password)
        else:
            value = self._world.value(backstage.administrator, self._next_administrator_password)
            self._world.store.others[ADMINISTRATOR_ARN] = value
            self._next_administrator_password = None

    def finish_administrator(self) -> None:
        """Let no rotation of the administrator be under way."""
        if self._next_administrator_password is not None:
            self.interfere("rotate the administrator", 0)

    def reset_to_current(self) -> None:
        """Give the login of AWSCURRENT the password of AWSCURRENT, as ModifyDBInstance can."""
        text = self._world.store.value_of(AWSCURRENT)
        if not self._world.backstage.exists(username_of(text)):
            self._world.backstage.make(username_of(text))
        self._world.backstage.set_password(username_of(text), password_of(text))
        self._world.interfered()

    def _login(self, which: int) -> str:
        backstage = self._world.backstage
        return backstage.alternate if which % 2 and self._world.is_pair else backstage.username

    def _put(self, password: str) -> None:
        login = username_of(self._world.store.value_of(AWSCURRENT))
        version, current = f"by-hand-{self._number}", self._world.holder(AWSCURRENT)
        self._world.store.values[version] = self._world.value(login, password)
        self._world.store.move_label("arn", label=AWSCURRENT, source=current, destination=version)

    def _new_text(self) -> str:
        self._number += 1
        return f"by hand, number {self._number}"


ACTIONS: Final[Mapping[str, Callable[[People, int], None]]] = MappingProxyType(
    {
        "change a password in the database": People.change_password,
        "put a mistyped value": People.mistype,
        "repair by hand": People.repair,
        "take AWSPENDING off": People.strip,
        "put AWSPENDING back": People.put_pending_back,
        "make AWSPREVIOUS current": People.roll_back,
        "drop a login": People.drop,
        "change the privileges of one login": People.drift,
        "restore a snapshot": People.restore,
        "rotate the administrator": People.change_administrator,
    }
)
"""What people do, by its name."""

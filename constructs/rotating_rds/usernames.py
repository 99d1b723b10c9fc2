"""The names of a database's users: what the engine takes, and who has one already."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aws_cdk import Token

from rotating_rds.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rotating_rds.engine import Engine


@dataclass
class Usernames:
    """Refuses names that could not work, before anything is deployed.

    :param engine: the database's engine.
    :param master: the master user.
    :param owner: the role that owns schemas, on an engine that has one.
    """

    engine: Engine
    master: str
    owner: str
    _taken: dict[str, str] = field(default_factory=dict)

    def claim(self, username: str, logins: Sequence[str]) -> None:
        """Take the names of a user.

        :param logins: what logs in, *username* first.
        :raises DeclarationError: if the engine could not hold one, or it is reserved or taken.
        """
        if any(Token.is_unresolved(name) for name in logins):
            raise DeclarationError("A user name is only known at deployment: give it as literal text.")
        names = [*logins, *([f"{username}_access"] if self.engine.has_schemas else [])]
        for name in names:
            self._check(username, name)
        if len(set(names)) < len(names):
            raise DeclarationError(
                f"The names of the user {username!r} are not all different ({', '.join(names)}): give another suffix= "
                "or alternate_username=."
            )
        self._taken |= dict.fromkeys(names, username)

    def _check(self, username: str, name: str) -> None:
        size, limit = len(name.encode()), self.engine.username_limit
        if not 0 < size <= limit or "\0" in name:
            raise DeclarationError(
                f"The user {username!r} needs the name {name!r} of {size} bytes, and {self.engine.name} takes 1 to "
                f"{limit}: choose a shorter name or suffix=."
            )
        if self.engine.is_reserved(name):
            raise DeclarationError(f"The user name {name!r} is reserved on {self.engine.name}: choose another.")
        holder = {**self._taken, self.master: "the master user", **self._owners()}.get(name)
        if holder is not None:
            raise DeclarationError(
                f"The name {name!r} of the user {username!r} is taken by {holder}: choose another name or suffix=."
            )

    def _owners(self) -> dict[str, str]:
        return {self.owner: "the owner of the schemas"} if self.engine.has_schemas else {}

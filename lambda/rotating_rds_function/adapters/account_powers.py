"""What an administrator may do, held against what a change needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.adapters.accounts import EVERYWHERE, Account, AccountState, Kind, Privilege, Thing
from rotating_rds_function.domain.errors import PrivilegeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rotating_rds_function.adapters.account_changes import Need


class Powers:
    """What an administrator can do, by itself and by the roles that it acts in.

    :param states: its account, then those roles.
    """

    def __init__(self, states: Sequence[AccountState]) -> None:
        self._states = states

    def has_everywhere(self, name: str) -> bool:
        """Tell whether it has a privilege, static or dynamic, on everything."""
        thing = Thing(Kind.DYNAMIC, name)
        return any(Privilege(EVERYWHERE, name) in state.privileges or thing in state.things for state in self._states)

    def demand(self, needs: Iterable[Need]) -> None:
        """Make sure that it can do what needs these.

        :raises PrivilegeError: naming every one that it lacks.
        """
        missing = self.missing(needs)
        if missing:
            raise PrivilegeError(
                f"The administrator {self._states[0].account} lacks {'; '.join(missing)}: grant it, with grant option "
                "where it is to be handed on; nothing was changed."
            )

    def missing(self, needs: Iterable[Need]) -> list[str]:
        """Return those of *needs* that it lacks, in words."""
        return sorted({_words(need) for need in needs if not self._has(need)})

    def _has(self, need: Need) -> bool:
        if isinstance(need, Privilege):
            return any(_covers(held, need) for state in self._states for held in state.privileges)
        if need.kind is Kind.ROLE and self.has_everywhere("ROLE_ADMIN"):
            return True
        return any(option and _includes(held, need) for state in self._states for held, option in state.things.items())


def _words(need: Need) -> str:
    return str(need) if isinstance(need, Privilege) else f"{need} WITH {need.option}"


def _covers(held: Privilege, need: Privilege) -> bool:
    return held.name == need.name and held.column in {"", need.column} and held.scope.covers(need.scope)


def _includes(held: Thing, need: Thing) -> bool:
    # Who may be proxy of the anonymous user may be proxy of anybody.
    anybody = held.kind is need.kind is Kind.PROXY and isinstance(held.what, Account) and not held.what.user
    return held == need or anybody

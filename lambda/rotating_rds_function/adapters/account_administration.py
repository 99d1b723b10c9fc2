"""What an administrator's session does with other accounts: recognise, refuse, compare, make equal."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from rotating_rds_function.adapters.account_changes import CREATE_USER, Change, changes
from rotating_rds_function.adapters.account_powers import Powers
from rotating_rds_function.adapters.accounts import EVERYWHERE, Account, AccountState, Kind
from rotating_rds_function.domain.errors import PrivilegeError, RefusedError, WrongStateError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rotating_rds_function.adapters.account_catalogue import Catalogue
    from rotating_rds_function.domain.targets import Pair

_PASSES: Final = 2


class Dialect(Protocol):
    """How an engine says what the other one says differently.

    :param plugins: authentication plugins whose password the function can set.
    :param protected: privileges on everything, static or dynamic, by which a user administers others or the server.
    """

    plugins: Collection[str]
    protected: Collection[str]

    def create_locked(self, account: Account, plugin: str) -> str:
        """Return the statement that makes an account which nobody can log in to."""

    def default_roles(self, account: Account, roles: Collection[Account]) -> Change:
        """Return the change that leaves an account with these default roles."""


class AccountAdministration:
    """Works on accounts, never on passwords.

    :param run: runs a statement.
    """

    def __init__(self, catalogue: Catalogue, dialect: Dialect, run: Callable[[str], object]) -> None:
        self._catalogue = catalogue
        self._dialect = dialect
        self._run = run

    def only(self, username: str) -> Account:
        """Return the account of a user.

        :raises WrongStateError: if there is none, or it is one of several that differ in their host part.
        """
        accounts = self._catalogue.users(username)
        if not accounts:
            raise WrongStateError(f"The database has no user {shown(username)}: create it, or deploy another name.")
        if len(accounts) > 1:
            raise WrongStateError(
                f"The user {shown(username)} exists with several host parts ({', '.join(map(str, accounts))}), and a "
                "secret is about one account: drop the others, or give them names of their own."
            )
        return accounts[0]

    def refuse_protected(self, username: str) -> None:
        """See DatabaseSession."""
        for account in self._catalogue.users(username):
            if account == self._administrator:
                raise RefusedError(
                    f"The user {shown(username)} is the administrator who changes passwords, and cannot be the target "
                    "as well: rotate it in its own secret with the strategy single_user."
                )
            states = self._catalogue.with_roles(account)
            reason = self._reason_to_refuse(states)
            if reason:
                raise RefusedError(
                    f"The user {shown(username)} {reason}: an administrator does not change its password; rotate it "
                    "with the strategy single_user."
                )

    def check_administrator(self, pair: Pair | None) -> None:
        """See DatabaseSession."""
        needs = {CREATE_USER} if pair is None else {need for change in self._changes(pair) for need in change.needs}
        missing = self._powers.missing({CREATE_USER, *needs})
        if missing:
            raise PrivilegeError(
                f"The administrator {self._administrator} lacks {'; '.join(missing)}: grant it, with grant option "
                "where it is to be handed on; nothing was changed."
            )

    def make_equal(self, pair: Pair) -> AccountState:
        """Make the twin equal to the model, and return the model.

        Twice: what the server itself adds to a statement, such as the administrator's restrictions, shows afterwards.
        """
        for _ in range(_PASSES):
            outstanding = self._changes(pair)
            for change in outstanding:
                self._run(change.statement)
            if not outstanding:
                break
        return self._model(pair)

    def differences(self, pair: Pair) -> list[str]:
        """See DatabaseSession."""
        if not self._catalogue.users(pair.twin):
            return [f"{shown(pair.twin)} does not exist"]
        model, twin = self._model(pair), self._state(self.only(pair.twin))
        found = [change.difference for change in self._changes(pair)]
        if model.plugin != twin.plugin:
            found.append(f"{twin.account} is authenticated by {twin.plugin} instead of {model.plugin}")
        return found

    def _changes(self, pair: Pair) -> list[Change]:
        model = self._model(pair)
        account = Account(pair.twin, model.account.host)
        first, twin = self._first_change(self._catalogue.users(pair.twin), account, model)
        rest = changes(model, twin, self._dialect.default_roles)
        return [*first, *(change for change in rest if not self._is_void(change, model))]

    def _first_change(
        self, present: list[Account], account: Account, model: AccountState
    ) -> tuple[list[Change], AccountState]:
        """Return what has to happen before the twin can be compared, and the twin as it is then."""
        needs = frozenset({CREATE_USER})
        if not present:
            statement = self._dialect.create_locked(account, model.plugin)
            return [Change(f"{account} does not exist", statement, needs)], AccountState(account)
        if len(present) > 1:
            raise RefusedError(
                f"The user {shown(account.user)} exists with several host parts ({', '.join(map(str, present))}), and "
                f"the second login of a pair is one account: drop all but {account}."
            )
        state = replace(self._state(present[0]), account=account)
        if present[0] == account:
            return [], state
        rename = f"RENAME USER {present[0]} TO {account}"
        return [Change(f"{present[0]} logs in from other hosts than {model.account}", rename, needs)], state

    def _is_void(self, change: Change, model: AccountState) -> bool:
        """Tell whether a change is about a table or routine that was dropped, whose grants the server keeps.

        Whoever may hand on a privilege on a thing sees it, if it exists.
        """
        return change.scope in model.absent and not self._powers.missing(change.needs)

    def _model(self, pair: Pair) -> AccountState:
        model = self._state(self.only(pair.model))
        if model.plugin not in self._dialect.plugins:
            raise WrongStateError(
                f"The user {shown(pair.model)} is authenticated by {model.plugin}, where a password needs one of "
                f"{', '.join(self._dialect.plugins)}: change how it logs in."
            )
        return model

    def _state(self, account: Account) -> AccountState:
        return self._catalogue.read(account)[account]

    def _reason_to_refuse(self, states: Collection[AccountState]) -> str:
        held = {str(p.name) for state in states for p in state.privileges if p.scope == EVERYWHERE}
        held |= {str(t.what) for state in states for t in state.things if t.kind is Kind.DYNAMIC}
        if protected := sorted(held & set(self._dialect.protected)):
            return f"administers others or the server itself (it has {', '.join(protected)} on *.*)"
        if beyond := sorted(name for name in held if not self._powers.has_everywhere(name)):
            return f"may do more than the administrator (it has {', '.join(beyond)} on *.*)"
        return ""

    @cached_property
    def _acting(self) -> list[AccountState]:
        return self._catalogue.acting()

    @property
    def _administrator(self) -> Account:
        return self._acting[0].account

    @cached_property
    def _powers(self) -> Powers:
        return Powers(self._acting)

"""What an administrator's session does with other accounts: recognise, refuse, compare, make equal."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.adapters.account_changes import CREATE_USER, Change, changes
from rotating_rds_function.adapters.account_checks import check_plugin, only
from rotating_rds_function.adapters.account_powers import Powers
from rotating_rds_function.adapters.account_provisioning import AccountProvisioning
from rotating_rds_function.adapters.accounts import EVERYWHERE, Account, AccountState, Kind
from rotating_rds_function.adapters.mysql_text import check_name
from rotating_rds_function.domain.errors import RefusedError
from rotating_rds_function.domain.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rotating_rds_function.adapters.account_catalogue import Catalogue
    from rotating_rds_function.adapters.account_dialect import Dialect
    from rotating_rds_function.domain.targets import Pair

_PASSES: Final = 2


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

        :raises WrongStateError: if there is none, it is one of several that differ in their host part, or it logs in
            by something else than a password.
        """
        account = only(username, self._catalogue.users(username))
        check_plugin(self._catalogue.read(account, everywhere_only=True)[account], self._dialect)
        return account

    def refuse_protected(self, username: str) -> None:
        """See DatabaseSession."""
        check_name(username, longest=self._dialect.longest_name)
        for account in self._catalogue.users(username):
            if account == self._administrator:
                raise RefusedError(
                    f"The user {shown(username)} is the administrator who changes passwords, and cannot be the target "
                    "as well: rotate it in its own secret with the strategy single_user."
                )
            states = self._catalogue.with_roles(account, everywhere_only=True)
            reason = self._reason_to_refuse(states)
            if reason:
                raise RefusedError(
                    f"The user {shown(username)} {reason}: an administrator does not change its password; rotate it "
                    "with the strategy single_user."
                )

    def check_administrator(self, pair: Pair | None) -> None:
        """See DatabaseSession."""
        needs = (
            {CREATE_USER} if pair is None else {need for change in self._compare(pair).changes for need in change.needs}
        )
        self._powers.demand({CREATE_USER, *needs})

    def make_equal(self, pair: Pair) -> AccountState:
        """Make the twin equal to the model, or a missing model to the twin; return the one that was the example.

        Twice, because some statements do more than they say, which shows afterwards: the administrator's restrictions
        go over to whom it grants, and a role that is revoked and granted again is no default role any more.
        """
        for _ in range(_PASSES):
            comparison = self._compare(pair)
            for change in comparison.changes:
                self._run(change.statement)
            if not comparison.changes:
                break
        return comparison.model

    def differences(self, pair: Pair) -> list[str]:
        """See DatabaseSession."""
        comparison = self._compare(pair)
        model, twin = comparison.model, comparison.twin
        if twin is None:
            return [comparison.changes[0].difference]
        found = [change.difference for change in comparison.changes]
        if model.plugin != twin.plugin:
            found.append(f"{twin.account} is authenticated by {twin.plugin} instead of {model.plugin}")
        return found

    def exists(self, username: str) -> bool:
        """See DatabaseSession."""
        return bool(self._catalogue.users(username))

    @cached_property
    def provisioning(self) -> AccountProvisioning:
        """What makes accounts and removes them."""
        own = self._acting[0].plugin
        plugin = own if own in self._dialect.plugins else next(iter(self._dialect.plugins))
        return AccountProvisioning(self._catalogue, self._dialect, self._powers, self._run, plugin=plugin)

    def _compare(self, pair: Pair) -> _Comparison:
        users = self._catalogue.users(pair.model, pair.twin)
        example, copy = _example_first(pair, users)
        account = only(example, users)
        wanted = Account(copy, account.host)
        present = next(iter(_at_most_one(wanted, users)), None)
        states = self._catalogue.read(account, *([present] if present else []))
        model, twin = states[account], states[present] if present else None
        check_plugin(model, self._dialect)
        first, as_named = self._first_change(model, twin, wanted)
        rest = changes(model, as_named, self._dialect.default_roles)
        return _Comparison(model, twin, [*first, *(change for change in rest if not self._is_void(change, model))])

    def _first_change(
        self, model: AccountState, twin: AccountState | None, wanted: Account
    ) -> tuple[list[Change], AccountState]:
        """Return what has to happen before accounts can be compared, and the twin as it is then."""
        needs = frozenset({CREATE_USER})
        if twin is None:
            statement = self._dialect.create(wanted, model.plugin, "ACCOUNT LOCK")
            return [Change(f"{wanted} does not exist", statement, needs)], AccountState(wanted)
        if twin.account == wanted:
            return [], twin
        rename = f"RENAME USER {twin.account} TO {wanted}"
        difference = f"{twin.account} logs in from other hosts than {model.account}"
        return [Change(difference, rename, needs)], replace(twin, account=wanted)

    def _is_void(self, change: Change, model: AccountState) -> bool:
        """Tell whether a change is about a table or routine that was dropped, whose grants the server keeps.

        Whoever may hand on a privilege on a thing sees it, if it exists.
        """
        return change.scope in model.absent and not self._powers.missing(change.needs)

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


class _Comparison(NamedTuple):
    """Two accounts, and what makes them equal; without a twin, that begins with making one."""

    model: AccountState
    twin: AccountState | None
    changes: list[Change]


def _example_first(pair: Pair, users: Collection[Account]) -> tuple[str, str]:
    """Return whom to copy and who is to be equal; a model that was dropped is made again from its twin."""
    there = {account.user for account in users}
    if pair.model not in there and pair.twin in there:
        return pair.twin, pair.model
    return pair.model, pair.twin


def _at_most_one(wanted: Account, users: Collection[Account]) -> list[Account]:
    accounts = [account for account in users if account.user == wanted.user]
    if len(accounts) > 1:
        raise RefusedError(
            f"The user {shown(wanted.user)} exists with several host parts ({', '.join(map(str, accounts))}), and the "
            f"second login of a pair is one account: drop all but {wanted}."
        )
    return accounts

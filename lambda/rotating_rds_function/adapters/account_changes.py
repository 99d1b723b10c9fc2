"""What makes one account able to do exactly what another one can: grants as well as revokes, nothing twice."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from rotating_rds_function.adapters.accounts import (
    EVERYWHERE,
    GRANT_OPTION,
    Account,
    AccountState,
    Privilege,
    Scope,
    Thing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    DefaultRoles = Callable[[Account, Collection[Account]], "Change"]

CREATE_USER: Final = Privilege(EVERYWHERE, "CREATE USER")

Need = Privilege | Thing
"""What the administrator must have: a privilege, or a thing with the right to hand it on."""


class Change(NamedTuple):
    """One statement on the way from the twin to the model.

    :param difference: what it ends, as a clause.
    :param statement: the SQL.
    :param needs: what the administrator needs for it.
    :param scope: on which the statement insists that it exists; everywhere for most.
    """

    difference: str
    statement: str
    needs: frozenset[Need]
    scope: Scope = EVERYWHERE


def changes(model: AccountState, twin: AccountState, default_roles: DefaultRoles) -> list[Change]:
    """Return the changes that make *twin* equal to *model*, in an order in which they can be made.

    Privileges on tables and routines that do not exist are left as they are: GRANT would not take them.

    :param default_roles: makes the change that gives an account its default roles; that is where the engines differ.
    """
    return [
        *_properties(model, twin),
        *_privileges(model, twin),
        *_things(model, twin),
        *_defaults(model, twin, default_roles),
    ]


def _properties(model: AccountState, twin: AccountState) -> Iterator[Change]:
    unequal = {about: clause for about, clause in model.properties.items() if twin.properties.get(about) != clause}
    if unequal:
        has = " ".join(twin.properties.get(about, "no") for about in unequal)
        clauses = " ".join(unequal.values())
        yield Change(
            f"{twin.account} has {has} instead of {clauses}",
            f"ALTER USER {twin.account} {clauses}",
            frozenset({CREATE_USER}),
        )


def _privileges(model: AccountState, twin: AccountState) -> Iterator[Change]:
    """Grant before anything is revoked: sessions of the twin miss nothing that it has before and after."""
    lacking, beyond = _by_scope(model.privileges - twin.privileges), _by_scope(twin.privileges - model.privileges)
    if EVERYWHERE in lacking:
        yield _grant(twin.account, EVERYWHERE, lacking.pop(EVERYWHERE))
    # A restriction narrows a global privilege, hence after those and before what is granted on the database itself.
    for privilege in sorted(model.restrictions - twin.restrictions):
        yield _revoke(model, twin, privilege.scope, [privilege])
    for privilege in sorted(twin.restrictions - model.restrictions):
        yield _grant(twin.account, privilege.scope, [privilege])
    for scope, missing in lacking.items():
        yield _grant(twin.account, scope, missing)
    for scope, excess in beyond.items():
        yield _revoke(model, twin, scope, excess)


def _by_scope(privileges: Iterable[Privilege]) -> dict[Scope, list[Privilege]]:
    return {scope: list(held) for scope, held in groupby(sorted(privileges), key=lambda privilege: privilege.scope)}


def _grant(account: Account, scope: Scope, privileges: list[Privilege]) -> Change:
    names = [privilege.wording for privilege in privileges if privilege.name != GRANT_OPTION]
    option = f" WITH {GRANT_OPTION}" if len(names) < len(privileges) else ""
    return Change(
        f"{account} lacks {_listed(privileges)} on {scope}",
        f"GRANT {', '.join(names) or 'USAGE'} ON {scope} TO {account}{option}",
        _needs(scope, privileges),
        scope,
    )


def _revoke(model: AccountState, twin: AccountState, scope: Scope, privileges: list[Privilege]) -> Change:
    return Change(
        f"{twin.account} has {_listed(privileges)} on {scope}, which {model.account} has not",
        f"REVOKE {_listed(privileges)} ON {scope} FROM {twin.account}",
        _needs(scope, privileges),
    )


def _needs(scope: Scope, privileges: Iterable[Privilege]) -> frozenset[Need]:
    return frozenset({*privileges, Privilege(scope, GRANT_OPTION)})


def _listed(privileges: Iterable[Privilege]) -> str:
    return ", ".join(privilege.wording for privilege in privileges)


def _things(model: AccountState, twin: AccountState) -> Iterator[Change]:
    for thing in _ordered({*model.things, *twin.things}):
        wanted, had = model.things.get(thing), twin.things.get(thing)
        if wanted == had:
            continue
        needs: frozenset[Need] = frozenset({thing})
        if had is not None and not wanted:  # also where only the option goes: not every engine can take it alone
            difference = f"{twin.account} has {thing}{_with(thing, option=had)}"
            instead = "has not" if wanted is None else f"has without {thing.option}"
            yield Change(f"{difference}, which {model.account} {instead}", f"REVOKE {thing} FROM {twin.account}", needs)
        if wanted is not None:
            yield Change(
                f"{twin.account} lacks {thing}{_with(thing, option=wanted)}",
                f"GRANT {thing} TO {twin.account}{_with(thing, option=wanted)}",
                needs,
            )


def _with(thing: Thing, *, option: bool) -> str:
    return f" WITH {thing.option}" if option else ""


def _ordered(things: Iterable[Thing]) -> list[Thing]:
    return sorted(things, key=lambda thing: (thing.kind.name, str(thing)))


def _defaults(model: AccountState, twin: AccountState, default_roles: DefaultRoles) -> Iterator[Change]:
    if model.default_roles != twin.default_roles:
        yield default_roles(twin.account, sorted(model.default_roles))

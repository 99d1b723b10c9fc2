"""Pairs of logins on PostgreSQL: equal by construction, because both act as one role and hold nothing themselves.

What could still differ is what hangs on a login itself: its attributes, memberships and settings, which are made equal
here, and privileges or objects of its own, which are named and refused: they belong to the access role.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rotating_rds_function.adapters import postgres_roles as roles
from rotating_rds_function.adapters.postgres_driver import identifier, literal
from rotating_rds_function.domain.errors import PrivilegeError, RefusedError, WrongStateError

if TYPE_CHECKING:
    from rotating_rds_function.adapters.postgres_roles import Role, Run
    from rotating_rds_function.domain.targets import Pair

_MOST_NAMED = 20

# Owned objects ("o"), privileges ("a") and row security policies ("r") of a login, in every database: pg_shdepend is
# one table for all of them. Temporary tables go with their session.
_OWN = f"""
SELECT login.rolname, dependency.deptype = 'o',
       CASE WHEN dependency.dbid IN (0, here.oid)
            THEN pg_catalog.pg_describe_object(dependency.classid, dependency.objid, dependency.objsubid)
            ELSE 'an object of database ' || place.datname END
FROM pg_catalog.pg_shdepend dependency
JOIN pg_catalog.pg_roles login
  ON dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND dependency.refobjid = login.oid
JOIN pg_catalog.pg_database here ON here.datname = pg_catalog.current_database()
LEFT JOIN pg_catalog.pg_database place ON place.oid = dependency.dbid
WHERE login.rolname IN (:model, :twin) AND dependency.deptype IN ('o', 'a', 'r')
  AND dependency.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_class temporary
    WHERE dependency.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND dependency.dbid = here.oid
      AND temporary.oid = dependency.objid AND temporary.relpersistence = 't')
ORDER BY 1, 2, 3 LIMIT {_MOST_NAMED}
"""  # noqa: S608 - a number of ours


def prepare_twin(run: Run, pair: Pair) -> bool:
    """Make the pair equal after the model's example; or after the twin's, where the model is the missing one.

    :returns: whether the twin has to be unlocked together with its password.
    :raises WrongStateError: if neither login exists, the access role is none, or the example is not its login.
    :raises RefusedError: if the other name is taken by a role that is not its login.
    :raises PrivilegeError: if a login holds privileges or objects of its own.
    """
    model, twin = (roles.read_role(run, name) for name in (pair.model, pair.twin))
    example = model or twin
    if example is None:
        raise WrongStateError(
            f"Neither {pair.model} nor {pair.twin} exists in the database: make the user there, then rotate again."
        )
    _check_access_role(run, pair, example)
    _refuse_stranger(pair, twin)
    refuse_own(run, pair)
    for name, role in ((pair.model, model), (pair.twin, twin)):
        _make_equal(run, example, role or _made_locked(run, name))
    return example.can_login


def differences(run: Run, pair: Pair) -> list[str]:
    """Return what the logins do not have in common, and what keeps them from being equal for ever."""
    model, twin = (roles.read_role(run, name) for name in (pair.model, pair.twin))
    if model is None or twin is None:
        return [f"{name} does not exist" for name, role in ((pair.model, model), (pair.twin, twin)) if role is None]
    return [
        *(clause for login in (model, twin) for clause in _outside(pair, login)),
        *roles.differences(model, twin),
        *own(run, pair),
    ]


def own(run: Run, pair: Pair) -> list[str]:
    """Return what the logins own and what they may do by themselves."""
    return [
        f"{login} owns {thing}" if owns else f"{login} holds a privilege of its own on {thing}"
        for login, owns, thing in run(_OWN, model=pair.model, twin=pair.twin)
    ]


def needed_roles(run: Run, pair: Pair) -> set[str]:
    """Return the roles whose memberships have to be changed to make the pair equal."""
    model, twin = (roles.read_role(run, name) for name in (pair.model, pair.twin))
    example = model or twin
    if example is None:
        return set()
    nothing = replace(example, memberships={})
    return roles.changed_memberships(model or nothing, twin or nothing)


def refuse_own(run: Run, pair: Pair) -> None:
    """Refuse to alternate between logins of which one can do what the other cannot, before anything is changed."""
    found = own(run, pair)
    if found:
        raise PrivilegeError(
            f"The logins of a pair act as {pair.access_role}, and must hold nothing themselves: {'; '.join(found)}. "
            f"Grant it to {pair.access_role} and revoke it from the login, or REASSIGN what it owns, then rotate again."
        )


def _check_access_role(run: Run, pair: Pair, example: Role) -> None:
    access = roles.read_role(run, pair.access_role)
    if access is None or access.can_login:
        raise WrongStateError(
            f"The access role {pair.access_role} {'can log in' if access else 'does not exist'}: provision the user, "
            "which makes an access role without login and its privileges, then rotate again."
        )
    outside = _outside(pair, example)
    if outside:
        raise WrongStateError(
            f"{'; '.join(outside)}: provision the user, which moves an existing login to its access role while its "
            "sessions go on, then rotate again."
        )


def _refuse_stranger(pair: Pair, twin: Role | None) -> None:
    if twin is not None and pair.access_role not in twin.memberships:
        raise RefusedError(
            f"{pair.twin} exists and is no login of {pair.access_role}: it is somebody else's user; deploy another "
            "name for the second login, or drop that user."
        )


def _outside(pair: Pair, login: Role) -> list[str]:
    """Return in which way a login stands outside of its access role."""
    if pair.access_role not in login.memberships:
        return [f"{login.name} is no member of {pair.access_role}"]
    if login.acts_as is None:
        return [f"{login.name} acts as itself, so that what it makes would be its own"]
    return []


def _made_locked(run: Run, name: str) -> Role:
    run(f"CREATE ROLE {identifier(name)} NOLOGIN")
    made = roles.read_role(run, name)
    assert made is not None, "it was made in this transaction"  # noqa: S101
    return made


def _make_equal(run: Run, example: Role, role: Role) -> None:
    for statement in roles.equalising(example, role):
        run(statement)


def alter_password(username: str, verifier: str, *, unlock: bool) -> str:
    """Return the statement that sets a password by its verifier."""
    return f"ALTER ROLE {identifier(username)} {'LOGIN ' if unlock else ''}PASSWORD {literal(verifier)}"

"""Users of a PostgreSQL database: the role that owns, the roles that hold privileges, the logins that act as them.

::

    owner         NOLOGIN, one per database: owns the schemas and, by whoever acts as it, what is made in them
    access role   NOLOGIN, one per user: holds exactly the user's privileges, or is a member of the owner (DDL)
    login         member of the access role; its sessions act as that role, or as the owner (DDL)

Two logins of one access role can therefore do the same, and what one makes the other can use. Everything happens in
one transaction, by an administrator who is no superuser, and may be repeated.

A login that has existed before, and owns what it made, is moved while its sessions go on: it becomes a member first,
and only then loses what it owned. All sessions see both at once, by the commit. A session that was open before goes on
acting as the login and inherits; the next one acts as the access role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pg8000.native import identifier

from rotating_rds_function.adapters import postgres_roles as roles
from rotating_rds_function.adapters.postgres_administration import check_administrator, refuse_protected
from rotating_rds_function.adapters.postgres_possessions import move_possessions
from rotating_rds_function.adapters.postgres_privileges import grant_levels, revoke_all
from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.errors import WrongStateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rotating_rds_function.adapters.postgres_roles import Run
    from rotating_rds_function.domain.access import UserAccess


def provision(run: Run, user: UserAccess) -> bool:
    """Make owner, access role and logins what the deployment declares, inside the caller's transaction.

    :returns: whether the first login was made, without a password and locked.
    :raises RefusedError: if a login is a superuser, a member of rds_superuser or the administrator itself.
    :raises PrivilegeError: if the administrator lacks a privilege, which is named.
    :raises NotReadyError: if sessions of a login that has to be moved keep its tables for themselves: repeat.
    :raises WrongStateError: if owner or access role exist and can log in.
    """
    _check(run, user)
    for name in (user.owner, user.access_role):
        _ensure_group(run, name)
    made = roles.read_role(run, user.logins[0]) is None
    if made:
        run(f"CREATE ROLE {identifier(user.logins[0])} NOLOGIN")
    logins = [login for login in user.logins if roles.read_role(run, login) is not None]
    with_power_of = [name for name in (user.owner, *logins) if _lend(run, name)]
    _ensure_schemas(run, user)
    for login in logins:
        _join(run, user, login)
    # Whoever has become a member does not miss what it held by itself.
    for login in logins:
        move_possessions(run, login, user.owner)
    _grant_exactly(run, user)
    for name in with_power_of:
        run(f"REVOKE {identifier(name)} FROM CURRENT_USER")
    return made


def remove(run: Run, user: UserAccess) -> None:
    """Drop logins and access role, inside the caller's transaction; the owner stays, and gets what they own.

    :raises RefusedError: as provision().
    :raises PrivilegeError: as provision().
    :raises NotReadyError: if sessions of a login keep its tables for themselves: repeat.
    :raises WrongStateError: if a role is needed by something in another database.
    """
    names = [name for name in (*user.logins, user.access_role) if roles.read_role(run, name) is not None]
    for name in names:
        refuse_protected(run, name)
        check_administrator(run, name, None)
    if roles.read_role(run, user.owner) is not None:
        with_power_of = [name for name in (user.owner, *names) if _lend(run, name)]
        for name in names:
            move_possessions(run, name, user.owner)
        for name in with_power_of:
            run(f"REVOKE {identifier(name)} FROM CURRENT_USER")
    revoke_all(run, user.access_role)
    for name in names:
        run(f"DROP ROLE {identifier(name)}")


def _check(run: Run, user: UserAccess) -> None:
    for login in user.logins:
        refuse_protected(run, login)
    for name in (user.owner, user.access_role, *user.logins):
        check_administrator(run, name, None)


def _ensure_group(run: Run, name: str) -> None:
    role = roles.read_role(run, name)
    if role is None:
        run(f"CREATE ROLE {identifier(name)} NOLOGIN")
    elif role.can_login:
        raise WrongStateError(
            f"The role {name} can log in, where one was expected that only owns or only holds privileges: "
            "deploy another name, or take LOGIN from it."
        )


def _lend(run: Run, name: str) -> bool:
    """Make the administrator a member of a role for this transaction, and tell whether it was none before.

    Who creates schemas for a role, sets its default privileges or reassigns what it owns must have its privileges.
    """
    [(has, options)] = run(
        "SELECT pg_catalog.pg_has_role(session_user, :name, 'USAGE'), "
        "pg_catalog.current_setting('server_version_num')::integer >= 160000",
        name=name,
    )
    if not has:
        run(f"GRANT {identifier(name)} TO CURRENT_USER" + (" WITH INHERIT TRUE, SET TRUE" if options else ""))
    return not has


def _ensure_schemas(run: Run, user: UserAccess) -> None:
    for schema in user.schemas:
        if not run("SELECT FROM pg_catalog.pg_namespace WHERE nspname = :name", name=schema):
            run(f"CREATE SCHEMA {identifier(schema)} AUTHORIZATION {identifier(user.owner)}")
        elif not run(
            "SELECT FROM pg_catalog.pg_namespace WHERE nspname = :name "
            "AND pg_catalog.has_schema_privilege(:owner, oid, 'CREATE') "
            "AND pg_catalog.has_schema_privilege(:owner, oid, 'USAGE')",
            name=schema,
            owner=user.owner,
        ):
            run(f"GRANT USAGE, CREATE ON SCHEMA {identifier(schema)} TO {identifier(user.owner)}")


def _join(run: Run, user: UserAccess, login: str) -> None:
    """Make a login a member of the access role, and its sessions act as the role that they should."""
    for statement in _joining(run, user, login):
        run(statement)


def _joining(run: Run, user: UserAccess, login: str) -> Iterator[str]:
    role = roles.read_role(run, login)
    assert role is not None, "only logins that exist join"  # noqa: S101
    if role.attributes["INHERIT"] != "INHERIT":
        # Sessions that were open before go on as the login, and have what it inherits.
        yield f"ALTER ROLE {identifier(login)} INHERIT"
    if user.access_role not in role.memberships:
        yield f"GRANT {identifier(user.access_role)} TO {identifier(login)}"
    if user.owner in role.memberships:
        yield from roles.revoke(user.owner, login, role.memberships[user.owner])
    if role.acts_as != user.acts_as:
        yield from roles.set_variable(login, None, "role", user.acts_as)


def _grant_exactly(run: Run, user: UserAccess) -> None:
    """Replace whatever the access role may do; other sessions see the old set or the new one, by the commit."""
    revoke_all(run, user.access_role)
    access = roles.read_role(run, user.access_role)
    assert access is not None, "it was made sure of"  # noqa: S101
    acts_as_owner = Level.DDL in user.schemas.values()
    if acts_as_owner and user.owner not in access.memberships:
        run(f"GRANT {identifier(user.owner)} TO {identifier(user.access_role)}")
    if not acts_as_owner and user.owner in access.memberships:
        for statement in roles.revoke(user.owner, user.access_role, access.memberships[user.owner]):
            run(statement)
    grant_levels(run, user)
    for statement in user.statements:
        run(statement.replace("{grantee}", identifier(user.access_role)))

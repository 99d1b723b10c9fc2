"""Users of a PostgreSQL database: the role that owns, the roles that hold privileges, the logins that act as them.

::

    owner         NOLOGIN, one per database: owns the schemas and, by whoever acts as it, what is made in them
    access role   NOLOGIN, one per user: holds exactly the user's privileges, or is a member of the owner (DDL)
    login         member of the access role; its sessions act as that role, or as the owner (DDL)

Two logins of one access role can therefore do the same, and what one makes the other can use. Everything happens in
one transaction, by an administrator who is no superuser, and may be repeated.

Exactly means: memberships, attributes and privileges that somebody gave by hand are taken back, as far as they let a
user do what was not declared. Limits and settings, such as a connection limit or a search path, are left alone.

A login that has existed before, and owns what it made, is moved while its sessions go on: it becomes a member first,
and only then loses what it owned. All sessions see both at once, by the commit. A session that was open before goes on
acting as the login and inherits; the next one acts as the access role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rotating_rds_function.adapters import postgres_roles as roles
from rotating_rds_function.adapters.declared_statements import run_statements
from rotating_rds_function.adapters.postgres_administration import check_administrator
from rotating_rds_function.adapters.postgres_driver import identifier
from rotating_rds_function.adapters.postgres_possessions import move_possessions
from rotating_rds_function.adapters.postgres_privileges import grant_levels, revoke_all
from rotating_rds_function.domain.access import Level
from rotating_rds_function.domain.errors import WrongStateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rotating_rds_function.adapters.postgres_roles import Role, Run
    from rotating_rds_function.domain.access import UserAccess


# What a role may do beside what it was granted.
_POWERS: Final = ("CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")

_OTHER_MEMBERS = """
SELECT DISTINCT other.rolname FROM pg_catalog.pg_auth_members entry
JOIN pg_catalog.pg_roles granted ON granted.oid = entry.roleid
JOIN pg_catalog.pg_roles other ON other.oid = entry.member
WHERE granted.rolname = :name AND other.rolname <> session_user AND other.rolname <> ALL(:logins)
ORDER BY 1
"""


def provision(run: Run, user: UserAccess) -> bool:
    """Make owner, access role and logins what the deployment declares, inside the caller's transaction.

    :returns: whether the first login was made, without a password and locked.
    :raises PrivilegeError: if the administrator lacks a privilege, which is named.
    :raises NotReadyError: if sessions of a login that has to be moved keep its tables for themselves: repeat.
    :raises WrongStateError: if owner or access role exist and can log in, or the first login exists and cannot.
    """
    for name in (user.owner, user.access_role, *user.logins):
        check_administrator(run, name, None)
    for name in (user.owner, user.access_role):
        _ensure_group(run, name)
    made = _ensure_login(run, user.logins[0])
    logins = [login for login in user.logins if roles.read_role(run, login) is not None]
    with_power_of = [name for name in (user.owner, *logins) if _lend(run, name)]
    _ensure_schemas(run, user)
    for login in logins:
        _run_all(run, _joining(user, _existing(run, login)))
    # Whoever has become a member does not miss what it held by itself.
    for login in logins:
        move_possessions(run, login, user.owner)
    _grant_exactly(run, user)
    _return(run, with_power_of)
    return made


def shut_out(run: Run, login: str) -> None:
    """Take LOGIN from a role; its twin's turn gives it back.

    :raises PrivilegeError: if the administrator may not.
    """
    check_administrator(run, login, None)
    run(f"ALTER ROLE {identifier(login)} NOLOGIN")


def remove(run: Run, user: UserAccess) -> None:
    """Drop logins and access role, inside the caller's transaction; the owner stays, and gets what they own.

    :raises PrivilegeError: if the administrator lacks a privilege, which is named.
    :raises NotReadyError: if sessions of a login keep its tables for themselves: repeat.
    :raises WrongStateError: if others act as the access role, or something in another database is a role's.
    """
    names = [name for name in (*user.logins, user.access_role) if name and roles.read_role(run, name) is not None]
    for name in names:
        check_administrator(run, name, None)
    _refuse_other_members(run, user)
    if names and roles.read_role(run, user.owner) is not None:
        with_power_of = [name for name in (user.owner, *names) if _lend(run, name)]
        for name in names:
            move_possessions(run, name, user.owner)
        _return(run, with_power_of)
    for name in names:
        run(f"DROP ROLE {identifier(name)}")


def _ensure_group(run: Run, name: str) -> None:
    role = roles.read_role(run, name)
    if role is None:
        run(f"CREATE ROLE {identifier(name)} NOLOGIN")
    elif role.can_login:
        raise WrongStateError(
            f"The role {name} can log in, where one was expected that only owns or only holds privileges: "
            "deploy another name, or take LOGIN from it."
        )


def _ensure_login(run: Run, name: str) -> bool:
    role = roles.read_role(run, name)
    if role is None:
        run(f"CREATE ROLE {identifier(name)} NOLOGIN")
    elif not role.can_login:
        raise WrongStateError(
            f"The role {name} exists and may not log in: if somebody locked the user, find out why, then give it LOGIN "
            "again and deploy; if it is no user, deploy another name."
        )
    return role is None


def _existing(run: Run, name: str) -> Role:
    role = roles.read_role(run, name)
    assert role is not None, "it was made sure of in this transaction"  # noqa: S101
    return role


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


def _return(run: Run, names: Collection[str]) -> None:
    for name in names:
        run(f"REVOKE {identifier(name)} FROM CURRENT_USER")


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


def _run_all(run: Run, statements: Iterator[str]) -> None:
    for statement in statements:
        run(statement)


def _joining(user: UserAccess, login: Role) -> Iterator[str]:
    """Make a login a member of the access role alone, and its sessions act as the role that they should."""
    if login.attributes["INHERIT"] != "INHERIT":
        # Sessions that were open before go on as the login, and have what it inherits.
        yield f"ALTER ROLE {identifier(login.name)} INHERIT"
    yield from _member_of(user.access_role, login)
    if login.acts_as != user.acts_as:
        yield from roles.set_variable(login.name, None, "role", user.acts_as)


def _member_of(group: str | None, role: Role) -> Iterator[str]:
    """Make a role a member of one role and of no other, without a right to hand that on, and without powers."""
    powers = [f"NO{power}" for power in _POWERS if role.attributes[power] == power]
    if powers:
        yield f"ALTER ROLE {identifier(role.name)} {' '.join(powers)}"
    is_member = False
    for name, held in sorted(role.memberships.items()):
        if name == group and not (held.admin or held.inherit is False or held.set is False):
            is_member = True
        else:
            yield from roles.revoke(name, role.name, held)
    if group is not None and not is_member:
        yield f"GRANT {identifier(group)} TO {identifier(role.name)}"


def _grant_exactly(run: Run, user: UserAccess) -> None:
    """Replace whatever the access role may do; other sessions see the old set or the new one, by the commit."""
    revoke_all(run, user.access_role)
    acts_as_owner = Level.DDL in user.schemas.values()
    _run_all(run, _member_of(user.owner if acts_as_owner else None, _existing(run, user.access_role)))
    grant_levels(run, user)
    transaction = _transaction(run)
    run_statements(run, user.statements, identifier(user.access_role))
    if _transaction(run) != transaction:
        raise WrongStateError(
            "A statement of the user's declaration ended the transaction in which the user is provisioned, so that "
            "what was done before it is not undone: leave out COMMIT, ROLLBACK and the like, then deploy again."
        )


def _transaction(run: Run) -> int:
    [(number,)] = run("SELECT pg_catalog.txid_current()")
    assert isinstance(number, int), "the server counts them"  # noqa: S101
    return number


def _refuse_other_members(run: Run, user: UserAccess) -> None:
    others = [name for (name,) in run(_OTHER_MEMBERS, name=user.access_role, logins=list(user.logins))]
    if others:
        raise WrongStateError(
            f"The access role {user.access_role} cannot be dropped while it gives privileges to {', '.join(others)}: "
            f"revoke it from them, or retain the user."
        )

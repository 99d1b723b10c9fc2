"""What an administrator may do to whom, on PostgreSQL. On RDS that is never a superuser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rotating_rds_function.adapters.postgres_pairs import needed_roles
from rotating_rds_function.domain.errors import PrivilegeError, RefusedError

if TYPE_CHECKING:
    from rotating_rds_function.adapters.postgres_roles import Run
    from rotating_rds_function.domain.targets import Pair

# Member of rds_superuser by any way; a server that is not RDS's has no such role.
_PROTECTED = """
SELECT target.rolsuper, target.rolname = session_user,
       EXISTS (SELECT FROM pg_catalog.pg_roles power WHERE power.rolname = 'rds_superuser'
               AND pg_catalog.pg_has_role(target.oid, power.oid, 'MEMBER'))
FROM pg_catalog.pg_roles target WHERE target.rolname = :name
"""

_REASONS = ("is a superuser", "is the administrator itself", "is a member of rds_superuser")

_MAY_CREATE_ROLES = "SELECT rolcreaterole OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user"

# From PostgreSQL 16 on CREATEROLE reaches only as far as ADMIN OPTION; see "Role Attributes" in its manual.
_WITHOUT_ADMIN_OPTION = """
SELECT target.rolname FROM pg_catalog.pg_roles target
WHERE target.rolname = ANY(:names) AND pg_catalog.current_setting('server_version_num')::integer >= 160000
  AND NOT pg_catalog.pg_has_role(session_user, target.oid, 'MEMBER WITH ADMIN OPTION')
ORDER BY 1
"""


def refuse_protected(run: Run, username: str) -> None:
    """Refuse superusers, members of rds_superuser and the administrator itself.

    :raises RefusedError: with the reason.
    """
    for row in run(_PROTECTED, name=username):
        reasons = [reason for reason, applies in zip(_REASONS, row, strict=True) if applies]
        if reasons:
            raise RefusedError(
                f"The user {username} {' and '.join(reasons)}, whose password an administrator must not change: "
                "rotate it with the strategy single_user."
            )


def check_administrator(run: Run, username: str, pair: Pair | None) -> None:
    """Name what the session's user lacks to change a password, and to make a pair equal before.

    :raises PrivilegeError: with every missing privilege.
    """
    names = {username} if pair is None else {username, *needed_roles(run, pair)}
    (may_create_roles,) = run(_MAY_CREATE_ROLES)[0]
    missing = [] if may_create_roles else ["CREATEROLE"]
    missing += [f"ADMIN OPTION on role {name}" for (name,) in run(_WITHOUT_ADMIN_OPTION, names=sorted(names))]
    if missing:
        raise PrivilegeError(
            f"The administrator lacks {', '.join(missing)}, without which nothing was changed: grant it to the user "
            "whom the administrator's secret names, then rotate again."
        )

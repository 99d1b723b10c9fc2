from __future__ import annotations

import contextlib
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pg8000.dbapi
import psutil
import pytest

from localcloud.databases import Authority, DatabaseServerError, PostgresServer
from localcloud.databases.shared_memory import remove_segment
from tests.support.postgres import MASTER_PASSWORD, connect
from tests.support.processes import alive, processes_of
from tests.support.starter import starter
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

STRANGE = ["O'Hara", 'quo"te', "back\\slash", "per%cent %s", "UPPER lower", "schlüssel ñ", "colon:name", "--; DROP"]


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[PostgresServer]:
    """Run a server that a test may stop, kill or destroy."""
    server = PostgresServer.create(
        tmp_path / "server",
        authority=authority,
        master_username="chief",
        master_password=MASTER_PASSWORD,
        parameters={"log_statement": "all"},
    )
    yield server
    server.destroy()


@pytest.fixture
def master(postgres: PostgresServer, authority: Authority) -> Iterator[pg8000.dbapi.Cursor]:
    """Return a cursor of the master user on its own database."""
    connection = connect(
        postgres, authority, user=postgres.master_username, password=MASTER_PASSWORD, database="orders"
    )
    connection.autocommit = True
    with contextlib.closing(connection):
        yield connection.cursor()


def _value(cursor: pg8000.dbapi.Cursor, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def _as_chief(server: PostgresServer, authority: Authority) -> contextlib.closing[pg8000.dbapi.Connection]:
    return contextlib.closing(connect(server, authority, user="chief", password=MASTER_PASSWORD))


def test_a_session_is_encrypted(master: pg8000.dbapi.Cursor) -> None:
    """A login by verified, strict TLS succeeds, and the server itself says that it is one."""
    assert _value(master, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "TLSv1.3"


def test_a_client_that_trusts_another_authority_refuses_the_server(postgres: PostgresServer, tmp_path: Path) -> None:
    """The server's certificate proves something: another authority's bundle does not accept it."""
    stranger = Authority.load_or_create(tmp_path / "another")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed certificate in|unable to get"):
        connect(postgres, stranger, user=postgres.master_username, password=MASTER_PASSWORD)


def test_plaintext_is_refused(postgres: PostgresServer) -> None:
    """As with rds.force_ssl=1, the right password does not help a session without TLS."""
    with pytest.raises(pg8000.dbapi.DatabaseError, match=r"no pg_hba.conf entry .* no encryption"):
        pg8000.dbapi.connect(
            user=postgres.master_username,
            password=MASTER_PASSWORD,
            host=postgres.host,
            port=postgres.port,
            database="orders",
            ssl_context=False,
        )


def test_a_wrong_password_is_refused(postgres: PostgresServer, authority: Authority) -> None:
    """No entry trusts anybody."""
    with pytest.raises(pg8000.dbapi.DatabaseError, match="28P01"):
        connect(postgres, authority, user=postgres.master_username, password="wrong")


def test_a_password_is_kept_as_a_scram_verifier(postgres: PostgresServer) -> None:
    """No role of the server has anything else to log in with."""
    with contextlib.closing(postgres.superuser_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT rolpassword FROM pg_authid WHERE rolcanlogin")
        stored = cursor.fetchall()
    assert len(stored) >= 2
    assert {verifier.split("$")[0] for (verifier,) in stored if verifier} == {"SCRAM-SHA-256"}


def test_the_server_listens_on_the_loopback_interface_only(server: PostgresServer) -> None:
    """Nobody on the network, and no socket file: one address, one port."""
    listening = [entry for entry in psutil.Process(server.pid).net_connections("all") if entry.status == "LISTEN"]
    assert [tuple(entry.laddr) for entry in listening] == [("127.0.0.1", server.port)]
    sockets = psutil.Process(server.pid).net_connections("unix")
    assert not [entry for entry in sockets if str(entry.laddr).startswith("/")]


def test_the_master_is_no_superuser_but_makes_roles_and_databases(master: pg8000.dbapi.Cursor) -> None:
    """It has the attributes which RDS gives a master user."""
    master.execute("SELECT rolsuper, rolcreaterole, rolcreatedb, rolinherit FROM pg_roles WHERE rolname = current_user")
    assert master.fetchone() == [False, True, True, True]


def test_the_master_is_a_member_of_rds_superuser_with_the_admin_option(master: pg8000.dbapi.Cursor) -> None:
    """It can hand rds_superuser on, as on RDS."""
    assert _value(master, "SELECT pg_has_role(current_user, 'rds_superuser', 'MEMBER WITH ADMIN OPTION')") is True


def test_the_master_owns_its_database(master: pg8000.dbapi.Cursor) -> None:
    """The database that was asked for exists and belongs to the master."""
    assert _value(master, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'orders'") == "orders_master"


def test_the_master_can_create_a_role(master: pg8000.dbapi.Cursor) -> None:
    """CREATEROLE is what administrator strategies live on."""
    master.execute("CREATE ROLE made_by_master LOGIN")
    master.execute("ALTER ROLE made_by_master CONNECTION LIMIT 3")
    master.execute("DROP ROLE made_by_master")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT rolpassword FROM pg_authid",
        "ALTER ROLE rdsadmin PASSWORD 'mine'",
        "ALTER ROLE orders_master SUPERUSER",
        "SET ROLE rdsadmin",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET log_statement = 'none'",
    ],
)
def test_the_master_cannot_do_what_rds_forbids(master: pg8000.dbapi.Cursor, statement: str) -> None:
    """What only a superuser can do fails for want of privilege."""
    with pytest.raises(pg8000.dbapi.DatabaseError, match="42501"):
        master.execute(statement)


def test_another_installation_runs_as_well(postgres_15: PostgresServer, authority: Authority) -> None:
    """The variable names programs of another version, whose master user has the same attributes."""
    connection = connect(postgres_15, authority, user=postgres_15.master_username, password=MASTER_PASSWORD)
    with contextlib.closing(connection):
        cursor = connection.cursor()
        assert _value(cursor, "SHOW server_version").startswith("15.")
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == [False, True]


@pytest.mark.parametrize("name", STRANGE)
def test_any_user_name_password_and_database_name_work(tmp_path: Path, authority: Authority, name: str) -> None:
    """What users choose is data, never a part of a statement or a file."""
    server = PostgresServer.create(
        tmp_path, authority=authority, master_username=name, master_password=name * 2, database=f"{name} db"
    )
    try:
        connection = connect(server, authority, user=name, password=name * 2, database=f"{name} db")
        with contextlib.closing(connection):
            assert _value(connection.cursor(), "SELECT current_user || current_database()") == f"{name}{name} db"
    finally:
        server.destroy()


def test_a_new_master_password_replaces_the_old_one(server: PostgresServer, authority: Authority) -> None:
    """ModifyDBInstance's password is the only one that logs in afterwards."""
    server.set_master_password("another's")
    connect(server, authority, user="chief", password="another's").close()
    with pytest.raises(pg8000.dbapi.DatabaseError, match="28P01"):
        connect(server, authority, user="chief", password=MASTER_PASSWORD)


def test_the_log_has_the_statements_of_users_and_no_password(server: PostgresServer, authority: Authority) -> None:
    """Every statement of users can be found in the log, but the server's own keeping does not fill it with secrets."""
    server.set_master_password("a secret to be found")
    with contextlib.closing(connect(server, authority, user="chief", password="a secret to be found")) as connection:
        connection.cursor().execute("SELECT 'a statement to be found'")
    log = server.log_file.read_text()
    assert "SELECT 'a statement to be found'" in log
    assert "a secret to be found" not in log
    assert MASTER_PASSWORD.replace("'", "''") not in log


def test_a_restart_keeps_port_and_data(server: PostgresServer, authority: Authority) -> None:
    """Clients find the same server again."""
    port, first = server.port, server.pid
    with _as_chief(server, authority) as connection:
        connection.cursor().execute("CREATE TABLE kept (id int)")
        connection.commit()
    server.stop()
    assert server.pid is None
    server.start()
    with _as_chief(server, authority) as connection:
        assert _value(connection.cursor(), "SELECT count(*) FROM kept") == 0
    assert server.port == port
    assert server.pid != first


def test_what_was_committed_survives_a_crash(server: PostgresServer, authority: Authority) -> None:
    """A commit that was acknowledged the moment before `kill -9` is there after the next start."""
    with _as_chief(server, authority) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE kept (id int)")
        connection.commit()
        cursor.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
        server.kill()
    assert server.pid is None
    server.start()
    with _as_chief(server, authority) as connection:
        assert _value(connection.cursor(), "SELECT count(*) FROM kept") == 1


def test_a_crash_in_the_middle_of_a_statement_does_not_stop_the_next_start(
    server: PostgresServer, authority: Authority
) -> None:
    """A session that is busy holds the dead server's shared memory until it looks up; the start waits for that."""

    def be_busy() -> None:
        with contextlib.suppress(pg8000.dbapi.Error), _as_chief(server, authority) as connection:
            connection.cursor().execute("SELECT count(*) FROM generate_series(1, 10000000)")

    session = threading.Thread(target=be_busy)
    with contextlib.closing(server.superuser_connection()) as watcher:
        watcher.autocommit = True  # within one transaction the view would not change
        session.start()
        busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'chief' AND state = 'active'"
        assert eventually(lambda: _value(watcher.cursor(), busy) == 1)
        server.kill()
    server.start()
    session.join()
    assert "pre-existing shared memory block" in server.log_file.read_text()
    connect(server, authority, user="chief", password=MASTER_PASSWORD).close()


def test_starting_a_running_server_changes_nothing(server: PostgresServer) -> None:
    """Start and stop can be repeated."""
    pid = server.pid
    server.start()
    assert server.pid == pid


def test_a_destroyed_server_leaves_neither_process_nor_file(server: PostgresServer, tmp_path: Path) -> None:
    """What was kept elsewhere because of permissions is gone as well."""
    kept = (tmp_path / "server" / "data").resolve()
    assert processes_of(tmp_path)
    server.destroy()
    assert not processes_of(tmp_path)
    assert not kept.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_server_that_is_destroyed_leaves_no_shared_memory(server: PostgresServer) -> None:
    """Neither files, in /dev/shm or elsewhere, nor its System V segment, of which a system has a limited number."""
    segment = _segment(server)
    mapped = [Path(entry.path) for entry in psutil.Process(server.pid).memory_maps()]
    files = [path for path in mapped if path.is_relative_to("/dev/shm") or "pg_dynshmem" in path.parts]  # noqa: S108
    assert segment in _segments()
    assert files
    server.kill()
    server.destroy()
    assert segment not in _segments()
    assert not [file for file in files if file.exists()]


def test_the_shared_memory_of_another_server_stays(postgres: PostgresServer, tmp_path: Path) -> None:
    """An id that was given away again since is not that of the key which was recorded beside it."""
    key, identifier = _segment(postgres)
    recorded = tmp_path / "postmaster.pid"
    recorded.write_text("\n".join([*"123456", f"{key + 1} {identifier}"]))
    remove_segment(recorded)
    assert (key, identifier) in _segments()


def _segment(server: PostgresServer) -> tuple[int, int]:
    """Return key and id of a server's System V segment."""
    mapped = [entry.path for entry in psutil.Process(server.pid).memory_maps()]
    (key,) = [int(path.removeprefix("/SYSV").split()[0], 16) for path in mapped if path.startswith("/SYSV")]
    return next(segment for segment in _segments() if segment[0] == key)


def _segments() -> list[tuple[int, int]]:
    _, *lines = Path("/proc/sysvipc/shm").read_text().splitlines()
    return [(int(key), int(identifier)) for key, identifier, *_ in map(str.split, lines)]


def test_a_server_that_cannot_start_says_what_it_logged_and_leaves_nothing(
    tmp_path: Path, authority: Authority
) -> None:
    """A parameter that PostgreSQL refuses is named by its own words."""
    with pytest.raises(DatabaseServerError, match='unrecognized configuration parameter "no_such_parameter"'):
        PostgresServer.create(
            tmp_path / "server",
            authority=authority,
            master_username="chief",
            master_password=MASTER_PASSWORD,
            parameters={"no_such_parameter": "1"},
        )
    assert not processes_of(tmp_path)
    assert not (tmp_path / "server").exists()


def test_a_parameter_is_set_whatever_its_value(tmp_path: Path, authority: Authority) -> None:
    """Quotes and backslashes in a parameter's value reach the server unchanged."""
    server = PostgresServer.create(
        tmp_path,
        authority=authority,
        master_username="chief",
        master_password=MASTER_PASSWORD,
        parameters={"log_line_prefix": "it's \\a 'prefix' "},
    )
    try:
        with _as_chief(server, authority) as connection:
            assert _value(connection.cursor(), "SHOW log_line_prefix") == "it's \\a 'prefix' "
    finally:
        server.destroy()


def test_a_taken_port_is_named(server: PostgresServer, tmp_path: Path, authority: Authority) -> None:
    """A second server on the same port is refused before PostgreSQL tries, and the first one runs on."""
    with pytest.raises(DatabaseServerError, match=f"Port {server.port} of PostgreSQL in .* is taken"):
        PostgresServer.create(
            tmp_path / "second",
            authority=authority,
            master_username="chief",
            master_password=MASTER_PASSWORD,
            port=server.port,
        )
    assert server.pid is not None


def test_the_directory_of_another_server_is_refused(
    server: PostgresServer, tmp_path: Path, authority: Authority
) -> None:
    """Two servers never share files, and the refusal leaves the first one's alone."""
    with pytest.raises(DatabaseServerError, match="has a database server's files already"):
        PostgresServer.create(
            tmp_path / "server", authority=authority, master_username="chief", master_password=MASTER_PASSWORD
        )
    connect(server, authority, user="chief", password=MASTER_PASSWORD).close()


def test_a_long_path_with_spaces_is_no_obstacle(tmp_path: Path, authority: Authority) -> None:
    """A socket's path ends at 107 characters; a directory's does not."""
    directory = tmp_path / ("a folder with a long name " * 6).strip() / "é" / "server"
    server = PostgresServer.create(
        directory, authority=authority, master_username="chief", master_password=MASTER_PASSWORD
    )
    try:
        connect(server, authority, user="chief", password=MASTER_PASSWORD).close()
    finally:
        server.destroy()


def test_the_certificate_key_is_closed_to_others(server: PostgresServer, tmp_path: Path) -> None:
    """Folder and key belong to the server's account alone."""
    assert server.pid is not None
    folder = (tmp_path / "server" / "data").resolve()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "cluster" / "server.key").stat().st_mode & 0o777 == 0o600


def test_a_server_ends_with_its_starter(tmp_path: Path) -> None:
    """After `kill -9` of the program that started it, neither server nor data is left."""
    program = """
        import sys
        from pathlib import Path
        from localcloud.databases import Authority, PostgresServer
        directory = Path(sys.argv[1])
        server = PostgresServer.create(
            directory / "server",
            authority=Authority.load_or_create(directory / "authority"),
            master_username="chief",
            master_password="secret",
        )
        say([server.pid, str((directory / "server" / "data").resolve())])
    """
    with starter(program, str(tmp_path)) as (process, (pid, folder)):
        assert alive(pid)
        process.kill()
        assert eventually(lambda: not alive(pid) and not processes_of(tmp_path))
        assert eventually(lambda: not (tmp_path / folder).exists())

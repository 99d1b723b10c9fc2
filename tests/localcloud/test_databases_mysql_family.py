"""What holds for MySQL and MariaDB servers alike."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pymysql
import pytest

from localcloud.databases import Authority, DatabaseServerError, MariaDbServer, MySqlServer
from tests.support.databases import running
from tests.support.mysql import connect
from tests.support.postgres import MASTER_PASSWORD
from tests.support.processes import alive, processes_of
from tests.support.starter import starter
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

Server = MySqlServer | MariaDbServer
Kind = type[MySqlServer] | type[MariaDbServer]

MASTER = "orders_master"
STRANGE = ["O'Hara", 'quo"te', "back\\slash", "per%cent %s", "UPPER lower", "schlüssel ñ", "at@sign`", "--; DROP"]
DATABASE = "o'hara's `tick` back\\slash %s"

both_kinds = pytest.mark.parametrize("kind", [MySqlServer, MariaDbServer], ids=lambda kind: kind.engine)


@pytest.fixture(scope="module", params=[MySqlServer, MariaDbServer], ids=lambda kind: kind.engine)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Server]:
    """Run a server of each kind, which tests may stop, kill and start again."""
    with running(request.param, tmp_path_factory.mktemp("family"), authority) as server:
        yield server


def _as_master(server: Server, authority: Authority, **options: Any) -> contextlib.closing[Connection[Cursor]]:
    return contextlib.closing(connect(server, authority, user=MASTER, password=MASTER_PASSWORD, **options))


def _value(connection: Connection[Cursor], statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    assert row is not None
    return row[0]


def test_a_session_is_encrypted(server: Server, authority: Authority) -> None:
    """A login by verified, strict TLS succeeds, and the server itself says that it is one."""
    with _as_master(server, authority) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        assert cursor.fetchone() == ("Ssl_version", "TLSv1.3")


def test_a_client_that_trusts_another_authority_refuses_the_server(server: Server, tmp_path: Path) -> None:
    """The server's certificate proves something: another authority's bundle does not accept it."""
    stranger = Authority.load_or_create(tmp_path / "another")
    with pytest.raises(pymysql.err.OperationalError) as refusal:
        connect(server, stranger, user=MASTER, password=MASTER_PASSWORD)
    assert isinstance(refusal.value.__cause__ or refusal.value.__context__, ssl.SSLCertVerificationError)


def test_plaintext_is_refused(server: Server) -> None:
    """As with require_secure_transport on RDS, the right password does not help a session without TLS."""
    # MySQL says so (3159), MariaDB denies access as if the password were wrong (1045).
    with pytest.raises(pymysql.err.OperationalError, match=r"3159|1045"):
        pymysql.connect(
            user=MASTER,
            password=MASTER_PASSWORD.encode(),
            host=server.host,
            port=server.port,
            ssl_disabled=True,
        )


def test_a_wrong_password_is_refused(server: Server, authority: Authority) -> None:
    """No account trusts anybody."""
    with pytest.raises(pymysql.err.OperationalError, match="1045"):
        connect(server, authority, user=MASTER, password="wrong")


def test_only_the_superuser_the_master_and_what_the_engine_brings_along_exist(server: Server) -> None:
    """Neither a `root` nor an account without a name is left from the initialisation."""
    with contextlib.closing(server.superuser_connection()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT user, host FROM mysql.user")
        accounts = {account for account in cursor.fetchall() if not str(account[0]).startswith(("mysql.", "mariadb."))}
    assert accounts - {("rds_superuser_role", "%")} == {("rdsadmin", "localhost"), (MASTER, "%")}


def test_the_server_listens_on_the_loopback_interface_only(server: Server) -> None:
    """Nobody on the network, and no socket file: one address, one port."""
    listening = [entry for entry in psutil.Process(server.pid).net_connections("all") if entry.status == "LISTEN"]
    assert [tuple(entry.laddr) for entry in listening] == [("127.0.0.1", server.port)]
    sockets = psutil.Process(server.pid).net_connections("unix")
    assert not [entry for entry in sockets if str(entry.laddr).startswith("/")]


def test_the_database_that_was_asked_for_exists(server: Server, authority: Authority) -> None:
    """The master can use it at once."""
    with _as_master(server, authority, database="orders") as connection:
        assert _value(connection, "SELECT DATABASE()") == "orders"


def test_the_master_hands_on_what_it_has(server: Server, authority: Authority) -> None:
    """CREATE USER and the grant option are what administrator strategies live on."""
    with _as_master(server, authority) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER made@'%' IDENTIFIED BY 'by the master'")
        cursor.execute("GRANT SELECT, INSERT, CREATE ROUTINE ON orders.* TO made@'%' WITH GRANT OPTION")
        cursor.execute("ALTER USER made@'%' IDENTIFIED BY 'another' WITH MAX_USER_CONNECTIONS 3")
        cursor.execute("CREATE ROLE made_too")
        cursor.execute("GRANT made_too TO made@'%'")
    connect(server, authority, user="made", password="another", database="orders").close()
    with _as_master(server, authority) as connection, connection.cursor() as cursor:
        cursor.execute("DROP USER made@'%'")
        cursor.execute("DROP ROLE made_too")


@pytest.mark.parametrize(
    "statement",
    [
        "SET GLOBAL general_log = OFF",
        "SET SESSION sql_log_off = ON",
        "SET GLOBAL max_connections = 7",
        "GRANT SUPER ON *.* TO CURRENT_USER",
        "GRANT FILE ON *.* TO CURRENT_USER",
        "SELECT 1 INTO OUTFILE '/tmp/written-by-a-test'",
        "SHUTDOWN",
    ],
)
def test_the_master_cannot_do_what_rds_forbids(server: Server, authority: Authority, statement: str) -> None:
    """What only a superuser can do fails for want of privilege."""
    with (
        _as_master(server, authority) as connection,
        connection.cursor() as cursor,
        pytest.raises(pymysql.err.OperationalError, match=r"1045|1227"),
    ):
        cursor.execute(statement)


def test_a_new_master_password_replaces_the_old_one(server: Server, authority: Authority) -> None:
    """ModifyDBInstance's password is the only one that logs in afterwards."""
    server.set_master_password("another's")
    try:
        connect(server, authority, user=MASTER, password="another's").close()
        with pytest.raises(pymysql.err.OperationalError, match="1045"):
            connect(server, authority, user=MASTER, password=MASTER_PASSWORD)
    finally:
        server.set_master_password(MASTER_PASSWORD)


def test_the_general_log_has_the_statements_of_users_and_no_password(server: Server, authority: Authority) -> None:
    """Every statement of users can be found in the log, but the server's own keeping does not fill it with secrets."""
    server.set_master_password("a secret to be found")
    try:
        with contextlib.closing(connect(server, authority, user=MASTER, password="a secret to be found")) as connection:
            assert _value(connection, "SELECT 'a statement to be found'") == "a statement to be found"
    finally:
        server.set_master_password(MASTER_PASSWORD)
    logged = server.general_log.read_text() + server.log_file.read_text()
    assert "SELECT 'a statement to be found'" in logged
    assert "a secret to be found" not in logged
    assert "a master's password" not in logged.replace("\\'", "'")


def test_a_restart_keeps_port_and_data(server: Server, authority: Authority) -> None:
    """Clients find the same server again."""
    port, first = server.port, server.pid
    with _as_master(server, authority, database="orders") as connection:
        assert _value(connection, "SELECT 1") == 1
        connection.cursor().execute("CREATE TABLE kept (id int)")
    server.stop()
    assert server.pid is None
    server.start()
    with _as_master(server, authority, database="orders") as connection:
        assert _value(connection, "SELECT count(*) FROM kept") == 0
        connection.cursor().execute("DROP TABLE kept")
    assert server.port == port
    assert server.pid != first


def test_what_was_committed_survives_a_crash_and_nothing_else(server: Server, authority: Authority) -> None:
    """A commit that was acknowledged the moment before `kill -9` is there after the next start; an open one is not."""
    with _as_master(server, authority, database="orders") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE crashed (id int) ENGINE = InnoDB")
        cursor.execute("INSERT INTO crashed VALUES (1)")
        connection.commit()
        cursor.execute("INSERT INTO crashed VALUES (2)")
        server.kill()
    assert server.pid is None
    server.start()
    with _as_master(server, authority, database="orders") as connection:
        assert _value(connection, "SELECT group_concat(id) FROM crashed") == "1"
        connection.cursor().execute("DROP TABLE crashed")


def test_a_password_that_was_set_survives_a_crash(server: Server, authority: Authority) -> None:
    """Accounts are as durable as rows: `kill -9` right after ALTER USER loses nothing."""
    server.set_master_password("set just now")
    server.kill()
    server.start()
    try:
        connect(server, authority, user=MASTER, password="set just now").close()
    finally:
        server.set_master_password(MASTER_PASSWORD)


def test_starting_a_running_server_changes_nothing(server: Server) -> None:
    """Start and stop can be repeated."""
    pid = server.pid
    server.start()
    assert server.pid == pid


def test_a_taken_port_is_named(server: Server, tmp_path: Path, authority: Authority) -> None:
    """A second server on the same port is refused before it is started, and the first one runs on."""
    with pytest.raises(DatabaseServerError, match=f"Port {server.port} of {server.product} in .* is taken"):
        type(server).create(
            tmp_path / "second", authority=authority, master_username="chief", master_password="x", port=server.port
        )
    assert server.pid is not None


@both_kinds
def test_any_name_password_parameter_and_folder_work(tmp_path: Path, authority: Authority, kind: Kind) -> None:
    """What users choose is data, never a part of a statement, an option or a file."""
    directory = tmp_path / ("a folder with a long name " * 6).strip() / "é" / "server"
    server = kind.create(
        directory,
        authority=authority,
        master_username=STRANGE[0],
        master_password=STRANGE[0] * 2,
        database=DATABASE,
        parameters={"init_connect": "SET @it = 'it''s \\\\a \"quoted\" %s'", "max_connections": "77"},
    )
    try:
        for name in STRANGE[1:]:
            _rename(server, server.master_username, name)
            server.master_username = name
            server.set_master_password(name * 2)
            options = {"user": name, "password": name * 2, "database": DATABASE}
            with contextlib.closing(connect(server, authority, **options)) as connection:
                assert _value(connection, "SELECT CURRENT_USER()") == f"{name}@%"
                assert _value(connection, "SELECT @it") == 'it\'s \\a "quoted" %s'
                assert _value(connection, "SELECT @@max_connections") == 77
    finally:
        server.destroy()


def _rename(server: Server, old: str, new: str) -> None:
    with contextlib.closing(server.superuser_connection()) as connection, connection.cursor() as cursor:
        cursor.execute("RENAME USER %s@'%%' TO %s@'%%'", (old, new))


def test_a_server_that_starts_leaves_the_temporary_tables_of_others_alone(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    """It deletes those that it finds in its folder, which hence nobody else uses."""
    with _as_master(server, authority, database="orders") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@tmpdir, @@datadir")
        temporary, data = map(Path, cursor.fetchone() or ())
        assert temporary == data.with_name("tmp")
        cursor.execute("CREATE TEMPORARY TABLE passing (number int) ENGINE=MyISAM")
        files = list(temporary.glob("#sql*"))
        with running(type(server), tmp_path / "another", authority):
            cursor.execute("FLUSH TABLES")
            cursor.execute("INSERT INTO passing VALUES (1)")
            assert [file for file in files if not file.exists()] == []


@both_kinds
def test_a_destroyed_server_leaves_neither_process_nor_file(tmp_path: Path, authority: Authority, kind: Kind) -> None:
    """What was kept elsewhere because of permissions is gone as well."""
    server = kind.create(tmp_path / "server", authority=authority, master_username="chief", master_password="x")
    kept = (tmp_path / "server" / "data").resolve()
    assert server.general_log.resolve().is_relative_to(kept)
    keepers = processes_of(tmp_path)
    assert keepers
    server.destroy()
    assert not processes_of(tmp_path)
    assert not processes_of(kept)
    assert not kept.exists()
    assert list(tmp_path.iterdir()) == []


@both_kinds
def test_a_server_that_cannot_start_says_what_it_logged_and_leaves_nothing(
    tmp_path: Path, authority: Authority, kind: Kind
) -> None:
    """A parameter that the server refuses is named by its own words."""
    with pytest.raises(DatabaseServerError, match="unknown variable 'no_such_parameter=1'"):
        kind.create(
            tmp_path / "server",
            authority=authority,
            master_username="chief",
            master_password="x",
            parameters={"no_such_parameter": "1"},
        )
    assert not processes_of(tmp_path)
    assert not (tmp_path / "server").exists()


@both_kinds
def test_files_are_closed_to_others(tmp_path: Path, authority: Authority, kind: Kind) -> None:
    """Folder, key and general log belong to the server's account alone, and no password lies about."""
    server = kind.create(tmp_path / "server", authority=authority, master_username="chief", master_password="x")
    try:
        folder = (tmp_path / "server" / "data").resolve()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "server.key").stat().st_mode & 0o777 == 0o600
        assert not [path for path in folder.glob("*") if path.suffix == ".sql"]
        assert server.pid is not None
        assert server._superuser_password not in " ".join(psutil.Process(server.pid).cmdline())
    finally:
        server.destroy()


@both_kinds
def test_a_server_ends_with_its_starter(tmp_path: Path, kind: Kind) -> None:
    """After `kill -9` of the program that started it, neither server nor data is left."""
    program = f"""
        import sys
        from pathlib import Path
        from localcloud.databases import Authority, {kind.__name__}
        directory = Path(sys.argv[1])
        server = {kind.__name__}.create(
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

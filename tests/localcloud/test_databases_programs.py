from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import ENGINES, Authority, DatabaseServerError, MariaDbServer, programs
from localcloud.databases.account import Account
from localcloud.databases.programs import ServerProgram, find_program

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class _Stranger(Account):
    """An account that this process may give files to, although it can enter no folder that is closed to others."""

    def own(self, *paths: Path) -> None:
        """Keep the files: only root could give them away."""


STRANGER = _Stranger("stranger", uid=os.getuid() + 4242, gid=os.getgid() + 4242)


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from a machine that has neither server."""
    monkeypatch.setattr(programs, "UNPACKED", tmp_path / "servers")
    monkeypatch.setattr(programs, "_SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    for kind in ENGINES.values():
        monkeypatch.delenv(kind.variable, raising=False)


def _executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def _unpacked(root: Path) -> Path:
    library = root / "usr" / "lib" / "x86_64-linux-gnu"
    loader = _executable(library / "ld-linux-x86-64.so.2")
    (root / "lib64").mkdir()
    (root / "lib64" / loader.name).symlink_to(f"/usr/lib/x86_64-linux-gnu/{loader.name}")
    return _executable(root / "usr" / "sbin" / "mysqld")


def _find() -> ServerProgram:
    return find_program("mysqld", product="MySQL", variable="LOCALCLOUD_MYSQLD")


def test_the_variable_wins_over_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a program gets that one."""
    _unpacked(tmp_path / "servers" / "mysql" / "root")
    _executable(tmp_path / "bin" / "mysqld")
    own = _executable(tmp_path / "own" / "mysqld-8.0")
    monkeypatch.setenv("LOCALCLOUD_MYSQLD", str(own))
    assert _find().command == [str(own)]


def test_an_unpacked_server_wins_over_an_installed_one(tmp_path: Path) -> None:
    """Everybody's tests run the recorded version, whatever else a machine has."""
    _executable(tmp_path / "bin" / "mysqld")
    root = tmp_path / "servers" / "mysql" / "root"
    unpacked = _unpacked(root)
    assert _find() == ServerProgram(unpacked, root)


def test_an_unpacked_server_runs_on_its_own_loader_and_libraries(tmp_path: Path) -> None:
    """The absolute link to the loader would lead to this machine's: the file in the folder is used."""
    root = tmp_path / "servers" / "mysql" / "root"
    program = _unpacked(root)
    library = root / "usr" / "lib" / "x86_64-linux-gnu"
    assert _find().command == [str(library / "ld-linux-x86-64.so.2"), "--library-path", str(library), str(program)]


def test_an_unpacked_server_without_loader_is_named_with_the_remedy(tmp_path: Path) -> None:
    """Half of an installation is no use, and the message says how to get the whole."""
    program = _executable(tmp_path / "root" / "usr" / "sbin" / "mysqld")
    with pytest.raises(DatabaseServerError, match=r"No loader \(ld-linux\) in .*root: remove .* `make servers`"):
        _ = ServerProgram(program, tmp_path / "root").command


def test_an_installed_server_is_the_last_resort(tmp_path: Path) -> None:
    """Where Debian's packages cannot be unpacked, any package manager's server will do."""
    program = _executable(tmp_path / "bin" / "mysqld")
    assert _find().command == [str(program)]


def test_mariadb_under_the_name_of_mysql_is_not_taken_for_it(tmp_path: Path) -> None:
    """MariaDB's packages link `mysqld` to their own server."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "mysqld").symlink_to(_executable(tmp_path / "bin" / "mariadbd"))
    with pytest.raises(DatabaseServerError, match="No MySQL here"):
        _find()


def test_a_server_that_cannot_be_had_is_named_with_every_remedy() -> None:
    """Set-up, an installation of one's own, or the variable."""
    with pytest.raises(DatabaseServerError, match=r"No MySQL here: .*make servers.*`mysqld`.*LOCALCLOUD_MYSQLD"):
        _find()


def test_a_variable_that_names_no_program_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong choice of the user's is no reason to take something else silently."""
    _executable(tmp_path / "bin" / "mysqld")
    monkeypatch.setenv("LOCALCLOUD_MYSQLD", str(tmp_path))
    with pytest.raises(DatabaseServerError, match=f"LOCALCLOUD_MYSQLD='{tmp_path}' is no program"):
        _find()


def test_a_program_that_the_account_reaches_is_used_where_it_is(tmp_path: Path) -> None:
    """This process's own user needs no copy, and a server installed on the machine is everybody's."""
    unpacked = ServerProgram(_unpacked(tmp_path / "root"), tmp_path / "root")
    assert unpacked.usable_by(None, copy_to=tmp_path / "copy") == unpacked
    installed = ServerProgram(_executable(tmp_path / "bin" / "mysqld"))
    assert installed.usable_by(STRANGER, copy_to=tmp_path / "copy") == installed
    assert not (tmp_path / "copy").exists()


def test_a_program_that_the_account_cannot_reach_is_copied_with_its_libraries(tmp_path: Path) -> None:
    """A clone below /root is of no use to the user whom the server runs as."""
    root = tmp_path / "closed" / "root"
    program = ServerProgram(_unpacked(root), root)
    root.parent.chmod(0o700)
    copied = program.usable_by(STRANGER, copy_to=tmp_path / "copy")
    assert all("closed" not in word for word in copied.command)
    assert os.access(copied.path, os.X_OK)
    assert os.access(copied.command[0], os.X_OK)


def test_a_server_runs_from_a_folder_that_is_closed_to_others(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scripts, messages and character sets are found in the copy too."""
    monkeypatch.undo()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(programs.UNPACKED / "mariadb", closed / "mariadb", symlinks=True)
    monkeypatch.setattr(programs, "UNPACKED", closed)
    server = MariaDbServer.create(
        tmp_path / "server", authority=authority, master_username="chief", master_password="x"
    )
    with contextlib.ExitStack() as stack:
        stack.callback(server.destroy)
        connection = stack.enter_context(contextlib.closing(server.superuser_connection()))
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONVERT('é' USING latin1)")
            assert cursor.fetchone() == ("é",)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("/opt/mysql-8.0.36/bin/mysqld  Ver 8.0.41 for Linux on x86_64 (Source distribution)", "8.0.41"),
        ("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "9.7.4"),
        ("mariadbd  Ver 11.4.5-MariaDB-log for osx10.19 on arm64 (Homebrew)", "11.4.5"),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
    ],
)
def test_the_installed_version_is_what_the_program_says(tmp_path: Path, said: str, version: str) -> None:
    """The figures of a path before it do not count."""
    program = _executable(tmp_path / "bin" / "mariadbd")
    program.write_text(f"#!/bin/sh\necho '{said}'\n")
    assert MariaDbServer.installed_version() == version


def test_a_program_of_another_system_is_named(tmp_path: Path) -> None:
    """What cannot be executed is an error of ours, not a stack trace of Python's."""
    _executable(tmp_path / "bin" / "mariadbd").write_bytes(b"\x7fELF for something else")
    with pytest.raises(DatabaseServerError, match=r"mariadbd cannot be run: Exec format error"):
        MariaDbServer.installed_version()


def test_a_program_that_does_not_tell_its_version_is_named(tmp_path: Path) -> None:
    """The message has the program's own words."""
    _executable(tmp_path / "bin" / "mariadbd").write_text("#!/bin/sh\necho 'wrong machine' >&2; exit 8\n")
    with pytest.raises(DatabaseServerError, match=r"MariaDB .*mariadbd.* does not tell its version: wrong machine"):
        MariaDbServer.installed_version()

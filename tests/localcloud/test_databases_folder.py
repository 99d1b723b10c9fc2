from __future__ import annotations

import errno
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcloud.databases import DatabaseServerError, data_folder
from localcloud.databases.account import Account

OPEN = Path("/tmp")  # noqa: S108  the directory that every account can enter, which is the point


@dataclass(frozen=True)
class _Stranger(Account):
    """An account that can enter only some folders, and to which this process may give files without being root."""

    enterable: tuple[Path, ...] = ()

    def can_enter(self, directory: Path) -> bool:
        """Whether the folder is one of those named."""
        return directory in self.enterable

    def own(self, *paths: Path) -> None:
        """Keep the files: only root could give them away."""


def _stranger(*enterable: Path) -> _Stranger:
    return _Stranger("stranger", os.getuid(), os.getgid(), enterable)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use a temporary directory that belongs to this test."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


def test_a_process_that_is_not_root_keeps_its_data_in_the_directory(tmp_path: Path) -> None:
    """No other account is involved."""
    folder = data_folder.create(tmp_path / "server", None)
    assert folder == tmp_path / "server" / "data"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_account_that_can_enter_the_directory_has_its_data_there(tmp_path: Path) -> None:
    """Elsewhere is for need only."""
    directory = tmp_path / "server"
    assert data_folder.create(directory, _stranger(directory)) == directory / "data"


def test_an_account_that_cannot_enter_has_its_data_in_the_temporary_directory(tmp_path: Path, temporary: Path) -> None:
    """A link in the directory says where."""
    folder = data_folder.create(tmp_path / "server", _stranger(temporary))
    assert folder.parent == temporary
    assert (tmp_path / "server" / "data").resolve() == folder
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_private_temporary_directory_is_passed_over(tmp_path: Path, temporary: Path) -> None:
    """TMPDIR may be closed to others: then one that is open to everybody serves."""
    folder = data_folder.create(tmp_path / "server", _stranger(OPEN))
    try:
        assert folder.parent == OPEN
        assert list(temporary.iterdir()) == []
    finally:
        data_folder.remove(tmp_path / "server")


def test_no_folder_that_the_account_can_enter_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    """The message says who cannot enter what."""
    with pytest.raises(DatabaseServerError, match=r"'stranger'.*can enter none of .*set TMPDIR"):
        data_folder.create(tmp_path / "server", _stranger())


def test_removal_takes_the_folder_elsewhere_along(tmp_path: Path, temporary: Path) -> None:
    """Removing any directory above finds the links."""
    folder = data_folder.create(tmp_path / "cloud" / "databases" / "orders", _stranger(temporary))
    (folder / "file").write_text("data")
    data_folder.remove(tmp_path / "cloud")
    assert not folder.exists()
    assert not (tmp_path / "cloud").exists()


def test_removal_follows_no_link_of_somebody_elses(tmp_path: Path) -> None:
    """A link named like ours to a folder that is not ours removes the link alone."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / "cloud").mkdir()
    (tmp_path / "cloud" / "data").symlink_to(precious)
    data_folder.remove(tmp_path / "cloud")
    assert precious.exists()
    assert not (tmp_path / "cloud").exists()


def test_removal_outlasts_a_server_that_still_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server which lost its starter may put a file into a folder while that is being removed."""
    directory = tmp_path / "server"
    directory.mkdir()
    remove_tree = shutil.rmtree
    attempts: list[Path] = []

    def disturbed(path: Path) -> None:
        attempts.append(path)
        if len(attempts) == 1:
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))
        remove_tree(path)

    monkeypatch.setattr(shutil, "rmtree", disturbed)
    data_folder.remove(directory)
    assert len(attempts) == 2
    assert not directory.exists()


@pytest.mark.parametrize(("mode", "enters"), [(0o700, False), (0o711, True), (0o755, True)])
def test_the_permissions_of_every_folder_above_count(mode: int, *, enters: bool) -> None:
    """One closed folder on the way is enough to keep others out."""
    gate = Path(tempfile.mkdtemp(dir=OPEN, prefix="rotating-rds-gate-"))
    try:
        (gate / "inside").mkdir(mode=0o755)
        gate.chmod(mode)
        assert Account("stranger", os.getuid() + 4242, os.getgid() + 4242).can_enter(gate / "inside") is enters
    finally:
        data_folder.remove(gate)

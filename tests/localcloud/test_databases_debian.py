from __future__ import annotations

import dataclasses
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from localcloud.databases import DatabaseServerError, MySqlServer, programs
from localcloud.databases.debian import apt
from localcloud.databases.debian.apt import Apt
from localcloud.databases.debian.lock import Lock
from localcloud.databases.debian.packages import Package, differences
from localcloud.databases.debian.provision import COMMITTED, Provision
from localcloud.databases.debian.wanted import WANTED, Wanted
from tests.support.debian_archive import DebianArchive

if TYPE_CHECKING:
    from pathlib import Path

MYSQL = Wanted(MySqlServer, "mysql-server-core", "unstable", ("perl",))
ARCHITECTURE = "amd64"

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="unpacks Debian's packages with Debian's tools")


@pytest.fixture
def archive(tmp_path: Path) -> DebianArchive:
    """Return an archive that offers MySQL 9.7.4 and the one library it needs."""
    (tmp_path / "archive").mkdir()
    archive = DebianArchive(tmp_path / "archive")
    archive.offer(archive.build_server("9.7.4-2", depends="perl:any, libicu78"), archive.build("libicu78", "78.3-2"))
    return archive


@pytest.fixture
def provision(tmp_path: Path, archive: DebianArchive, monkeypatch: pytest.MonkeyPatch) -> Provision:
    """Return the way of that MySQL into a folder of the test, with what it expects recorded; nothing else is here."""
    monkeypatch.delenv(MySqlServer.variable, raising=False)
    monkeypatch.setattr(programs, "UNPACKED", tmp_path / "nowhere")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    lock = Lock(tmp_path / "packages.json")
    provision = Provision(MYSQL, tmp_path / "servers", lock, lambda _: archive.source)
    provision.refresh()
    shutil.rmtree(tmp_path / "servers")
    return provision


def _program(provision: Provision) -> Path:
    return provision.servers / "mysql" / "root" / "usr" / "sbin" / "mysqld"


@needs_apt
def test_packages_are_unpacked_as_recorded(provision: Provision) -> None:
    """The program is there with its loader; what it does not need is not."""
    assert provision.ensure() == "MySQL: mysql-server-core 9.7.4-2 is unpacked, as recorded."
    root = provision.servers / "mysql" / "root"
    assert _program(provision).read_text() == "9.7.4-2"
    assert {path.name for path in (root / "usr").iterdir()} == {"sbin", "lib"}
    assert [path.name for path in provision.servers.iterdir()] == ["mysql"]


@needs_apt
def test_an_assumed_package_is_not_fetched(provision: Provision) -> None:
    """MySQL depends on perl, which the archive does not even have."""
    recorded = provision.lock.recorded("mysql", apt.architecture())
    assert [package.name for package in recorded] == ["libicu78", "mysql-server-core"]


@needs_apt
def test_what_is_unpacked_already_is_left_alone(provision: Provision, archive: DebianArchive) -> None:
    """A second time needs neither the network nor the archive."""
    provision.ensure()
    shutil.rmtree(archive.folder)
    assert provision.ensure() == "MySQL: mysql-server-core 9.7.4-2 is unpacked already."


@needs_apt
def test_a_newer_version_is_reported_with_the_remedy(provision: Provision, archive: DebianArchive) -> None:
    """A suite keeps only its newest version: it is unpacked, and nobody takes it for the recorded one."""
    archive.offer(archive.build_server("9.7.5-1", depends="libicu78"), archive.build("libicu78", "78.3-3"))
    said = provision.ensure()
    assert "9.7.5-1 is unpacked, but not as recorded, for Debian's unstable has moved on" in said
    assert "libicu78 78.3-3 instead of 78.3-2; mysql-server-core 9.7.5-1 instead of 9.7.4-2" in said
    assert "make lock-servers" in said
    assert _program(provision).read_text() == "9.7.5-1"


@needs_apt
def test_a_refresh_records_what_there_is(provision: Provision, archive: DebianArchive) -> None:
    """Afterwards the newer version is what is expected."""
    archive.offer(archive.build_server("9.7.5-1"))
    assert provision.refresh() == "MySQL: recorded 1 packages, with them mysql-server-core 9.7.5-1."
    assert provision.ensure() == "MySQL: mysql-server-core 9.7.5-1 is unpacked already."


@needs_apt
def test_the_same_version_with_another_content_is_refused(provision: Provision, archive: DebianArchive) -> None:
    """Debian never changes a package without a new version: such a mirror is not Debian's."""
    shutil.rmtree(archive.folder)
    archive.folder.mkdir()
    forged = archive.build("libicu78", "78.3-2", files={"usr/lib/forged": "!"})
    archive.offer(archive.build_server("9.7.4-2", depends="libicu78"), forged)
    with pytest.raises(DatabaseServerError, match=r"libicu78 78.3-2 is offered with the SHA-256 .* not Debian's"):
        provision.ensure()
    assert not _program(provision).exists()


@needs_apt
def test_a_download_that_differs_from_its_checksum_is_refused(tmp_path: Path, archive: DebianArchive) -> None:
    """The file itself is held against the checksum, whatever apt thinks of it."""
    (tmp_path / "apt").mkdir()
    source = Apt(tmp_path / "apt", source=archive.source, assumed=["perl"])
    expected = [dataclasses.replace(package, sha256="0" * 64) for package in source.resolve("mysql-server-core")]
    with pytest.raises(DatabaseServerError, match=r"libicu78_.* has the SHA-256 .* instead of 0000"):
        source.download(expected, tmp_path)


@needs_apt
def test_a_server_that_does_not_run_leaves_the_old_one(provision: Provision, archive: DebianArchive) -> None:
    """It is tried before it takes the place."""
    provision.ensure()
    archive.offer(archive.build_server("9.7.5-1", code=127))
    with pytest.raises(DatabaseServerError, match="MySQL cannot be unpacked: mysqld does not run here"):
        Provision(MYSQL, provision.servers, Lock(provision.lock.file.with_name("none")), provision.source).ensure()
    assert _program(provision).read_text() == "9.7.4-2"
    assert [path.name for path in provision.servers.iterdir()] == ["mysql"]


@needs_apt
def test_an_unrecorded_architecture_is_reported(provision: Provision) -> None:
    """Whoever is the first with such a machine gets a server, and is told that nobody tested it."""
    provision.lock.file.unlink()
    said = provision.ensure()
    assert f"for {apt.architecture()} was never recorded" in said
    assert "mysql-server-core 9.7.4-2 instead of none" in said


@needs_apt
def test_a_suite_without_the_package_is_named_with_every_remedy(provision: Provision, archive: DebianArchive) -> None:
    """The message has apt's reason, and the ways to have a server all the same."""
    archive.offer()
    with pytest.raises(DatabaseServerError, match=r"apt-get failed: .*(?s:.*)No MySQL here: .*LOCALCLOUD_MYSQLD"):
        provision.ensure()


@needs_apt
def test_a_machine_without_apt_is_named_with_every_remedy(
    provision: Provision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS the installed server or the variable is the way."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        DatabaseServerError, match=r"MySQL cannot be unpacked: There is no dpkg here.*LOCALCLOUD_MYSQLD"
    ):
        provision.ensure()


@needs_apt
def test_a_machine_without_apt_uses_its_own_server(
    provision: Provision, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report says which one, and why."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/opt/homebrew/bin/mysqld")
    assert provision.ensure().startswith("MySQL: /opt/homebrew/bin/mysqld, because it cannot be unpacked: ")


@needs_apt
def test_a_server_by_the_variable_is_all_it_takes(
    tmp_path: Path, provision: Provision, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is unpacked for somebody who has a server of the own choice."""
    own = tmp_path / "mysqld"
    own.touch(mode=0o755)
    monkeypatch.setenv(MySqlServer.variable, str(own))
    assert provision.ensure() == f"MySQL: {own}, as LOCALCLOUD_MYSQLD says."
    assert not provision.servers.exists()


@pytest.mark.parametrize(
    ("targets", "mirror"),
    [
        (["m:/security bookworm-security Debian-Security", "m:/debian bookworm Debian"], "m:/debian"),
        (["m:/other stable Other", "m:/debian trixie Debian"], "m:/debian"),
        (["m:/security bookworm-security $(LABEL)", "m:/debian bookworm $(LABEL)"], "m:/debian"),
    ],
    ids=["security", "another archive", "before the first update"],
)
def test_the_mirror_is_the_one_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, targets: list[str], mirror: str
) -> None:
    """None is written down here: whatever apt uses for Debian's main archive serves."""
    listed = "\n".join(target.replace(" ", "\t") for target in targets)
    monkeypatch.setattr(apt, "_run", lambda *_, **__: listed)
    line = apt.debian_source("unstable")
    assert line.startswith("deb ")
    assert line.endswith(f"{mirror} unstable main")


def test_a_machine_whose_apt_has_no_debian_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other distributions have other packages."""
    monkeypatch.setattr(apt, "_run", lambda *_, **__: "m:/ubuntu\tnoble\tUbuntu")
    with pytest.raises(DatabaseServerError, match="knows no mirror of Debian"):
        apt.debian_source("unstable")


def test_added_and_removed_packages_are_differences() -> None:
    """A server that needs another library is not the recorded one."""
    before, after = [Package("libold", "1", "a")], [Package("libnew", "2", "b")]
    assert differences(before, after) == ["libnew 2 instead of none", "libold none instead of 1"]


@pytest.mark.parametrize("wanted", WANTED, ids=lambda wanted: wanted.package)
def test_every_server_is_recorded_with_checksums(wanted: Wanted) -> None:
    """The committed file has the server and its libraries, each with a whole SHA-256, in the order of their names."""
    recorded = COMMITTED.recorded(wanted.server.product.lower(), ARCHITECTURE)
    names = [package.name for package in recorded]
    assert wanted.package in names
    assert {"libc6", "zlib1g"} < set(names)
    assert names == sorted(set(names))
    assert all(len(bytes.fromhex(package.sha256)) == 32 for package in recorded)


def test_the_recorded_file_names_no_mirror() -> None:
    """Where packages come from is each machine's own affair."""
    content = COMMITTED.file.read_text()
    assert "://" not in content
    entry = json.loads(content)["mysql"][ARCHITECTURE][0]
    assert entry.keys() == {"name", "version", "sha256"}

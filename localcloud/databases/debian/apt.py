"""Debian's archive, read by an apt that knows nothing of the packages and settings of this machine but the mirror."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.databases.debian.packages import Package
from localcloud.databases.errors import DatabaseServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TARGET = "$(REPO_URI)\t$(RELEASE)\t$(LABEL)"


class Apt:
    """The packages of one source.

    :param folder: an empty one, for indexes and settings.
    :param source: the line of a `sources.list` that says where the packages are.
    :param assumed: packages to be taken for installed.
    :raises DatabaseServerError: this machine has no apt, or the packages cannot be listed.
    """

    def __init__(self, folder: Path, *, source: str, assumed: Sequence[str]) -> None:
        self._folder = folder
        self.architecture = architecture()
        for name in ("lists/partial", "archives/partial", "parts"):
            (folder / name).mkdir(parents=True)
        (folder / "sources.list").write_text(source + "\n")
        (folder / "status").write_text("\n".join(self._installed(name) for name in assumed))
        self._apt_get("update")

    def resolve(self, package: str) -> list[Package]:
        """Return a package and all that it needs, in the versions which the archive has now.

        :raises DatabaseServerError: the suite has no such package, or it cannot be installed.
        """
        plan = self._apt_get("install", "--simulate", package)
        chosen = re.findall(r"^Inst (\S+) \((\S+)", plan, flags=re.MULTILINE)
        shown = self._apt("apt-cache", "show", *(f"{name}={version}" for name, version in chosen))
        return sorted(_package(paragraph) for paragraph in shown.strip().split("\n\n"))

    def download(self, packages: Sequence[Package], to: Path) -> list[Path]:
        """Download packages and return their files, each with the right checksum.

        :raises DatabaseServerError: a package cannot be had, or its file is another than it should be.
        """
        self._apt_get("download", *(f"{package.name}={package.version}" for package in packages), cwd=to)
        files = []
        for package in packages:
            (file,) = to.glob(f"{package.name}_*.deb")
            package.check(file)
            files.append(file)
        return files

    def _installed(self, name: str) -> str:
        return (
            f"Package: {name}\nStatus: install ok installed\nArchitecture: {self.architecture}\nMulti-Arch: allowed\n"
            "Version: 9999\nMaintainer: nobody\nDescription: taken for installed\n"
        )

    def _apt_get(self, *arguments: str, cwd: Path | None = None) -> str:
        return self._apt("apt-get", "--quiet", "--yes", "--no-install-recommends", *arguments, cwd=cwd)

    def _apt(self, program: str, *arguments: str, cwd: Path | None = None) -> str:
        options = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "APT::Sandbox::User": "",  # its user could not enter the folder
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Dir::Cache": str(self._folder),
            "Dir::Etc::preferences": str(self._folder / "none"),
            "Dir::Etc::preferencesparts": str(self._folder / "parts"),
            "Dir::Etc::sourcelist": str(self._folder / "sources.list"),
            "Dir::Etc::sourceparts": str(self._folder / "parts"),
            "Dir::State": str(self._folder),
            "Dir::State::status": str(self._folder / "status"),
        }
        given = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
        return _run([program, *given, *arguments], cwd=cwd)


def architecture() -> str:
    """Return Debian's name of this machine's kind of processor.

    :raises DatabaseServerError: this machine has no dpkg.
    """
    return _run(["dpkg", "--print-architecture"]).strip()


def debian_source(suite: str) -> str:
    """Return where this machine's own mirror of Debian has a suite; its signature is Debian's.

    :param suite: `unstable`, or the name of a release.
    :raises DatabaseServerError: this machine has no apt, or one without a mirror of Debian.
    """
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    return f"deb {signed}{_mirror()} {suite} main"


def _mirror() -> str:
    # The security archive has the same label but for a suffix. Before the first `apt-get update` there are no labels.
    targets = _run(["apt-get", "indextargets", "--format", _TARGET, "Created-By: Packages"]).splitlines()
    rows = [line.split("\t") for line in targets]
    for wanted in ("Debian", "$(LABEL)"):
        for uri, release, label in rows:
            if label == wanted and not release.endswith("-security"):
                return uri
    raise DatabaseServerError("apt of this machine knows no mirror of Debian.")


def _package(paragraph: str) -> Package:
    fields = dict(re.findall(r"^(Package|Version|SHA256): (.+)$", paragraph, flags=re.MULTILINE))
    return Package(fields["Package"], fields["Version"], fields["SHA256"])


def _run(command: Sequence[str], cwd: Path | None = None) -> str:
    try:
        outcome = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=cwd
        )
    except FileNotFoundError:
        raise DatabaseServerError(f"There is no {command[0]} here; only machines with Debian's apt have it.") from None
    if outcome.returncode != 0:
        said = "\n".join(outcome.stderr.strip().splitlines()[-3:])
        raise DatabaseServerError(f"{Path(command[0]).name} failed: {said}")
    return outcome.stdout

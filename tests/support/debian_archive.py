"""A Debian archive of a few kilobytes, on this machine."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = "#!/bin/sh\nexit {code}\n"


@dataclass(frozen=True)
class DebianArchive:
    """A folder with packages and their index.

    :param folder: an existing one.
    """

    folder: Path

    @property
    def source(self) -> str:
        """The line of a `sources.list` that leads here."""
        return f"deb [trusted=yes] file:{self.folder} ./"

    def offer(self, *packages: Path) -> None:
        """Have the index list these packages and no others."""
        (self.folder / "Packages").write_text("\n".join(self._entry(package) for package in packages))

    def build(self, name: str, version: str, *, depends: str = "", files: dict[str, str] | None = None) -> Path:
        """Build a package and return its file.

        :param files: by their paths in the package; all are executable.
        """
        content = self.folder / f"{name}-{version}"
        for path, text in (files or {f"usr/share/doc/{name}/about": version}).items():
            (content / path).parent.mkdir(parents=True, exist_ok=True)
            (content / path).write_text(text)
            (content / path).chmod(0o755)
        (content / "DEBIAN").mkdir()
        fields = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: us\nDescription: test\n"
        (content / "DEBIAN" / "control").write_text(fields + (f"Depends: {depends}\n" if depends else ""))
        file = self.folder / f"{name}_{version}_all.deb"
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", content, file], check=True, capture_output=True)
        return file

    def build_server(self, version: str, *, code: int = 0, depends: str = "") -> Path:
        """Build the package of a MySQL whose program ends at once.

        :param code: its exit code.
        """
        library = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
        files = {library: SCRIPT.format(code=code), "usr/sbin/mysqld": version, "usr/bin/perl-script": "unwanted"}
        return self.build("mysql-server-core", version, depends=depends, files=files)

    def _entry(self, package: Path) -> str:
        control = subprocess.run(["dpkg-deb", "--field", package], check=True, capture_output=True, text=True).stdout
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        return f"{control}Filename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\n"

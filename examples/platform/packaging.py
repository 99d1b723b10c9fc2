"""Code of an example as an asset: its own files, the client, and pure-Python packages of this environment.

Nothing is downloaded and no container runs, so that synthesis works offline and gives the same bytes everywhere.
"""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling

import rotating_rds_client

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What is about the deployment, and what differs between machines.
_NOT_SHIPPED = ("infrastructure.py", "Dockerfile", "README.md", "__pycache__", "*.pyc")
_INSTALLER_RECORDS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
_NATIVE_SUFFIXES = {".so", ".pyd", ".dylib"}


class PackagingError(Exception):
    """The code cannot be put together; the message says what was wrong and what to do."""


def python_asset(source: Path, *, into: str = ".", packages: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return the options with which an asset of *source* holds all that runs.

    :param source: the example's folder.
    :param into: the folder for its files in the asset; next to the packages by default.
    :param packages: distributions that are copied as they are installed here, which have to be pure Python. Their
        own dependencies are not followed: name them, unless the place where the code runs has them.
    """
    bundling = BundlingOptions(
        image=DockerImage.from_registry("none"),  # asked for, and never used
        local=_Copy(source, into, packages),
    )
    return {"bundling": bundling, "asset_hash_type": AssetHashType.OUTPUT}


@jsii.implements(ILocalBundling)
class _Copy:
    def __init__(self, source: Path, into: str, packages: Sequence[str]) -> None:
        self._source = source
        self._into = into
        self._packages = packages

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        """Put everything into a folder, and tell that this is all there is to do."""
        ignored = shutil.ignore_patterns(*_NOT_SHIPPED)
        target, client = Path(output_dir), Path(rotating_rds_client.__file__).parent
        shutil.copytree(self._source, target / self._into, ignore=ignored, dirs_exist_ok=True)
        shutil.copytree(client, target / client.name, ignore=ignored)
        for name in self._packages:
            _copy_package(name, target)
        return True


def _copy_package(name: str, target: Path) -> None:
    for file in metadata.files(name) or ():
        if file.parts[0] == ".." or "__pycache__" in file.parts or file.name in _INSTALLER_RECORDS:
            continue
        if file.suffix in _NATIVE_SUFFIXES:
            raise PackagingError(
                f"The distribution {name!r} holds native code ({file}), which is this machine's: take a pure-Python "
                "one, or have it installed where it runs."
            )
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(str(file.locate())), target / file)

"""Sees to it that the servers of MySQL and MariaDB are there: `python -m localcloud.databases.debian [--refresh]`."""

from __future__ import annotations

import argparse
import sys

from localcloud.databases.debian.provision import Provision
from localcloud.databases.debian.wanted import WANTED
from localcloud.databases.errors import DatabaseServerError


def main() -> int:
    """Provide every server, report each, and return 1 when one of them cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.databases.debian")
    parser.add_argument("--refresh", action="store_true", help="record what Debian has now as the expected versions")
    refresh: bool = parser.parse_args().refresh
    failures = 0
    for wanted in WANTED:
        provision = Provision(wanted)
        try:
            sys.stdout.write((provision.refresh() if refresh else provision.ensure()) + "\n")
        except DatabaseServerError as error:
            sys.stderr.write(f"{error}\n")
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

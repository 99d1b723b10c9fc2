"""MySQL and MariaDB unpacked from Debian's packages into this checkout: no root, no container, nothing installed.

`python -m localcloud.databases.debian` does it; `packages.json` beside this file records versions and checksums.
"""

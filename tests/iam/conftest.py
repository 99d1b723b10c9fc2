"""Every test of rights uses the project's own Node."""

from __future__ import annotations

from tests.support.toolchain import put_own_tools_first

put_own_tools_first()

"""`python -m localcloud.emulator`: the process which the local cloud starts."""

from __future__ import annotations

import os
import sys

from localcloud.emulator.settings import Settings, SettingsError


def main() -> int:
    """Run the emulator and return the process's exit code."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    settings.temporary.mkdir(parents=True, exist_ok=True)
    settings.configure_ministack(os.environ)
    # ministack reads its configuration when it is imported, which everything beyond this line does.
    from localcloud.emulator import patches  # noqa: PLC0415

    try:
        from localcloud.emulator import server  # noqa: PLC0415

        server.run(settings)
    except (OSError, patches.IncompatibleMinistackError) as error:
        sys.stderr.write(f"The emulator cannot run: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

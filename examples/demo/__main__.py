"""Run the demo: ``python -m examples.demo [--keep]``."""

from __future__ import annotations

import argparse
import signal
import sys

from examples.demo.life_cycle import LifeCycle
from examples.demo.narrator import Narrator

_INTERRUPTED = 130


def main() -> int:
    """Return 0 only if every check held."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo", description="The whole life cycle on the local cloud."
    )
    parser.add_argument("--keep", action="store_true", help="leave the local cloud running, as `make local-up` does")
    keep = parser.parse_args().keep
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, signal.default_int_handler)  # everything is stopped as after Ctrl-C
    narrator = Narrator()
    try:
        return 0 if LifeCycle(narrator, keep=keep).run() else 1
    except KeyboardInterrupt:
        narrator.console.print("Interrupted: the local cloud and everything in it are stopped.")
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())

"""An emulator that starts, says so, and never becomes ready."""

from __future__ import annotations

import os
import sys
import threading

if __name__ == "__main__":
    sys.stdout.write(f"mute on {os.environ['GATEWAY_PORT']}\n")
    sys.stdout.flush()
    threading.Event().wait()

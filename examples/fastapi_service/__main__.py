"""Run the service: ``python -m fastapi_service``; SIGTERM ends it after the requests that it has begun."""

from __future__ import annotations

import logging
import os
import sys

import uvicorn

from .application import create_application
from .settings import Settings

# A request that meets a rotation may wait for 15 s, which is the client's budget.
_SECONDS_TO_FINISH = 20


def main() -> int:
    """Serve until told to stop; 2 for wrong settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    uvicorn.run(
        create_application(settings),
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        log_config=None,  # ours, above
        access_log=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Make the tables: ``python -m fastapi_service.migrations``, as a user with ``Access.ddl()``, before the service.

A service with a history takes Alembic in this place, whose ``env.py`` can use the same engine.
"""

from __future__ import annotations

import asyncio
import os
import sys

from .database import Base, create_engine
from .settings import Settings


async def migrate(settings: Settings) -> None:
    """Make what is not there yet."""
    engine = create_engine(settings.secret_id)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


def main() -> int:
    """Migrate; 2 for wrong settings."""
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(migrate(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())

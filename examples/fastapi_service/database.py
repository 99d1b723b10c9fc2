"""The table of orders, and an engine whose pool outlasts rotations."""

import logging
from datetime import datetime
from typing import ClassVar

from sqlalchemy import DateTime, func
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rotating_rds_client import ConnectReport, SecretSource
from rotating_rds_client.sqlalchemy import follow_rotations

_logger = logging.getLogger(__name__)


class Base(DeclarativeBase):
    """What migrations make; moments are kept with their zone."""

    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True)}


class Order(Base):
    """One order; it waits to be shipped for as long as `shipped_at` is empty."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]
    quantity: Mapped[int]
    placed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    shipped_at: Mapped[datetime | None]


def create_engine(secret_id: str, *, pool_size: int = 5) -> AsyncEngine:
    """Make an engine for the database that a secret names: its URL has neither user nor host."""
    engine = create_async_engine("postgresql+asyncpg://", pool_size=pool_size, pool_pre_ping=True)
    follow_rotations(engine, SecretSource(secret_id), observer=_note)
    return engine


def _note(report: ConnectReport) -> None:
    if report.retries:
        _logger.info("%s after %d refused login(s), in %.1f s", report.outcome, report.retries, report.seconds)

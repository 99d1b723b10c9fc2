"""The service's endpoints and its life, from the pool's first connection to its last."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import asyncpg
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from rotating_rds_client import RotatingRdsClientError

from .database import Order, create_engine
from .settings import Settings

_logger = logging.getLogger(__name__)
_UNREACHABLE = (RotatingRdsClientError, PoolTimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
# Classes of PostgreSQL's error codes: connections, resources, an operator's intervention such as a fail-over.
_MAY_PASS = ("08", "53", "57P")
_RETRY_AFTER = "5"


class NewOrder(BaseModel):
    """What somebody orders."""

    item: str = Field(min_length=1, max_length=200)
    quantity: int = Field(default=1, ge=1, le=1000)


class PlacedOrder(BaseModel):
    """An order as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    item: str
    quantity: int
    placed_at: datetime
    shipped_at: datetime | None


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session)]
router = APIRouter()


@router.post("/orders", status_code=HTTPStatus.CREATED, response_model=PlacedOrder)
async def place(new: NewOrder, session: Session) -> Order:
    """Place an order."""
    order = Order(item=new.item, quantity=new.quantity)
    session.add(order)
    await session.commit()
    return order


@router.get("/orders", response_model=list[PlacedOrder])
async def newest(session: Session, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Sequence[Order]:
    """List the newest orders."""
    return (await session.scalars(select(Order).order_by(Order.id.desc()).limit(limit))).all()


@router.get("/health")
async def health() -> dict[str, str]:
    """Tell that the process serves; a database that is away is no reason to replace it."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(session: Session) -> dict[str, str]:
    """Tell whether the database serves as well."""
    await session.execute(text("SELECT 1"))
    return {"status": "ok"}


def create_application(settings: Settings) -> FastAPI:
    """Make the service; the pool is opened by its first request, and closed when the service stops."""

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        engine = create_engine(settings.secret_id, pool_size=settings.pool_size)
        application.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    application = FastAPI(title="Orders", lifespan=lifespan)
    application.include_router(router)
    application.add_exception_handler(DBAPIError, _unavailable_or_broken)
    for kind in _UNREACHABLE:
        application.add_exception_handler(kind, _unavailable)
    return application


async def _unavailable_or_broken(request: Request, error: Exception) -> JSONResponse:
    # asyncpg's errors come as SQLAlchemy's most general one, those of a wrong statement too.
    if isinstance(error, DBAPIError) and not error.connection_invalidated:
        code = getattr(error.orig, "sqlstate", None)
        if code is not None and not str(code).startswith(_MAY_PASS):
            raise error
    return await _unavailable(request, error)


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    # The reason is for the log: it may name hosts and secrets.
    _logger.error("The database cannot be reached: %s", error)
    answer = {"detail": "The database cannot be reached at the moment."}
    return JSONResponse(answer, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": _RETRY_AFTER})

"""What the application does with a connection."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rotating_rds_client import RotatingConnector

_CREATE = """
CREATE TABLE IF NOT EXISTS sample_orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    placed_at timestamptz NOT NULL DEFAULT now(),
    item text NOT NULL
)
"""
_PLACE = "INSERT INTO sample_orders (item) VALUES (%s) RETURNING id"


def prepare(connector: RotatingConnector[Any]) -> None:
    """Create the table unless it is there."""
    with closing(connector.connect()) as connection:
        connection.cursor().execute(_CREATE)
        connection.commit()


def place(connector: RotatingConnector[Any], item: str) -> int:
    """Write one order over a connection of its own, and return its number."""
    with closing(connector.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute(_PLACE, (item,))
        (number,) = cursor.fetchone()
        connection.commit()
    return int(number)

"""A server that offers no TLS, or somebody in between who says so, hears no password from any driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import mysql.connector
import pg8000.dbapi
import psycopg
import pymysql
import pytest

from rotating_rds_client import AsyncRotatingConnector, AsyncSecretSource, RotatingConnector, SecretSource
from tests.support.event_loop import run
from tests.support.secrets_manager import FakeSecretsManager
from tests.support.tcp_servers import MYSQL_WITHOUT_TLS, POSTGRES_WITHOUT_TLS, TLS_REQUEST, tcp_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


def attempt(connect: Callable[..., Any], port: int) -> None:
    """Connect as an application does, in whichever way the driver has."""
    manager = FakeSecretsManager()
    manager.put("v1", {"username": "orders", "password": "hunter2", "host": "127.0.0.1", "port": port})
    source = SecretSource("orders", client=manager)
    if connect is asyncpg.connect:
        run(AsyncRotatingConnector(AsyncSecretSource(source), connect).connect())
    else:
        RotatingConnector(source, connect).connect()


@pytest.mark.parametrize("connect", [pg8000.dbapi.connect, psycopg.connect, asyncpg.connect])
def test_a_server_of_postgresql_without_tls_gets_no_password(connect: Callable[..., Any]) -> None:
    """After its answer it hears nothing at all."""
    heard: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        heard.append(connection.recv(len(TLS_REQUEST)))
        connection.sendall(POSTGRES_WITHOUT_TLS)
        heard.append(connection.recv(1000))

    with tcp_server(refuse) as port, pytest.raises(Exception, match=r"(?i)ssl|tls"):
        attempt(connect, port)
    assert set(heard) == {TLS_REQUEST, b""}


@pytest.mark.parametrize("connect", [pymysql.connect, mysql.connector.connect])
def test_a_server_of_mysql_without_tls_gets_no_password(connect: Callable[..., Any]) -> None:
    """Its greeting is answered by nothing; PyMySQL before 1.2 would log in."""
    heard: list[bytes] = []

    def greet(connection: socket.socket) -> None:
        connection.sendall(MYSQL_WITHOUT_TLS)
        heard.append(connection.recv(1000))

    with tcp_server(greet) as port, pytest.raises(Exception, match="SSL is required but the server doesn't support it"):
        attempt(connect, port)
    assert heard == [b""]

"""From credentials to a database connection: how each driver wants to be called."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rotating_rds_client._drivers import arguments_of, complete, keywords_of, unwrapped
from rotating_rds_client.authentication import is_authentication_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from rotating_rds_client.credentials import Credentials

C = TypeVar("C")


class Adapter(ABC, Generic[C]):
    """Opens one connection with given credentials, and knows a refused login when it sees one.

    Derive from it for a driver that :class:`DriverAdapter` does not know.
    """

    @abstractmethod
    def connect(self, credentials: Credentials) -> C:
        """Log in once, without a retry of its own."""

    def is_authentication_error(self, error: Exception) -> bool:
        """Tell whether :meth:`connect` failed because user name or password were refused."""
        return is_authentication_error(error)


class DriverAdapter(Adapter[C]):
    """Calls a driver's ``connect`` with the keywords of that driver, by default over verified TLS.

    :param connect: ``pg8000.dbapi.connect``, ``psycopg.connect``, ``pymysql.connect``, ``mysql.connector.connect``,
        ``MySQLdb.connect``, or a ``functools.partial`` of one of them, whose keywords count as options.
    :param options: Further keywords for it. ``host``, ``port`` and the database name replace those of the secret.
        What says whom to trust (``sslrootcert``, ``ssl_ca``, ``ssl_context``, ``ssl``) or shows a client's certificate
        is heeded, and the server verified all the same, unless a keyword says that it is not to be (such as
        ``sslmode="require"``). ``None`` counts as not given.
    :raises TypeError: if the driver is unknown or asynchronous, if user name or password are among the options by any
        of their names, or one that has such inside, as psycopg's ``conninfo`` has.
    :raises UnusableTrustBundleError: if the environment names a file of authorities that cannot be used.
    """

    def __init__(self, connect: Callable[..., C], **options: Any) -> None:
        self._connect, preset = unwrapped(connect)
        self._keywords = keywords_of(self._connect)
        if inspect.iscoroutinefunction(self._connect):
            raise TypeError(
                f"{self._connect.__module__}.{self._connect.__name__} is a coroutine function: this connector is for "
                "synchronous drivers, AsyncRotatingConnector is for the others."
            )
        self._options = complete({**preset, **options}, self._keywords)

    def connect(self, credentials: Credentials) -> C:
        """Log in once.

        :raises ValueError: if neither the secret nor the options name a host.
        """
        return self._connect(**arguments_of(self._keywords, self._options, credentials))

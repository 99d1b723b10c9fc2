"""What the starter of a database server has to expect."""


class DatabaseServerError(Exception):
    """A database server cannot be had, started or reached; the message says why and what to do."""

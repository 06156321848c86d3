"""Databases of a running PostgreSQL server: made, copied, dropped.

Apart from ``tests.servers``, because processes that tests start come here too, and should start fast.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """A database of its own on a running PostgreSQL, dropped after."""
    made = sister_database(url, f"test_{time.monotonic_ns()}")
    make_database(made)
    try:
        yield made
    finally:
        _command(made, "drop database {} with (force)")


def sister_database(url: str, name: str) -> str:
    """The URL of another database on the same PostgreSQL; it need not be there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


def make_database(url: str) -> None:
    """Make an empty database."""
    _command(url, "create database {}")


def copy_database(original: str, url: str) -> None:
    """Put a copy of another database of the same server in the place of ``url``'s; nobody may use either."""
    _command(url, "drop database {} with (force)")
    _command(url, "create database {} template {}", original)


def _command(url: str, command: str, *others: str) -> None:
    """Have a command with the names of these databases carried out beside them."""
    import psycopg
    from psycopg import sql

    names = [sql.Identifier(urlsplit(one).path.removeprefix("/")) for one in (url, *others)]
    beside = sister_database(url, "postgres").replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(beside, autocommit=True) as connection:
        connection.execute(sql.SQL(command).format(*names))

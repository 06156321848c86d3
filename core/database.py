"""The database: one engine, two kinds of session, and column types that keep the project's promises.

``read()`` gives a session that can never write; ``write()`` is exactly one transaction. Work that
takes long (signing, storing, calling out) happens outside both.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Executable,
    MetaData,
    Table,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from core.errors import SettingUnusable

Json = JSON().with_variant(JSONB(), "postgresql")


BEFORE_COMMIT = "before_commit"
"""Key of ``Session.info``: callables that ``Database.write`` runs just before it commits."""


def insert_unless_there(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, passing over those whose key is taken. Returns how many were inserted."""
    if not rows:
        return 0
    session.flush()  # the rows may refer to what is still waiting in the session
    # PostgreSQL's driver tells the count of an insert only when it is asked to keep it.
    result = session.execute(
        _insert_statement(model, session.get_bind().dialect.name),
        list(rows),
        execution_options={"preserve_rowcount": True},
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def table_of(model: type[Base]) -> Table:
    """The table behind a model, for statements that go past the session."""
    return cast(Table, model.__table__)


@cache
def _insert_statement(model: type[Base], dialect: str) -> Executable:
    """Built once for a table: making and looking up such a statement costs more than running it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table_of(model)).on_conflict_do_nothing()


class Base(DeclarativeBase):
    """The base of all tables. Constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant; naive values are refused instead of guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount in yuan, stored exactly as integer fen."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        fen = value * 100
        if fen != fen.to_integral_value():
            raise ValueError(f"{value} has a fraction of a fen")
        return int(fen)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else (Decimal(value) / 100).quantize(Decimal("0.01"))


class ReadSession(Session):
    """A session that refuses to write."""

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        if self.new or self.dirty or self.deleted:
            raise RuntimeError("a reading session was asked to write")


class Database:
    """The engine behind a URL, with one writer at a time on SQLite.

    On SQLite, waiting in the process for the writer lock is much fairer than SQLite's own busy
    loop; other processes (the command line) still take turns through ``busy_timeout``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _engine(url)
        self._writer = threading.Lock() if self.is_sqlite else None
        self._writer_thread: int | None = None
        self._after_commit: list[Callable[[], None]] = []

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """A session for reading."""
        session = ReadSession(self.engine, expire_on_commit=False, autoflush=False)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def snapshot(self) -> Iterator[ReadSession]:
        """Like ``read``, and every query of the block sees one and the same instant."""
        with self.read() as session:
            if not self.is_sqlite:  # where a transaction is a snapshot anyway
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, undone when it raises."""
        with self._one_writer(), Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                session.connection(execution_options={"vermilion_write": True})
            yield session
            for hook in session.info.pop(BEFORE_COMMIT, ()):
                hook(session)
            session.commit()
            announce = bool(session.info.get("outbox"))
        if announce:
            for callback in self._after_commit:
                callback()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self._writer is None:
            yield
            return
        if self._writer_thread == threading.get_ident():
            raise RuntimeError("a transaction was opened inside a transaction")
        with self._writer:
            self._writer_thread = threading.get_ident()
            try:
                yield
            finally:
                self._writer_thread = None

    def on_outbox_commit(self, callback: Callable[[], None]) -> None:
        """Call back after each commit that wrote outbox rows (to wake the worker)."""
        self._after_commit.append(callback)

    def ping(self) -> None:
        """Raise SettingUnusable when the server does not answer."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("select 1"))
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise SettingUnusable(setting="VERMILION_DATABASE_URL", reason=reason) from error

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=16, max_overflow=16, pool_pre_ping=True)
    engine = create_engine(
        url, connect_args={"timeout": 30, "check_same_thread": False}, pool_size=32, max_overflow=32
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # The driver's own implicit BEGIN is switched off: ours decides between reading and writing.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
            "cache_size=-16000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writing = connection.get_execution_options().get("vermilion_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine

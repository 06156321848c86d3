"""The database as lines of JSON, the same from SQLite and PostgreSQL, and back without loss."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, Column, Date, LargeBinary, Table, Uuid, null, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.database import Base, Money, UtcDateTime

LEFT_OUT: Final = frozenset(
    {
        "sign_in",
        "throttle",
        "idempotency_key",
        "periodic_job",
        "passkey_challenge",
        "second_factor_grant",
        "search_export",
    }
)
"""Tables of passing state. A restored installation starts without sessions and blocked guesses."""
_BATCH: Final = 500


def tables() -> list[Table]:
    """The tables that a backup holds, those that others point at first."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


def revision(session: Session) -> str:
    """The version of the tables (Alembic), or ``models`` where tests made them without migrations."""
    try:
        with session.begin_nested():
            found = session.scalar(text("select version_num from alembic_version"))
    except SQLAlchemyError:
        return "models"
    return str(found)


def rows(session: Session, counts: dict[str, int]) -> Iterator[bytes]:
    """Every row of every table as one JSON line ``[table, {column: value}]``; fills ``counts``.

    A JSON value stands in a list of one, so that JSON's null is not mistaken for SQL's NULL.
    """
    for table in tables():
        counts[table.name] = 0
        boxed = [column for column in table.columns if isinstance(column.type, JSON)]
        is_null = [column.is_(null()).label(f"{column.name} is null") for column in boxed]
        query = select(table, *is_null).order_by(*table.primary_key.columns)
        for row in session.execute(query.execution_options(yield_per=_BATCH)).mappings():
            values = {column.name: _plain(row[column]) for column in table.columns}
            for column in boxed:
                values[column.name] = None if row[f"{column.name} is null"] else [row[column]]
            counts[table.name] += 1
            yield json.dumps([table.name, values], ensure_ascii=False).encode() + b"\n"


def referenced_object(table: str, values: dict[str, Any]) -> list[str]:
    """The digest whose bytes a row of a dump needs, if it needs any."""
    return [values["digest"]] if table == "stored_object" and values["references"] > 0 else []


def load(session: Session, lines: Iterable[bytes]) -> dict[str, int]:
    """Insert the rows of a dump. Columns that point back (a department's head) are set at the end.

    Leased jobs become waiting ones: whoever held them is gone. Jobs that make backups are left out, and
    the ids of the versions that an object had in the old store.
    """
    known = {table.name: table for table in tables()}
    counts: dict[str, int] = {}
    later: list[tuple[Table, dict[str, Any], dict[str, Any]]] = []
    waiting: list[dict[str, Any]] = []
    current: Table | None = None
    for line in lines:
        name, plain = json.loads(line)
        table = known[name]
        if current is not None and waiting and (table is not current or len(waiting) >= _BATCH):
            session.execute(current.insert(), waiting)
            waiting = []
        current = table
        values = {column.name: _typed(column, plain[column.name]) for column in table.columns}
        counts[name] = counts.get(name, 0) + 1
        if name == "outbox_job":
            if values["task"].startswith("retention.backup"):
                continue
            values |= {"owner": None, "lease_until": None}
        elif name == "stored_object":
            values |= {"version_id": None, "collecting": False}
        postponed = {key: values[key] for key in _pointing_back(table) if values[key] is not None}
        if postponed:
            keys = {column.name: values[column.name] for column in table.primary_key.columns}
            later.append((table, keys, postponed))
            values |= dict.fromkeys(postponed)
        waiting.append(values)
    if current is not None and waiting:
        session.execute(current.insert(), waiting)
    for table, keys, values in later:
        condition = [table.columns[key] == value for key, value in keys.items()]
        session.execute(update(table).where(*condition).values(**values))
    return counts


def _pointing_back(table: Table) -> list[str]:
    """Columns whose row may come later: keys into the same table, and those of a cycle."""
    return [
        key.parent.name
        for key in table.foreign_keys
        if key.column.table is table or (key.constraint is not None and key.constraint.use_alter)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _typed(column: Column[Any], value: Any) -> Any:
    kind = column.type
    if isinstance(kind, JSON):
        return null() if value is None else value[0]
    if value is None:
        return None
    if isinstance(kind, Uuid):
        return UUID(value)
    if isinstance(kind, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, Money):
        return Decimal(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    return value

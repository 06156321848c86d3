"""Alembic's environment: every room's tables, on the engine that the caller passes in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from core import database
from vermilion.models import METADATA


def render_item(kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """Write our own column types into migrations by their names."""
    if kind != "type":
        return False
    if item is database.Json:
        return "database.Json"
    if isinstance(item, database.UtcDateTime | database.Money):
        return f"database.{type(item).__name__}()"
    return False


engine = context.config.attributes["engine"]
with engine.connect() as connection:
    driver = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # SQLite changes a table by making it anew; the old one, which others refer to, is dropped. The
        # switch works outside of a transaction only, hence not through ``connection``.
        # Source: sqlite.org/lang_altertable.html, section 7.
        driver.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            render_as_batch=is_sqlite,
            transaction_per_migration=False,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()
            if is_sqlite and (lost := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                raise RuntimeError(f"a row of table {lost[0]} refers to one of {lost[2]} that is not there")
        connection.commit()
    finally:
        if is_sqlite:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")

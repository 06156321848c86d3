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
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()

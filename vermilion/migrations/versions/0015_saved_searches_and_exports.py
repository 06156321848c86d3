"""Searches that people keep, and files of everything that was found.

Revision ID: 0015
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0015"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", database.Json, nullable=False),
        sa.Column("is_notified", sa.Boolean(), nullable=False),
        sa.Column("known", sa.LargeBinary(), nullable=True),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.Column("created_at", database.UtcDateTime(), nullable=False),
        sa.Column("looked_at", database.UtcDateTime(), nullable=False),
        sa.Column("checked_at", database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_saved_search_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_search")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_search_person_id_name")),
    )
    op.create_index(op.f("ix_saved_search_is_notified"), "saved_search", ["is_notified"])
    op.create_table(
        "search_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("query", database.Json, nullable=False),
        sa.Column("format", sa.String(4), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("keys_digest", sa.String(64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(60), nullable=True),
        sa.Column("created_at", database.UtcDateTime(), nullable=False),
        sa.Column("expires_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_search_export_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_export")),
    )
    op.create_index(op.f("ix_search_export_person_id"), "search_export", ["person_id"])
    op.create_index(op.f("ix_search_export_expires_at"), "search_export", ["expires_at"])


def downgrade() -> None:
    op.drop_table("search_export")
    op.drop_table("saved_search")

"""Seals of other shapes and from scans, who uses and who audits them, and the steps of their life.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("seal") as seal:
        seal.add_column(sa.Column("height_mm", sa.Float(), nullable=True))
        seal.add_column(sa.Column("inscription", sa.String(60), nullable=True))
        seal.add_column(sa.Column("picture_digest", sa.String(64), nullable=True))
        seal.add_column(sa.Column("auditor_id", sa.Uuid(), nullable=True))
        seal.add_column(sa.Column("user_ids", database.Json, nullable=False, server_default="[]"))
        seal.create_foreign_key(op.f("fk_seal_auditor_id_person"), "person", ["auditor_id"], ["id"])
    with op.batch_alter_table("seal") as seal:
        seal.alter_column("user_ids", server_default=None)
    op.create_table(
        "seal_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=True),
        sa.Column("open_for", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("detail", database.Json, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", database.UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", database.UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.String(10), nullable=True),
        sa.ForeignKeyConstraint(["seal_id"], ["seal.id"], name=op.f("fk_seal_change_seal_id_seal")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_seal_change_asked_by_person")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_seal_change_decided_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_change")),
        sa.UniqueConstraint("open_for", name=op.f("uq_seal_change_open_for")),
    )
    op.create_index(op.f("ix_seal_change_seal_id"), "seal_change", ["seal_id"])
    op.create_index(op.f("ix_seal_change_decided_at"), "seal_change", ["decided_at"])


def downgrade() -> None:
    op.drop_table("seal_change")
    with op.batch_alter_table("seal") as seal:
        seal.drop_constraint(op.f("fk_seal_auditor_id_person"), type_="foreignkey")
        for name in ("user_ids", "auditor_id", "picture_digest", "inscription", "height_mm"):
            seal.drop_column(name)

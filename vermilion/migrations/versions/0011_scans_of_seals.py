"""Prints of seals from scans; keys in slots that go with their seals.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("key_location") as place:
        place.add_column(sa.Column("destroy_since", database.UtcDateTime(), nullable=True))
        place.add_column(sa.Column("destroyed_at", database.UtcDateTime(), nullable=True))
    op.create_table(
        "seal_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("original_digest", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", database.UtcDateTime(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_seal_scan_made_by_person")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["seal_change.id"], name=op.f("fk_seal_scan_change_id_seal_change")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_scan")),
    )
    op.create_index(op.f("ix_seal_scan_digest"), "seal_scan", ["digest"])


def downgrade() -> None:
    op.drop_table("seal_scan")
    with op.batch_alter_table("key_location") as place:
        place.drop_column("destroyed_at")
        place.drop_column("destroy_since")

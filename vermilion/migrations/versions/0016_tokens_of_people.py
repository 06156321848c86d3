"""PKCS#11 tokens that people sign with.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "person_token",
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_by", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_token_person_id")),
        sa.ForeignKeyConstraint(["assigned_by"], ["person.id"], name=op.f("fk_person_token_assigned_by")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_person_token")),
    )
    op.create_index(op.f("ix_person_token_person_id"), "person_token", ["person_id"])


def downgrade() -> None:
    op.drop_table("person_token")

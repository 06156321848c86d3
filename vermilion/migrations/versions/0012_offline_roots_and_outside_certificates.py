"""Requests to an offline root for a list alone, keys brought for seals, lists of outside authorities.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("certificate_request") as request:
        request.alter_column("der", existing_type=sa.LargeBinary(), nullable=True)
    op.create_table(
        "outside_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("issuer_digest", sa.String(64), nullable=False),
        sa.Column("issuer_der", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("this_update", database.UtcDateTime(), nullable=False),
        sa.Column("next_update", database.UtcDateTime(), nullable=False),
        sa.Column("source", sa.String(500), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("added_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_outside_list_added_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_list")),
        sa.UniqueConstraint("issuer_digest", "scope", name=op.f("uq_outside_list_issuer_digest_scope")),
    )
    op.create_table(
        "seal_key_offer",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("chain", database.Json, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("place", database.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["change_id"], ["seal_change.id"], name=op.f("fk_seal_key_offer_change_id_seal_change")
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_seal_key_offer")),
    )


def downgrade() -> None:
    op.drop_table("seal_key_offer")
    op.drop_table("outside_list")
    op.execute("delete from certificate_request where der is null")
    with op.batch_alter_table("certificate_request") as request:
        request.alter_column("der", existing_type=sa.LargeBinary(), nullable=False)

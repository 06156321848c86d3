"""lasting papers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lasting_paper",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("stamped_at", database.UtcDateTime(), nullable=False),
        sa.Column("holds_until", database.UtcDateTime(), nullable=False),
        sa.Column("problem", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_lasting_paper_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_lasting_paper")),
    )
    with op.batch_alter_table("lasting_paper", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lasting_paper_holds_until"), ["holds_until"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("lasting_paper", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lasting_paper_holds_until"))

    op.drop_table("lasting_paper")

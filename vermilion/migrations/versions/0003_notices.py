"""notices, and requests for an exception"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("context", database.Json, nullable=False),
        sa.Column("resource_type", sa.String(length=20), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.Column("seen_at", database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_notice_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_at"), ["at"], unique=False)
        batch_op.create_index("ix_notice_person", ["person_id", "seen_at"], unique=False)
        batch_op.create_index("ix_notice_resource", ["resource_type", "resource_id"], unique=False)

    op.create_table(
        "invoice_override_request",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["invoice.document_id"], name=op.f("fk_invoice_override_request_document_id")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_invoice_override_request")),
    )


def downgrade() -> None:
    op.drop_table("invoice_override_request")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_resource")
        batch_op.drop_index("ix_notice_person")
        batch_op.drop_index(batch_op.f("ix_notice_at"))

    op.drop_table("notice")

"""invoices renditions and claims"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.String(length=60), nullable=True),
        sa.Column("type", sa.String(length=100), nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("issue_date", sa.Date(), nullable=True),
        sa.Column("check_code", sa.String(length=40), nullable=True),
        sa.Column("seller_name", sa.String(length=200), nullable=True),
        sa.Column("seller_tax_id", sa.String(length=30), nullable=True),
        sa.Column("buyer_name", sa.String(length=200), nullable=True),
        sa.Column("buyer_tax_id", sa.String(length=30), nullable=True),
        sa.Column("net", database.Money(), nullable=True),
        sa.Column("tax", database.Money(), nullable=True),
        sa.Column("total", database.Money(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_red", sa.Boolean(), nullable=False),
        sa.Column("is_fixed", sa.Boolean(), nullable=False),
        sa.Column("facts", database.Json, nullable=False),
        sa.Column("warnings", database.Json, nullable=False),
        sa.Column("created_at", database.UtcDateTime(), nullable=False),
        sa.Column("updated_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_invoice_document_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_invoice")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_identity"), ["identity"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_number"), ["number"], unique=False)

    op.create_table(
        "claim_release",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.String(length=80), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_claim_release_case_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_claim_release_document_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_claim_release_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_release")),
    )
    with op.batch_alter_table("claim_release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_release_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_release_identity"), ["identity"], unique=False)

    op.create_table(
        "counterpart_copy",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("of_document_id", sa.Uuid(), nullable=False),
        sa.Column("of_version", sa.Integer(), nullable=False),
        sa.Column("is_same_text", sa.Boolean(), nullable=True),
        sa.Column("differences", database.Json, nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_counterpart_copy_added_by")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_counterpart_copy_case_id")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_counterpart_copy_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["of_document_id"], ["document.id"], name=op.f("fk_counterpart_copy_of_document_id")
        ),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_counterpart_copy")),
    )
    with op.batch_alter_table("counterpart_copy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_counterpart_copy_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_counterpart_copy_of_document_id"), ["of_document_id"], unique=False
        )

    op.create_table(
        "invoice_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("identity", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("inputs", database.Json, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("answer", database.Json, nullable=True),
        sa.Column("screenshot_id", sa.Uuid(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["invoice.document_id"], name=op.f("fk_invoice_check_document_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invoice_check_person_id")),
        sa.ForeignKeyConstraint(
            ["screenshot_id"], ["document.id"], name=op.f("fk_invoice_check_screenshot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_check")),
    )
    with op.batch_alter_table("invoice_check", schema=None) as batch_op:
        batch_op.create_index("ix_invoice_check_document", ["document_id", "at"], unique=False)
        batch_op.create_index("uq_invoice_check_identity", ["identity", "day", "attempt"], unique=True)

    op.create_table(
        "invoice_claim",
        sa.Column("identity", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("amount", database.Money(), nullable=False),
        sa.Column("tax", database.Money(), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_invoice_claim_case_id")),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_invoice_claim_document_id")),
        sa.PrimaryKeyConstraint("identity", name=op.f("pk_invoice_claim")),
        sa.UniqueConstraint("digest", name=op.f("uq_invoice_claim_digest")),
    )
    with op.batch_alter_table("invoice_claim", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_claim_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_invoice_claim_document_id"), ["document_id"], unique=False)

    op.create_table(
        "invoice_correction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["invoice.document_id"], name=op.f("fk_invoice_correction_document_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invoice_correction_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_correction")),
    )
    with op.batch_alter_table("invoice_correction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invoice_correction_document_id"), ["document_id"], unique=False)

    op.create_table(
        "invoice_override",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["invoice.document_id"], name=op.f("fk_invoice_override_document_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invoice_override_person_id")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_invoice_override")),
    )
    op.create_table(
        "rendition",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("standard", sa.String(length=4), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("created_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["stored_object.digest"], name=op.f("fk_rendition_digest")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name=op.f("fk_rendition_version_id")),
        sa.PrimaryKeyConstraint("version_id", "purpose", name=op.f("pk_rendition")),
    )
    with op.batch_alter_table("rendition", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rendition_digest"), ["digest"], unique=False)

    # Added in place: making the table anew would delete, on SQLite, rows that others refer to.
    op.add_column("document", sa.Column("stage", sa.String(length=12), nullable=False, server_default="done"))
    op.add_column(
        "document",
        sa.Column("parent_id", sa.Uuid(), sa.ForeignKey("document.id"), nullable=True),
        inline_references=True,
    )
    op.add_column("document", sa.Column("verdict", sa.String(length=14), nullable=True))
    op.add_column("document", sa.Column("signatures", database.Json, nullable=True))
    op.create_index(op.f("ix_document_parent_id"), "document", ["parent_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_document_parent_id"))
        batch_op.drop_column("signatures")
        batch_op.drop_column("verdict")
        batch_op.drop_column("parent_id")
        batch_op.drop_column("stage")

    with op.batch_alter_table("rendition", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rendition_digest"))

    op.drop_table("rendition")
    op.drop_table("invoice_override")
    with op.batch_alter_table("invoice_correction", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_correction_document_id"))

    op.drop_table("invoice_correction")
    with op.batch_alter_table("invoice_claim", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_claim_document_id"))
        batch_op.drop_index(batch_op.f("ix_invoice_claim_case_id"))

    op.drop_table("invoice_claim")
    with op.batch_alter_table("invoice_check", schema=None) as batch_op:
        batch_op.drop_index("uq_invoice_check_identity")
        batch_op.drop_index("ix_invoice_check_document")

    op.drop_table("invoice_check")
    with op.batch_alter_table("counterpart_copy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_counterpart_copy_of_document_id"))
        batch_op.drop_index(batch_op.f("ix_counterpart_copy_case_id"))

    op.drop_table("counterpart_copy")
    with op.batch_alter_table("claim_release", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_claim_release_identity"))
        batch_op.drop_index(batch_op.f("ix_claim_release_document_id"))

    op.drop_table("claim_release")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invoice_number"))
        batch_op.drop_index(batch_op.f("ix_invoice_identity"))

    op.drop_table("invoice")

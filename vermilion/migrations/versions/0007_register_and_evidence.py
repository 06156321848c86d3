"""kinds of register entries, corrections, scans, loans; the audit tree and its heads; append-only tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import append_only, database

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "position", name=op.f("pk_audit_tile")),
    )
    op.create_table(
        "audit_tree",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_tree")),
    )
    op.create_table(
        "tree_head",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tree_head")),
    )
    with op.batch_alter_table("tree_head", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tree_head_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_tree_head_size"), ["size"], unique=False)

    op.create_table(
        "head_delivery",
        sa.Column("head_number", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("sent_at", database.UtcDateTime(), nullable=True),
        sa.Column("receipt", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["head_number"], ["tree_head.number"], name=op.f("fk_head_delivery_head_number")
        ),
        sa.PrimaryKeyConstraint("head_number", "target", name=op.f("pk_head_delivery")),
    )
    with op.batch_alter_table("head_delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_head_delivery_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "seal_loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("case_serial", sa.String(length=40), nullable=False),
        sa.Column("borrower_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("lent_by", sa.Uuid(), nullable=False),
        sa.Column("lent_at", database.UtcDateTime(), nullable=False),
        sa.Column("due_at", database.UtcDateTime(), nullable=False),
        sa.Column("returned_at", database.UtcDateTime(), nullable=True),
        sa.Column("checked_by", sa.Uuid(), nullable=True),
        sa.Column("return_note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["borrower_id"], ["person.id"], name=op.f("fk_seal_loan_borrower_id")),
        sa.ForeignKeyConstraint(["checked_by"], ["person.id"], name=op.f("fk_seal_loan_checked_by")),
        sa.ForeignKeyConstraint(["lent_by"], ["person.id"], name=op.f("fk_seal_loan_lent_by")),
        sa.ForeignKeyConstraint(["seal_id"], ["seal.id"], name=op.f("fk_seal_loan_seal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal_loan")),
    )
    with op.batch_alter_table("seal_loan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seal_loan_borrower_id"), ["borrower_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_seal_loan_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_seal_loan_seal", ["seal_id", "returned_at"], unique=False)

    op.create_table(
        "correction_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("changes", database.Json, nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", database.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", database.UtcDateTime(), nullable=True),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_correction_request_asked_by")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["seal_record.id"], name=op.f("fk_correction_request_correction_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_correction_request_decided_by")),
        sa.ForeignKeyConstraint(
            ["record_id"], ["seal_record.id"], name=op.f("fk_correction_request_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_request")),
    )
    with op.batch_alter_table("correction_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_correction_request_record_id"), ["record_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_correction_request_state"), ["state"], unique=False)

    op.create_table(
        "record_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_record_scan_added_by")),
        sa.ForeignKeyConstraint(["record_id"], ["seal_record.id"], name=op.f("fk_record_scan_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_scan")),
    )
    with op.batch_alter_table("record_scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_scan_record_id"), ["record_id"], unique=False)

    with op.batch_alter_table("seal_record", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("salt", sa.String(length=64), nullable=True))
        batch_op.add_column(
            sa.Column("kind", sa.String(length=12), server_default="electronic", nullable=False)
        )
        batch_op.add_column(sa.Column("corrects_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("changes", database.Json, nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("second_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("scan_due_at", database.UtcDateTime(), nullable=True))
        batch_op.alter_column("authorisation_id", existing_type=sa.CHAR(length=32), nullable=True)
        batch_op.alter_column("digest_after", existing_type=sa.VARCHAR(length=64), nullable=True)
        batch_op.create_index(batch_op.f("ix_seal_record_corrects_id"), ["corrects_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_seal_record_second_id"), "person", ["second_id"], ["id"])

    append_only.protect(op.get_bind())


def downgrade() -> None:
    append_only.unprotect(op.get_bind())
    with op.batch_alter_table("record_scan", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_record_scan_record_id"))

    op.drop_table("record_scan")
    with op.batch_alter_table("correction_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_correction_request_state"))
        batch_op.drop_index(batch_op.f("ix_correction_request_record_id"))

    op.drop_table("correction_request")
    with op.batch_alter_table("seal_loan", schema=None) as batch_op:
        batch_op.drop_index("ix_seal_loan_seal")
        batch_op.drop_index(batch_op.f("ix_seal_loan_case_id"))
        batch_op.drop_index(batch_op.f("ix_seal_loan_borrower_id"))

    op.drop_table("seal_loan")
    with op.batch_alter_table("head_delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_head_delivery_sent_at"))

    op.drop_table("head_delivery")
    with op.batch_alter_table("tree_head", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tree_head_size"))
        batch_op.drop_index(batch_op.f("ix_tree_head_at"))

    op.drop_table("tree_head")
    op.drop_table("audit_tree")
    op.drop_table("audit_tile")

    op.execute("delete from seal_record where authorisation_id is null or digest_after is null")
    with op.batch_alter_table("seal_record", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_seal_record_second_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_seal_record_corrects_id"))
        batch_op.alter_column("digest_after", existing_type=sa.VARCHAR(length=64), nullable=False)
        batch_op.alter_column("authorisation_id", existing_type=sa.CHAR(length=32), nullable=False)
        batch_op.drop_column("scan_due_at")
        batch_op.drop_column("second_id")
        batch_op.drop_column("reason")
        batch_op.drop_column("changes")
        batch_op.drop_column("corrects_id")
        batch_op.drop_column("kind")
        batch_op.drop_column("salt")
        batch_op.drop_column("version")

"""the life of certificates, outside roots, requests to an offline root, and what waits for a time-stamp"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held_at", database.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("outside_chain", database.Json, nullable=True))
        # A serial number is unique for its issuer only, and some issuers are not ours from now on.
        batch_op.drop_constraint(op.f("uq_certificate_serial_number"), type_="unique")
        batch_op.create_index(batch_op.f("ix_certificate_serial_number"), ["serial_number"], unique=False)

    op.create_table(
        "certificate_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", database.UtcDateTime(), nullable=False),
        sa.Column("answered_at", database.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_request")),
    )
    op.create_table(
        "outside_root",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("not_after", database.UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("added_at", database.UtcDateTime(), nullable=False),
        sa.Column("removed_at", database.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_outside_root_added_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outside_root")),
    )
    with op.batch_alter_table("outside_root", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outside_root_digest"), ["digest"], unique=False)

    op.create_table(
        "waiting_timestamp",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("since", database.UtcDateTime(), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("finished_at", database.UtcDateTime(), nullable=True),
        sa.Column("finished_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_waiting_timestamp")),
    )
    with op.batch_alter_table("waiting_timestamp", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_waiting_timestamp_finished_at"), ["finished_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_waiting_timestamp_since"), ["since"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("waiting_timestamp", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_waiting_timestamp_since"))
        batch_op.drop_index(batch_op.f("ix_waiting_timestamp_finished_at"))

    op.drop_table("waiting_timestamp")
    with op.batch_alter_table("outside_root", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outside_root_digest"))

    op.drop_table("outside_root")
    op.drop_table("certificate_request")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_certificate_serial_number"))
        batch_op.create_unique_constraint(op.f("uq_certificate_serial_number"), ["serial_number"])
        batch_op.drop_column("outside_chain")
        batch_op.drop_column("held_at")

"""Added approvers and continuation sheets.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core import database

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("task") as task:
        task.add_column(sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
        task.add_column(sa.Column("sheet_id", sa.Uuid(), nullable=True))
        task.create_foreign_key(op.f("fk_task_sheet_id"), "document", ["sheet_id"], ["id"])
        task.drop_constraint(op.f("uq_task_case_id_round_step_key"), type_="unique")
        task.create_unique_constraint(
            op.f("uq_task_case_id_round_step_key_place"), ["case_id", "round", "step_key", "place"]
        )
    with op.batch_alter_table("task") as task:
        task.alter_column("place", server_default=None)
    op.create_table(
        "added_task",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("holder_task_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(6), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("at", database.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_added_task_task_id")),
        sa.ForeignKeyConstraint(["holder_task_id"], ["task.id"], name=op.f("fk_added_task_holder_task_id")),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_added_task_added_by")),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_added_task")),
    )
    op.create_index(op.f("ix_added_task_holder_task_id"), "added_task", ["holder_task_id"])
    op.create_table(
        "continued_sheet",
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("earlier_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["sheet_id"], ["document.id"], name=op.f("fk_continued_sheet_sheet_id")),
        sa.ForeignKeyConstraint(["earlier_id"], ["document.id"], name=op.f("fk_continued_sheet_earlier_id")),
        sa.PrimaryKeyConstraint("sheet_id", "earlier_id", name=op.f("pk_continued_sheet")),
    )
    _sheets_of_tasks()
    _sheets_of_later_rounds()


def _sheets_of_tasks() -> None:
    """Until now each round had one sheet, and every decision of the round signed it."""
    op.execute(
        """
        UPDATE task SET sheet_id = (
            SELECT case_document.document_id FROM case_document
            WHERE case_document.case_id = task.case_id AND case_document.round = task.round
              AND case_document.field = 'sheet')
        WHERE kind <> 'revise'
        """
    )


def _sheets_of_later_rounds() -> None:
    """The sheet of a second round names that of the round before, as it was when the new one was made."""
    op.execute(
        """
        INSERT INTO continued_sheet (sheet_id, earlier_id, digest)
        SELECT later.document_id, earlier.document_id, version.digest
        FROM case_document AS later
        JOIN document AS made ON made.id = later.document_id
        JOIN case_document AS earlier ON earlier.case_id = later.case_id
          AND earlier.round = later.round - 1 AND earlier.field = 'sheet'
        JOIN version ON version.document_id = earlier.document_id
        WHERE later.field = 'sheet' AND version.number = (
            SELECT MAX(before.number) FROM version AS before
            WHERE before.document_id = earlier.document_id AND before.created_at <= made.created_at)
        """
    )


def downgrade() -> None:
    op.drop_table("continued_sheet")
    op.drop_table("added_task")
    with op.batch_alter_table("task") as task:
        task.drop_constraint(op.f("uq_task_case_id_round_step_key_place"), type_="unique")
        task.drop_constraint(op.f("fk_task_sheet_id"), type_="foreignkey")
        task.create_unique_constraint(
            op.f("uq_task_case_id_round_step_key"), ["case_id", "round", "step_key"]
        )
        task.drop_column("sheet_id")
        task.drop_column("place")

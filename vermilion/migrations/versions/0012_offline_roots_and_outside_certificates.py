"""Requests to an offline root for a list alone, keys brought for seals, lists of outside authorities.

Revision ID: 0012
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("certificate_request") as request:
        request.alter_column("der", existing_type=sa.LargeBinary(), nullable=True)


def downgrade() -> None:
    op.execute("delete from certificate_request where der is null")
    with op.batch_alter_table("certificate_request") as request:
        request.alter_column("der", existing_type=sa.LargeBinary(), nullable=False)

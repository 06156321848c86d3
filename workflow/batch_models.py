"""Tables of batches: many approvals with one PIN entry, each with its own result."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class BatchState(StrEnum):
    """How a batch stands. One whose process died says running; see ``workflow.batches``."""

    RUNNING = "running"
    DONE = "done"  # every approval was tried
    STOPPED = "stopped"  # the signing session ended before


class ItemState(StrEnum):
    """How one approval of a batch stands."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Batch(Base):
    """A person's approvals of many tasks with one comment."""

    __tablename__ = "batch"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    key: Mapped[UUID]  # of the form or call that asked: the same one makes one batch
    comment: Mapped[str] = mapped_column(String(1000))
    state: Mapped[BatchState] = mapped_column(String(10))
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("signing_session.id"))
    owner: Mapped[str] = mapped_column(String(40))  # the process that holds the key
    alive_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stop_code: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (UniqueConstraint("person_id", "key"),)


class BatchItem(Base):
    """One approval of a batch."""

    __tablename__ = "batch_item"

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    position: Mapped[int]
    shown_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[ItemState] = mapped_column(String(10))
    decision_id: Mapped[UUID | None] = mapped_column(ForeignKey("decision.id"))
    error_code: Mapped[str | None] = mapped_column(String(60))
    error_context: Mapped[dict[str, Any] | None] = mapped_column(Json)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

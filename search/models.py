"""Tables of search: searches that people keep, and files of everything that was found."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class SavedSearch(Base):
    """A search that a person keeps under a name. Nobody else sees it."""

    __tablename__ = "saved_search"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(100))
    query: Mapped[dict[str, Any]] = mapped_column(Json)  # see search.stored_query
    is_notified: Mapped[bool] = mapped_column(index=True)
    known: Mapped[bytes | None] = mapped_column(LargeBinary)  # see search.saved; None before the first check
    new_count: Mapped[int] = mapped_column(default=0)  # hits that came since the person last looked
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("person_id", "name"),)


class ExportState(StrEnum):
    """Life of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SearchExport(Base):
    """A file of everything that a search finds. Only who asked for it may have it, for a day.

    The file is an object that nothing refers to: the store keeps it for a day, and no backup has it.
    """

    __tablename__ = "search_export"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    query: Mapped[dict[str, Any]] = mapped_column(Json)  # see search.stored_query
    format: Mapped[str] = mapped_column(String(4))  # xlsx or csv
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[ExportState] = mapped_column(String(10))
    done: Mapped[int] = mapped_column(default=0)  # records written so far
    total: Mapped[int] = mapped_column(default=0)  # records there are, as far as is known
    is_cut: Mapped[bool] = mapped_column(default=False)  # there were more than a file may have
    digest: Mapped[str | None] = mapped_column(String(64))  # of the file
    keys_digest: Mapped[str | None] = mapped_column(String(64))  # of what stands in it, see search.exports
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
    error: Mapped[str | None] = mapped_column(String(60))  # code of the error that ended it
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

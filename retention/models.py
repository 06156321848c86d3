"""Tables of retention: keeping periods and backups."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class RetentionTerm(Base):
    """How long one finished case is kept, and why."""

    __tablename__ = "retention_term"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("case.id"), primary_key=True)
    retention_class: Mapped[str] = mapped_column(String(40))  # retention.schedule
    starts_on: Mapped[date]  # the day after the fiscal year's end
    keep_until: Mapped[date | None]  # first day it may be disposed of; None is permanent
    rule: Mapped[dict[str, Any]] = mapped_column(Json)  # the rule as it stood when applied


class Backup(Base):
    """One backup that was made. The catalogue of truth is in the backup store itself."""

    __tablename__ = "backup"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[str] = mapped_column(String(12))  # full | incremental
    state: Mapped[str] = mapped_column(String(12))  # running | done | failed
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    objects: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

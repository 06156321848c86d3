"""Tables beside the register: tree heads and where they went, corrections asked for, scans, loans."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, UtcDateTime
from core.ids import new_id


class TreeHead(Base):
    """A signed and time-stamped statement of what the audit trail was. Never changed, never deleted."""

    __tablename__ = "tree_head"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, without gaps
    size: Mapped[int] = mapped_column(BigInteger, index=True)  # entries that the tree holds
    root: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    body: Mapped[str] = mapped_column(Text)  # the text that is signed, see signing.heads
    signature: Mapped[bytes] = mapped_column(LargeBinary)  # CMS, detached, DER
    token: Mapped[bytes] = mapped_column(LargeBinary)  # time-stamp token over the signature, DER


class HeadDelivery(Base):
    """How far a head got on its way to one place that the operator cannot rewrite."""

    __tablename__ = "head_delivery"

    head_number: Mapped[int] = mapped_column(ForeignKey("tree_head.number"), primary_key=True)
    target: Mapped[str] = mapped_column(String(300), primary_key=True)  # its address, without secrets
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))  # of the last try, when it failed
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    receipt: Mapped[str | None] = mapped_column(String(500))  # what the place answered


class CorrectionState(StrEnum):
    """Life of a correction that was asked for."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class CorrectionRequest(Base):
    """A correction of the register that waits for a second person."""

    __tablename__ = "correction_request"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("seal_record.id"), index=True)
    changes: Mapped[dict[str, Any]] = mapped_column(Json)  # {field: {"before", "after"}}
    reason: Mapped[str] = mapped_column(String(500))
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[CorrectionState] = mapped_column(String(10), index=True)
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    correction_id: Mapped[UUID | None] = mapped_column(ForeignKey("seal_record.id"))


class RecordScan(Base):
    """The photo or scan of a page that was stamped by hand, as it was kept."""

    __tablename__ = "record_scan"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    record_id: Mapped[UUID] = mapped_column(ForeignKey("seal_record.id"), index=True)
    document_id: Mapped[UUID]
    digest: Mapped[str] = mapped_column(String(64))  # of the file as it came
    added_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SealLoan(Base):
    """A physical seal that was lent out of its keeper's hands."""

    __tablename__ = "seal_loan"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seal.id"))
    case_id: Mapped[UUID] = mapped_column(index=True)
    case_serial: Mapped[str] = mapped_column(String(40))
    borrower_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    reason: Mapped[str] = mapped_column(String(500))
    lent_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    lent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    return_note: Mapped[str | None] = mapped_column(String(500))  # what the check found

    __table_args__ = (Index("ix_seal_loan_seal", "seal_id", "returned_at"),)

"""Tables of invoices: what was read, what people corrected, what the tax platform said."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, Json, Money, UtcDateTime
from core.ids import new_id


class Invoice(Base):
    """The invoice that a document is. The columns hold what counts now, corrections included."""

    __tablename__ = "invoice"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id"), primary_key=True)
    identity: Mapped[str | None] = mapped_column(String(60), index=True)  # InvoiceFacts.identity
    type: Mapped[str | None] = mapped_column(String(100))
    code: Mapped[str | None] = mapped_column(String(20))
    number: Mapped[str | None] = mapped_column(String(40), index=True)
    issue_date: Mapped[date | None] = mapped_column(Date)
    check_code: Mapped[str | None] = mapped_column(String(40))
    seller_name: Mapped[str | None] = mapped_column(String(200))
    seller_tax_id: Mapped[str | None] = mapped_column(String(30))
    buyer_name: Mapped[str | None] = mapped_column(String(200))
    buyer_tax_id: Mapped[str | None] = mapped_column(String(30))
    net: Mapped[Decimal | None] = mapped_column(Money)
    tax: Mapped[Decimal | None] = mapped_column(Money)
    total: Mapped[Decimal | None] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    is_red: Mapped[bool] = mapped_column(default=False)
    is_fixed: Mapped[bool] = mapped_column(default=False)  # in a claim: nothing is corrected any more
    facts: Mapped[dict[str, Any]] = mapped_column(Json)  # InvoiceFacts.to_json: as read, never changed
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # [{"code", "context"}], checked anew
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InvoiceCorrection(Base):
    """A field that a person put right; the newest of a field counts. What was read stays in the facts."""

    __tablename__ = "invoice_correction"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.document_id"), index=True)
    field: Mapped[str] = mapped_column(String(40))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class InvoiceOverrideRequest(Base):
    """The owner asks finance to let an invoice with a broken signature in; the newest asking counts."""

    __tablename__ = "invoice_override_request"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.document_id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class InvoiceOverride(Base):
    """Finance lets an invoice with a broken signature into a claim, and says why."""

    __tablename__ = "invoice_override"

    document_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.document_id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CheckOutcome(StrEnum):
    """What the tax platform says of an invoice 发票查验."""

    CONSISTENT = "consistent"  # 一致
    INCONSISTENT = "inconsistent"  # 不一致
    NOT_FOUND = "not_found"  # 查无此票
    VOIDED = "voided"  # 已作废
    REVERSED = "reversed"  # 已红冲
    FAILED = "failed"  # no answer; says nothing about the invoice
    PENDING = "pending"  # asked, not answered yet


class InvoiceCheck(Base):
    """One inquiry at the tax platform."""

    __tablename__ = "invoice_check"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    document_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.document_id"))
    identity: Mapped[str] = mapped_column(String(60))
    day: Mapped[date] = mapped_column(Date)  # in the organisation's zone: five inquiries a day
    attempt: Mapped[int] = mapped_column(Integer)
    provider: Mapped[str] = mapped_column(String(40))  # manual, or the name of the gateway
    inputs: Mapped[dict[str, Any]] = mapped_column(Json)
    outcome: Mapped[CheckOutcome] = mapped_column(String(12))
    answer: Mapped[Any | None] = mapped_column(Json)  # raw
    screenshot_id: Mapped[UUID | None] = mapped_column(ForeignKey("document.id"))
    remark: Mapped[str] = mapped_column(Text, default="")
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("uq_invoice_check_identity", "identity", "day", "attempt", unique=True),
        Index("ix_invoice_check_document", "document_id", "at"),
    )

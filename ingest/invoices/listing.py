"""Invoices in lists: which rows, and what is shown of each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, or_, select

from core.permissions import Principal, ResourceType, readable
from ingest.invoices.facts import InvoiceFacts, Warn
from ingest.invoices.models import Invoice, InvoiceOverride, InvoiceOverrideRequest
from ingest.invoices.views import InvoiceFilter, InvoiceRow
from ingest.models import Document

BROKEN: Final = "invalid"
"""The verdict of a document whose signature or seal does not fit its content."""
_LIKE_LETTERS: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


def conditions(principal: Principal, wanted: InvoiceFilter) -> list[ColumnElement[bool]]:
    """What a query over Invoice and Document keeps: what may be seen, and what is wanted."""
    found: list[ColumnElement[bool]] = [readable(principal, ResourceType.DOCUMENT, Document.id)]
    if wanted.owner_id is not None:
        found.append(Document.owner_id == wanted.owner_id)
    if wanted.issued_from is not None:
        found.append(Invoice.issue_date >= wanted.issued_from)
    if wanted.issued_to is not None:
        found.append(Invoice.issue_date <= wanted.issued_to)
    if wanted.only_broken or wanted.only_asked:
        found.append(Document.verdict == BROKEN)
        found.append(Document.id.not_in(select(InvoiceOverride.document_id)))
    if wanted.only_asked:
        found.append(Document.id.in_(select(InvoiceOverrideRequest.document_id)))
    words = wanted.text.split()
    for word in words[:8]:
        pattern = f"%{word.translate(_LIKE_LETTERS)}%"
        columns = (Invoice.number, Invoice.code, Invoice.seller_name, Invoice.buyer_name, Document.title)
        found.append(or_(*(column.ilike(pattern, escape="\\") for column in columns)))
    return found


def empty(document: Document, now: datetime) -> Invoice:
    """An invoice without any field, not part of a session."""
    return Invoice(
        document_id=document.id,
        currency="CNY",
        is_red=False,
        is_fixed=False,
        facts=InvoiceFacts(fields={}).to_json(),
        warnings=[],
        created_at=now,
        updated_at=now,
    )


def row_of(invoice: Invoice | None, document: Document, owner: str) -> InvoiceRow:
    """An invoice as lists show it."""
    if invoice is None:
        invoice = empty(document, document.created_at)
    return InvoiceRow(
        document_id=document.id,
        title=document.title,
        owner=owner,
        type=invoice.type,
        code=invoice.code,
        number=invoice.number,
        issue_date=invoice.issue_date,
        seller_name=invoice.seller_name,
        buyer_name=invoice.buyer_name,
        net=invoice.net,
        tax=invoice.tax,
        total=invoice.total,
        currency=invoice.currency,
        is_red=invoice.is_red,
        verdict=document.verdict,
        warnings=warnings_of(invoice),
        uploaded_at=document.created_at,
    )


def warnings_of(invoice: Invoice) -> tuple[Warn, ...]:
    """The warnings that are kept with an invoice."""
    return tuple(Warn(one["code"], one["context"]) for one in invoice.warnings)

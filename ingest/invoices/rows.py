"""The row of an invoice: found through permissions, begun, locked. Belongs to the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import insert_unless_there
from core.errors import NotFound
from core.models import Person, Role
from core.permissions import Principal, ResourceType, require_read
from ingest.invoices.listing import empty
from ingest.invoices.models import Invoice, InvoiceOverride
from ingest.invoices.views import OverrideView
from ingest.models import Document, DocumentKind, DocumentState


def find(
    session: Session, principal: Principal, document_id: UUID, now: datetime
) -> tuple[Document, Invoice]:
    """An invoice that the person may see. Raises NotFound, also when the document is none.

    An invoice of which nothing could be read is an empty one that is not part of the session.
    """
    require_read(session, principal, ResourceType.DOCUMENT, document_id)
    document, row = session.get(Document, document_id), session.get(Invoice, document_id)
    if document is None:
        raise NotFound(what="invoice")
    if row is None:
        if document.kind != DocumentKind.INVOICE or document.state != DocumentState.READY:
            raise NotFound(what="invoice")
        row = empty(document, now)
    return document, row


def begin(session: Session, document_id: UUID, now: datetime) -> None:
    """Write the row of an invoice of which nothing could be read: it still is one, people fill it in."""
    row = empty(session.get_one(Document, document_id), now)
    columns = {column.key: getattr(row, column.key) for column in Invoice.__table__.columns}
    insert_unless_there(session, Invoice, [columns])


def lock(
    session: Session, principal: Principal, document_id: UUID, now: datetime
) -> tuple[Document, Invoice]:
    """An invoice whose row nobody else changes until the transaction ends. Raises NotFound."""
    document, _row = find(session, principal, document_id, now)
    if session.get(Invoice, document_id) is None:
        begin(session, document_id, now)
    row = session.scalars(
        select(Invoice)
        .where(Invoice.document_id == document_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return document, row


def is_owner_or_finance(principal: Principal, document: Document) -> bool:
    """Whether the person may correct the invoice and have it checked."""
    return document.owner_id == principal.person_id or principal.has(Role.FINANCE, document.entity_id)


def override_of(session: Session, document_id: UUID) -> OverrideView | None:
    """The exception that finance made for an invoice."""
    row = session.get(InvoiceOverride, document_id)
    if row is None:
        return None
    return OverrideView(row.reason, session.get_one(Person, row.person_id).name, row.at)

"""The invoice folder 票夹: how far the claim of each invoice has come, counted and added up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, literal, or_, select
from sqlalchemy.orm import Session

from core.models import Person
from core.permissions import Principal, ResourceType, readable
from ingest.invoices.listing import conditions, row_of
from ingest.invoices.models import Invoice
from ingest.invoices.views import InvoiceFilter, InvoiceRow
from ingest.models import Document, DocumentKind, DocumentState
from workflow.models import Case, ClaimRelease, ClaimState, InvoiceClaim, ReleaseEvent


class FolderState(StrEnum):
    """Where an invoice stands in its owner's folder."""

    UNCLAIMED = "unclaimed"
    CLAIMING = "claiming"
    CLAIMED = "claimed"
    REJECTED = "rejected"  # free again after its claim was rejected


@dataclass(frozen=True)
class ClaimView:
    """How far the claim of a document's invoice has come.

    ``case_id`` and ``serial_number`` name the case of the claim, or the one that was rejected, when
    the person may see it. ``is_own`` is False when the claim was made with another carrier of the invoice.
    """

    state: FolderState
    case_id: UUID | None = None
    serial_number: str | None = None
    is_own: bool = True
    amount: Decimal | None = None  # claimed, in yuan; only where the case may be seen
    at: datetime | None = None


@dataclass(frozen=True)
class FolderRow:
    """An invoice with the state of its claim."""

    invoice: InvoiceRow
    claim: ClaimView


@dataclass(frozen=True)
class FolderFilter:
    """What the folder is narrowed by."""

    state: FolderState | None = None
    invoices: InvoiceFilter = field(default_factory=InvoiceFilter)


@dataclass(frozen=True)
class FolderTotal:
    """How many documents, and what their invoices in yuan come to; carriers of one invoice count once."""

    count: int
    total: Decimal


def claim_state(
    session: Session, principal: Principal, document_ids: Iterable[UUID]
) -> dict[UUID, ClaimView]:
    """How far the claims of some documents have come; those the person may not see are left out."""
    wanted = list(document_ids)
    rows = session.execute(
        select(Document.id, Document.original_digest, _key(), _state())
        .join(Invoice, Invoice.document_id == Document.id, isouter=True)
        .where(Document.id.in_(wanted), readable(principal, ResourceType.DOCUMENT, Document.id))
    ).all()
    found: dict[UUID, ClaimView] = {}
    for document_id, digest, key, state in rows:
        view = ClaimView(FolderState(state))
        if view.state in (FolderState.CLAIMING, FolderState.CLAIMED):
            view = _claimed(session, principal, document_id, digest, key, view.state)
        elif view.state is FolderState.REJECTED:
            view = _rejected(session, principal, document_id, key)
        found[document_id] = view
    return found


def folder(
    session: Session,
    principal: Principal,
    wanted: FolderFilter | None = None,
    *,
    before: UUID | None = None,
    limit: int = 25,
) -> list[FolderRow]:
    """Invoices the person may see, newest first; ``before`` is the last one of the page before.

    Somebody's own folder is asked for by ``InvoiceFilter.owner_id``.
    """
    query = _documents(principal, wanted or FolderFilter(), Invoice, Document, Person.name)
    last = session.get(Document, before) if before is not None else None
    if last is not None:
        query = query.where(
            or_(
                Document.created_at < last.created_at,
                (Document.created_at == last.created_at) & (Document.id < last.id),
            )
        )
    rows = session.execute(query.order_by(Document.created_at.desc(), Document.id.desc()).limit(limit)).all()
    states = claim_state(session, principal, [document.id for _invoice, document, _owner in rows])
    return [
        FolderRow(row_of(invoice, document, owner), states[document.id]) for invoice, document, owner in rows
    ]


def folder_totals(
    session: Session, principal: Principal, wanted: InvoiceFilter | None = None
) -> dict[FolderState, FolderTotal]:
    """Count and sum of each state, of the invoices the person may see; every state is there."""
    total = case((Invoice.currency == "CNY", Invoice.total), else_=None)
    documents = _documents(
        principal,
        FolderFilter(invoices=wanted or InvoiceFilter()),
        _key().label("key"),
        _state().label("state"),
        total.label("total"),
    ).subquery()
    invoices = (
        select(documents.c.state, func.count().label("count"), func.max(documents.c.total).label("total"))
        .group_by(documents.c.state, documents.c.key)
        .subquery()
    )
    rows = session.execute(
        select(invoices.c.state, func.sum(invoices.c.count), func.sum(invoices.c.total)).group_by(
            invoices.c.state
        )
    )
    found = {
        FolderState(state): FolderTotal(int(count), total or Decimal("0.00")) for state, count, total in rows
    }
    return {state: found.get(state, FolderTotal(0, Decimal("0.00"))) for state in FolderState}


def _documents(principal: Principal, wanted: FolderFilter, *columns: Any) -> Select[Any]:
    """Invoices that were read, with and without fields: what nobody could read is filled in by hand."""
    query = (
        select(*columns)
        .select_from(Document)
        .join(Invoice, Invoice.document_id == Document.id, isouter=True)
        .join(Person, Person.id == Document.owner_id)
        .where(
            Document.kind == DocumentKind.INVOICE,
            Document.state == DocumentState.READY,
            *conditions(principal, wanted.invoices),
        )
    )
    return query if wanted.state is None else query.where(_state() == wanted.state.value)


def _key() -> ColumnElement[str]:
    """What can be claimed once, as ``workflow.claims.claim_key`` says it."""
    return func.coalesce(Invoice.identity, literal("sha256:") + Document.original_digest)


def _state() -> ColumnElement[str]:
    """The state as an expression over Document and Invoice."""
    claim = _claim_state()
    return case(
        (claim.is_not(None), claim),
        (_last_release() == ReleaseEvent.REJECTED.value, FolderState.REJECTED.value),
        else_=FolderState.UNCLAIMED.value,
    )


def _claim_state() -> ScalarSelect[Any]:
    """``claimed`` comes before ``claiming``: what was paid with one carrier is paid."""
    return (
        select(func.min(InvoiceClaim.state))
        .where(or_(InvoiceClaim.identity == _key(), InvoiceClaim.digest == Document.original_digest))
        .correlate(Document, Invoice)
        .scalar_subquery()
    )


def _last_release() -> ScalarSelect[Any]:
    return (
        select(ClaimRelease.event)
        .where(or_(ClaimRelease.identity == _key(), ClaimRelease.document_id == Document.id))
        .order_by(ClaimRelease.at.desc(), ClaimRelease.id.desc())
        .limit(1)
        .correlate(Document, Invoice)
        .scalar_subquery()
    )


def _claimed(
    session: Session, principal: Principal, document_id: UUID, digest: str, key: str, state: FolderState
) -> ClaimView:
    row = session.execute(
        select(InvoiceClaim, Case.serial_number, readable(principal, ResourceType.CASE, InvoiceClaim.case_id))
        .join(Case, Case.id == InvoiceClaim.case_id)
        .where(
            or_(InvoiceClaim.identity == key, InvoiceClaim.digest == digest),
            InvoiceClaim.state == ClaimState(state.value),
        )
        .limit(1)
    ).one()
    claim, serial, is_readable = row
    is_own = claim.document_id == document_id
    if not is_readable:
        return ClaimView(state, is_own=is_own)
    return ClaimView(state, claim.case_id, serial, is_own, claim.amount, claim.at)


def _rejected(session: Session, principal: Principal, document_id: UUID, key: str) -> ClaimView:
    release, serial, is_readable = session.execute(
        select(ClaimRelease, Case.serial_number, readable(principal, ResourceType.CASE, ClaimRelease.case_id))
        .join(Case, Case.id == ClaimRelease.case_id)
        .where(or_(ClaimRelease.identity == key, ClaimRelease.document_id == document_id))
        .order_by(ClaimRelease.at.desc(), ClaimRelease.id.desc())
        .limit(1)
    ).one()
    is_own = release.document_id == document_id
    if not is_readable:
        return ClaimView(FolderState.REJECTED, is_own=is_own)
    return ClaimView(FolderState.REJECTED, release.case_id, serial, is_own, None, release.at)

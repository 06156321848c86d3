"""Exceptions for invoices with a broken signature: asked for by the owner, made by finance.

Verbs belong to the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from core import audit, notices, people
from core.clock import Clock
from core.errors import Forbidden
from core.models import Role
from core.permissions import Principal, ResourceType, grant_access, term_person
from core.settings import Settings
from ingest.invoices.errors import OverrideNotNeeded
from ingest.invoices.listing import BROKEN
from ingest.invoices.models import InvoiceOverride, InvoiceOverrideRequest
from ingest.invoices.rows import lock
from ingest.invoices.service import checked_reason
from ingest.models import Document
from search.keeping import announce

ASKED: Final = "override-asked"
"""The notice to finance that an owner asks."""
MADE: Final = "override-made"
"""The notice to the owner that finance let the invoice in."""


class InvoiceExceptions:
    """Lets invoices with a broken signature into claims, with a reason that is kept."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings

    def ask(self, session: Session, principal: Principal, document_id: UUID) -> None:
        """Show an invoice with a broken signature to finance, who are told of it; its owner only.

        Asking again shows it to those who came to finance since, and tells again who saw the first
        notice. Raises NotFound, Forbidden, OverrideNotNeeded.
        """
        now = self._clock.now()
        document, _row = lock(session, principal, document_id, now)
        if document.owner_id != principal.person_id:
            raise Forbidden(needs="owner")
        _require_need(session, document)
        request = session.get(InvoiceOverrideRequest, document_id)
        if request is None:
            session.add(InvoiceOverrideRequest(document_id=document_id, at=now))
            session.flush()
        else:
            request.at = now
        today = now.astimezone(self._settings.zone).date()
        finance = [one.id for one in people.holders(session, Role.FINANCE, document.entity_id, today)]
        grant_access(session, ResourceType.DOCUMENT, document_id, [term_person(one) for one in finance])
        _tell(
            session, now, principal, [one for one in finance if one != principal.person_id], ASKED, document
        )
        audit.record(session, now, principal.person_id, "invoice.override_asked", "document", document_id)
        announce(session, "document", document_id, now)

    def make(self, session: Session, principal: Principal, document_id: UUID, reason: str) -> None:
        """Let an invoice with a broken signature into claims; finance only. Its owner is told.

        Raises NotFound, Forbidden, ReasonNeeded, OverrideNotNeeded.
        """
        now = self._clock.now()
        document, _row = lock(session, principal, document_id, now)
        if not principal.has(Role.FINANCE, document.entity_id):
            raise Forbidden(needs=Role.FINANCE.value)
        reason = checked_reason(reason)
        _require_need(session, document)
        session.add(
            InvoiceOverride(document_id=document_id, reason=reason, person_id=principal.person_id, at=now)
        )
        session.flush()
        notices.settle(session, now, ASKED, "document", document_id)
        if document.owner_id != principal.person_id:
            _tell(session, now, principal, [document.owner_id], MADE, document, reason=reason)
        audit.record(
            session,
            now,
            principal.person_id,
            "invoice.override",
            "document",
            document_id,
            {"reason": reason},
        )


def _require_need(session: Session, document: Document) -> None:
    if document.verdict != BROKEN or session.get(InvoiceOverride, document.id) is not None:
        raise OverrideNotNeeded()


def _tell(
    session: Session,
    now: datetime,
    principal: Principal,
    person_ids: Iterable[UUID],
    code: str,
    document: Document,
    **more: str,
) -> None:
    context = {"person": principal.name, "title": document.title, **more}
    notices.tell(session, now, person_ids, code, "document", document.id, context)

"""Claims on invoices: made with the case, undone with it; one invoice, one claim, in a race too.

Whether an invoice is free is decided by the keys of ``invoice_claim`` when the case is written. What is
looked up before only spares people the wait.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import insert_unless_there
from core.errors import Forbidden, NotFound, VermilionError
from core.models import Role
from core.permissions import Principal, ResourceType, may_read, require_read
from core.settings import Settings
from ingest.invoices.listing import BROKEN, warnings_of
from ingest.invoices.models import Invoice, InvoiceCorrection, InvoiceOverride
from ingest.invoices.service import InvoiceService, checked_reason
from ingest.models import Document, DocumentKind
from search.keeping import announce
from workflow.claim_lines import NONE, Claimable, ClaimLine, check_late, check_sum, lines_of
from workflow.errors import (
    DocumentNotUsable,
    FormInvalid,
    InvoiceBeingClaimed,
    InvoiceBroken,
    InvoiceChanged,
    InvoiceClaimed,
    InvoiceNotRead,
    NotClaimed,
)
from workflow.flows import Flow, InvoicesField
from workflow.models import Case, CaseState, ClaimRelease, ClaimState, InvoiceClaim, ReleaseEvent

_TRIES: Final = 3
"""How often a claim is written anew because what stood in its way was just released."""
_RELEASED_BY: Final = {
    CaseState.REJECTED: ReleaseEvent.REJECTED,
    CaseState.WITHDRAWN: ReleaseEvent.WITHDRAWN,
}


@dataclass(frozen=True)
class Claim:
    """The claim of one submission: the form field it belongs to, and its lines."""

    field: InvoicesField
    lines: tuple[ClaimLine, ...]


class Claims:
    """Checks, writes and undoes claims. Every method belongs to the caller's transaction."""

    def __init__(self, invoices: InvoiceService, clock: Clock, settings: Settings) -> None:
        self._invoices = invoices
        self._clock = clock
        self._settings = settings

    # submitting

    def check(
        self, session: Session, principal: Principal, flow: Flow, values: dict[str, Any], case_id: UUID
    ) -> Claim | None:
        """The claim that a checked form makes; None when the flow has no field of invoices.

        In ``values`` it fills in each line's tax and the amounts that were left out. Raises
        FormInvalid: for the field of invoices, the amount, or the reason for lateness.
        """
        field = flow.invoices_field()
        if field is None:
            return None
        entries = values[field.key]
        try:
            invoices = {
                invoice.document_id: invoice
                for invoice in (
                    self._claimable(session, principal, field, UUID(entry["document"])) for entry in entries
                )
            }
            lines = lines_of(field.key, entries, invoices)
            for line in lines:
                self._check_free(session, principal, field, line.invoice, case_id)
        except VermilionError as problem:
            raise FormInvalid({field.key: problem}) from problem
        values[field.key] = [
            {**entry, "amount": f"{line.amount:.2f}", "tax": None if line.tax is None else f"{line.tax:.2f}"}
            for entry, line in zip(entries, lines, strict=True)
        ]
        if lines:
            self._check_form(flow, values, lines)
        return Claim(field, lines)

    def _check_form(self, flow: Flow, values: dict[str, Any], lines: Sequence[ClaimLine]) -> None:
        problems: dict[str, VermilionError] = {}
        if flow.amount:
            try:
                values[flow.amount] = check_sum(flow.amount, values[flow.amount], lines)
            except VermilionError as problem:
                problems[flow.amount] = problem
        rule = flow.claim_within
        if rule is not None:
            day = self._clock.now().astimezone(self._settings.zone).date()
            try:
                check_late(rule, lines, day, values[rule.reason])
            except VermilionError as problem:
                problems[rule.reason] = problem
        if problems:
            raise FormInvalid(problems)

    def _claimable(
        self, session: Session, principal: Principal, field: InvoicesField, document_id: UUID
    ) -> Claimable:
        """The invoice as it counts now. That its document is ready is checked with all others."""
        document = session.get(Document, document_id)
        if document is None or not may_read(session, principal, ResourceType.DOCUMENT, document_id):
            raise DocumentNotUsable(field=field.key, title="?")
        if document.owner_id != principal.person_id:
            raise DocumentNotUsable(field=field.key, title=document.title)
        if document.kind != DocumentKind.INVOICE:
            raise InvoiceNotRead(field=field.key, title=document.title)
        override = session.get(InvoiceOverride, document_id)
        if document.verdict == BROKEN and override is None:
            raise InvoiceBroken(field=field.key, title=document.title)
        row = session.get(Invoice, document_id)
        corrections = session.scalars(
            select(InvoiceCorrection.field)
            .where(InvoiceCorrection.document_id == document_id)
            .distinct()
            .order_by(InvoiceCorrection.field)
        )
        return Claimable(
            document_id=document_id,
            title=document.title,
            key=claim_key(row, document),
            digest=document.original_digest,
            number=(row.number or "") if row else "",
            issue_date=row.issue_date if row else None,
            seller=(row.seller_name or "") if row else "",
            tax=row.tax if row else None,
            total=row.total if row else None,
            currency=row.currency if row else "CNY",
            is_red=row is not None and (row.is_red or (row.total is not None and row.total < 0)),
            warnings=warnings_of(row) if row else (),
            corrections=tuple(corrections),
            override=override.reason if override else None,
            updated_at=row.updated_at if row else None,
        )

    def _check_free(
        self, session: Session, principal: Principal, field: InvoicesField, invoice: Claimable, case_id: UUID
    ) -> bool:
        """Whether nobody has it. Raises InvoiceClaimed, InvoiceBeingClaimed when another case has."""
        row = session.scalars(
            select(InvoiceClaim)
            .where(
                or_(InvoiceClaim.identity == invoice.key, InvoiceClaim.digest == invoice.digest),
                InvoiceClaim.case_id != case_id,
            )
            .order_by(InvoiceClaim.state)  # claimed before claiming
            .limit(1)
        ).first()
        if row is None:
            return True
        serial = NONE
        if may_read(session, principal, ResourceType.CASE, row.case_id):
            serial = session.get_one(Case, row.case_id).serial_number
        kind = InvoiceClaimed if row.state == ClaimState.CLAIMED else InvoiceBeingClaimed
        raise kind(field=field.key, number=invoice.named, serial=serial)

    def write(self, session: Session, principal: Principal, case: Case, claim: Claim) -> None:
        """Write the claim in the transaction that writes its case, in place of an earlier round's.

        Raises FormInvalid when somebody else was first, or an invoice changed since it was checked;
        the caller's transaction must then not commit.
        """
        try:
            self._replace(session, principal, case, claim)
        except VermilionError as problem:
            raise FormInvalid({claim.field.key: problem}) from problem

    def _replace(self, session: Session, principal: Principal, case: Case, claim: Claim) -> None:
        now = self._clock.now()
        lines = sorted(
            claim.lines, key=lambda line: line.invoice.key
        )  # one order: no two wait for each other
        documents = [line.invoice.document_id for line in lines]
        self._invoices.fix(session, documents, True)
        for line in lines:
            self._check_unchanged(session, line.invoice)
        kept = {line.invoice.key for line in lines}
        earlier = session.scalars(select(InvoiceClaim).where(InvoiceClaim.case_id == case.id)).all()
        for row in earlier:
            if row.identity not in kept:
                self._note_release(session, row, ReleaseEvent.REPLACED, "", principal.person_id, now)
        dropped = {row.document_id for row in earlier} - set(documents)
        self._invoices.fix(session, dropped, False)
        session.execute(delete(InvoiceClaim).where(InvoiceClaim.case_id == case.id))
        session.expire_all()
        for line in lines:
            self._insert(session, principal, case.id, claim.field, line, now)

    def _check_unchanged(self, session: Session, invoice: Claimable) -> None:
        row = session.get_one(Invoice, invoice.document_id)
        if invoice.updated_at is not None and row.updated_at != invoice.updated_at:
            raise InvoiceChanged(title=invoice.title)

    def _insert(
        self,
        session: Session,
        principal: Principal,
        case_id: UUID,
        field: InvoicesField,
        line: ClaimLine,
        now: datetime,
    ) -> None:
        row = {
            "identity": line.invoice.key,
            "digest": line.invoice.digest,
            "case_id": case_id,
            "document_id": line.invoice.document_id,
            "state": ClaimState.CLAIMING.value,
            "amount": line.amount,
            "tax": line.tax,
            "category": line.category,
            "at": now,
        }
        for _ in range(_TRIES):
            if insert_unless_there(session, InvoiceClaim, [row]):
                return
            self._check_free(session, principal, field, line.invoice, case_id)
        raise InvoiceBeingClaimed(field=field.key, number=line.invoice.named, serial=NONE)

    # ending

    def reopen(self, session: Session, case: Case) -> None:
        """A returned case keeps its claims, but its invoices may be corrected."""
        rows = session.scalars(select(InvoiceClaim.document_id).where(InvoiceClaim.case_id == case.id))
        self._invoices.fix(session, rows.all(), False)

    def end(self, session: Session, case: Case, actor_id: UUID | None, now: datetime) -> None:
        """What becomes of a finished case's claims: paid ones are claimed for good, others are free again."""
        if case.state == CaseState.COMPLETED:
            session.execute(
                update(InvoiceClaim)
                .where(InvoiceClaim.case_id == case.id)
                .values(state=ClaimState.CLAIMED.value)
            )
            return
        event = _RELEASED_BY[CaseState(case.state)]
        self.reopen(session, case)  # locks invoices before claims, as everybody does
        rows = session.scalars(
            select(InvoiceClaim).where(InvoiceClaim.case_id == case.id).with_for_update()
        ).all()
        for row in rows:
            self._note_release(session, row, event, "", actor_id, now)
            session.delete(row)
        session.flush()

    def release(self, session: Session, principal: Principal, document_id: UUID, reason: str) -> None:
        """Undo the claim on an invoice, whichever carrier it was made with; finance only, with a reason.

        Raises NotFound, Forbidden, ReasonNeeded, NotClaimed.
        """
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        document = session.get(Document, document_id)
        if document is None:  # who reads everything may name what is not there
            raise NotFound(what="document")
        if not principal.has(Role.FINANCE, document.entity_id):
            raise Forbidden(needs=Role.FINANCE.value)
        reason = checked_reason(reason)
        claimed = self._claim_on(session, document)
        if claimed is None:
            raise NotClaimed()
        # The order of locks is that of everybody: the case, its invoices, its claims.
        session.execute(select(Case.id).where(Case.id == claimed.case_id).with_for_update())
        self._invoices.fix(session, [claimed.document_id], False)
        row = session.scalars(
            select(InvoiceClaim)
            .where(InvoiceClaim.identity == claimed.identity, InvoiceClaim.case_id == claimed.case_id)
            .with_for_update()
        ).first()
        if row is None:  # undone a moment ago
            raise NotClaimed()
        now = self._clock.now()
        self._note_release(session, row, ReleaseEvent.RELEASED, reason, principal.person_id, now)
        payload = {"reason": reason, "identity": row.identity, "case": str(row.case_id)}
        audit.record(
            session, now, principal.person_id, "invoice.released", "document", row.document_id, payload
        )
        case_id = row.case_id
        session.delete(row)
        session.flush()
        announce(session, "case", case_id, now)

    def _claim_on(self, session: Session, document: Document) -> InvoiceClaim | None:
        key = claim_key(session.get(Invoice, document.id), document)
        return session.scalars(
            select(InvoiceClaim)
            .where(or_(InvoiceClaim.identity == key, InvoiceClaim.digest == document.original_digest))
            .order_by(InvoiceClaim.state)
            .limit(1)
        ).first()

    def _note_release(
        self,
        session: Session,
        row: InvoiceClaim,
        event: ReleaseEvent,
        reason: str,
        actor_id: UUID | None,
        now: datetime,
    ) -> None:
        session.add(
            ClaimRelease(
                identity=row.identity,
                case_id=row.case_id,
                document_id=row.document_id,
                event=event,
                reason=reason,
                person_id=actor_id,
                at=now,
            )
        )


def claim_key(invoice: Invoice | None, document: Document) -> str:
    """What can be claimed once: the invoice's identity, else the digest of the file."""
    if invoice is not None and invoice.identity:
        return invoice.identity
    return f"sha256:{document.original_digest}"


def entries_of(flow: Flow, form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines of a case's stored form; none when the flow has no field of invoices."""
    field = flow.invoices_field()
    return list(form.get(field.key) or ()) if field else []

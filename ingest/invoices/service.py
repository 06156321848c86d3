"""Invoices: what was read, corrected, compared with every other one; all through permissions.

Verbs belong to the caller's transaction. The claim of an invoice is workflow's; it tells here only
that the invoice is fixed (``fix``), because a paid invoice is not corrected any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.errors import Forbidden
from core.models import LegalEntity, Organisation, Person, Role
from core.permissions import (
    Principal,
    ResourceType,
    may_read,
    readable,
    require_read,
)
from core.settings import Settings
from ingest.invoices.checks import check
from ingest.invoices.correcting import MOST_MONEY, corrected, parse, read_back, unique, write
from ingest.invoices.errors import InvoiceFixed, ReasonNeeded
from ingest.invoices.facts import FIELDS, InvoiceFacts, Plain
from ingest.invoices.listing import BROKEN, conditions, empty, row_of, warnings_of
from ingest.invoices.models import Invoice, InvoiceCheck, InvoiceCorrection, InvoiceOverrideRequest
from ingest.invoices.rows import begin, find, is_owner_or_finance, lock, override_of
from ingest.invoices.views import (
    CheckView,
    CorrectionView,
    FieldView,
    InvoiceFilter,
    InvoiceRow,
    InvoiceView,
    Twins,
    TwinView,
)
from ingest.models import Document, DocumentState
from search.keeping import announce

LONGEST_REASON: Final = 1000
_FEN: Final = Decimal("0.01")
_TEXT_COLUMNS: Final = {
    "type": 100, "code": 20, "number": 40, "check_code": 40,
    "seller_name": 200, "seller_tax_id": 30, "buyer_name": 200, "buyer_tax_id": 30,
}  # fmt: skip


class InvoiceService:
    """What the company knows of its invoices."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings

    # writing

    def record(self, session: Session, document_id: UUID, facts: InvoiceFacts) -> None:
        """Write down what was read in a document. Repeating it keeps what people corrected.

        The document's row is in the session, with its verdict.
        """
        now = self._clock.now()
        row = session.get(Invoice, document_id)
        corrections = {} if row is None else self._corrections(session, document_id)
        if row is None:
            row = empty(session.get_one(Document, document_id), now)
            session.add(row)
        row.facts = facts.to_json()
        self._settle(session, row, facts, corrections, now)
        session.flush()

    def correct(
        self, session: Session, principal: Principal, document_id: UUID, field: str, text: str
    ) -> None:
        """Put a field right; what was read stays beside it. Empty text empties the field.

        For the owner and finance, until the invoice is in a claim. Raises NotFound, Forbidden,
        InvoiceFixed, InvoiceFieldUnknown, InvoiceFieldNotUnderstood.
        """
        now = self._clock.now()
        document, row = lock(session, principal, document_id, now)
        if not is_owner_or_finance(principal, document):
            raise Forbidden(needs="finance")
        if row.is_fixed:
            raise InvoiceFixed()
        value = parse(field, text)
        facts = InvoiceFacts.from_json(row.facts)
        corrections = self._corrections(session, document_id)
        before = corrected(facts, corrections).get(field)
        if value == before:
            return
        session.add(
            InvoiceCorrection(
                document_id=document_id,
                field=field,
                before=write(before),
                after=write(value),
                person_id=principal.person_id,
                at=now,
            )
        )
        self._settle(session, row, facts, {**corrections, field: value}, now)
        session.flush()
        audit.record(
            session,
            now,
            principal.person_id,
            "invoice.corrected",
            "document",
            document_id,
            {"field": field, "before": write(before), "after": write(value)},
        )
        announce(session, "document", document_id, now)

    def fix(self, session: Session, document_ids: Iterable[UUID], is_fixed: bool) -> None:
        """Stop corrections of invoices that are in a claim, or allow them again; called by workflow.

        Locks their rows, in one order.
        """
        document_ids = sorted(document_ids)
        for document_id in document_ids:
            if is_fixed and session.get(Invoice, document_id) is None:
                begin(session, document_id, self._clock.now())
        for row in session.scalars(
            select(Invoice)
            .where(Invoice.document_id.in_(document_ids))
            .order_by(Invoice.document_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ):
            row.is_fixed = is_fixed

    # reading

    def get(self, session: Session, principal: Principal, document_id: UUID) -> InvoiceView:
        """The whole picture of an invoice. Raises NotFound, also when the document is no invoice."""
        document, row = find(session, principal, document_id, self._clock.now())
        override = override_of(session, document_id)
        asked = session.get(InvoiceOverrideRequest, document_id)
        is_theirs = is_owner_or_finance(principal, document)
        is_broken = document.verdict == BROKEN and override is None
        facts = InvoiceFacts.from_json(row.facts)
        return InvoiceView(
            document_id=document_id,
            title=document.title,
            owner_id=document.owner_id,
            verdict=document.verdict,
            identity=row.identity,
            fields=tuple(self._fields(session, document_id, facts)),
            lines=facts.lines,
            lines_source=facts.lines_source,
            warnings=warnings_of(row),
            twins=self._twins(session, principal, document, row),
            override=override,
            asked_at=asked.at if asked and is_theirs else None,
            checks=self.checks(session, principal, document_id),
            may_correct=is_theirs and not row.is_fixed,
            may_override=is_broken and principal.has(Role.FINANCE, document.entity_id),
            may_ask_override=is_broken and document.owner_id == principal.person_id,
            may_check=is_theirs,
        )

    def twins(self, session: Session, principal: Principal, document_id: UUID) -> Twins:
        """Other documents of the same invoice or bytes. Raises NotFound.

        Those that the person may not see are counted and nothing more is said of them.
        """
        document, row = find(session, principal, document_id, self._clock.now())
        return self._twins(session, principal, document, row)

    def checks(self, session: Session, principal: Principal, document_id: UUID) -> tuple[CheckView, ...]:
        """The inquiries at the tax platform, newest first. Raises NotFound."""
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        rows = session.execute(
            select(InvoiceCheck, Person.name)
            .join(Person, Person.id == InvoiceCheck.person_id, isouter=True)
            .where(InvoiceCheck.document_id == document_id)
            .order_by(InvoiceCheck.at.desc(), InvoiceCheck.id.desc())
        )
        return tuple(_check_view(session, principal, row, name) for row, name in rows.all())

    def list_invoices(
        self,
        session: Session,
        principal: Principal,
        wanted: InvoiceFilter | None = None,
        *,
        before: UUID | None = None,
        limit: int = 25,
    ) -> list[InvoiceRow]:
        """Invoices the person may see, newest first; ``before`` is the last one of the page before."""
        query = (
            select(Invoice, Document, Person.name)
            .join(Document, Document.id == Invoice.document_id)
            .join(Person, Person.id == Document.owner_id)
            .where(*conditions(principal, wanted or InvoiceFilter()))
        )
        last = session.get(Document, before) if before is not None else None
        if last is not None:
            query = query.where(
                or_(
                    Document.created_at < last.created_at,
                    (Document.created_at == last.created_at) & (Document.id < last.id),
                )
            )
        rows = session.execute(query.order_by(Document.created_at.desc(), Document.id.desc()).limit(limit))
        return [row_of(invoice, document, owner) for invoice, document, owner in rows]

    def count_invoices(
        self, session: Session, principal: Principal, wanted: InvoiceFilter | None = None
    ) -> int:
        """How many invoices the person may see."""
        query = (
            select(func.count())
            .select_from(Invoice)
            .join(Document, Document.id == Invoice.document_id)
            .where(*conditions(principal, wanted or InvoiceFilter()))
        )
        return session.scalar(query) or 0

    # pieces

    def _corrections(self, session: Session, document_id: UUID) -> dict[str, Plain | None]:
        """The newest correction of each field."""
        rows = session.scalars(
            select(InvoiceCorrection)
            .where(InvoiceCorrection.document_id == document_id)
            .order_by(InvoiceCorrection.at, InvoiceCorrection.id)
        )
        return {row.field: read_back(row.field, row.after) for row in rows if row.field in FIELDS}

    def _settle(
        self,
        session: Session,
        row: Invoice,
        facts: InvoiceFacts,
        corrections: Mapping[str, Plain | None],
        now: datetime,
    ) -> None:
        """Fill the columns with what counts, and check it anew."""
        counted = corrected(facts, corrections)
        # Before the installation is set up there is no company whose invoices these could be.
        with session.no_autoflush:
            entities = session.execute(
                select(LegalEntity.name, LegalEntity.social_credit_code)
                .where(LegalEntity.is_active, exists(select(Organisation.id)))
                .order_by(LegalEntity.name)
            ).all()
        for name, longest in _TEXT_COLUMNS.items():
            value = counted.get(name)
            setattr(row, name, str(value)[:longest] if value else None)
        for name in ("net", "tax", "total"):
            setattr(row, name, _fen(counted.get(name)))
        row.identity = counted.identity[:60] if counted.identity else None
        row.issue_date = counted.get("issue_date")
        currency = str(counted.get("currency") or "CNY").upper()
        row.currency = currency if len(currency) == 3 and currency.isascii() else "CNY"
        row.is_red = bool(counted.get("is_red"))
        today = now.astimezone(self._settings.zone).date()
        found = check(counted, [(name, code) for name, code in entities], today)
        row.warnings = [
            {"code": one.code, "context": dict(one.context)} for one in unique((*counted.warnings, *found))
        ]
        row.updated_at = now

    def _fields(self, session: Session, document_id: UUID, facts: InvoiceFacts) -> Iterable[FieldView]:
        newest: dict[str, CorrectionView] = {}
        for row, person in session.execute(
            select(InvoiceCorrection, Person.name)
            .join(Person, Person.id == InvoiceCorrection.person_id)
            .where(InvoiceCorrection.document_id == document_id)
            .order_by(InvoiceCorrection.at, InvoiceCorrection.id)
        ):
            newest[row.field] = CorrectionView(row.before, row.after, person, row.at)
        for name in FIELDS:
            fact, correction = facts.fields.get(name), newest.get(name)
            read = fact.value if fact else None
            value = read_back(name, correction.after) if correction else read
            yield FieldView(
                name=name,
                value=value,
                read=read,
                source=fact.source if fact else None,
                raw=fact.raw if fact else "",
                place=fact.place if fact else None,
                confidence=fact.confidence if fact else 0.0,
                others=fact.others if fact else (),
                correction=correction if value != read else None,
            )

    def _twins(self, session: Session, principal: Principal, document: Document, row: Invoice) -> Twins:
        is_same = Document.original_digest == document.original_digest
        if row.identity is not None:
            is_same = or_(is_same, Invoice.identity == row.identity)
        rows = session.execute(
            select(Document, Person.name, readable(principal, ResourceType.DOCUMENT, Document.id))
            .join(Person, Person.id == Document.owner_id)
            .join(Invoice, Invoice.document_id == Document.id, isouter=True)
            .where(is_same, Document.id != document.id, Document.state != DocumentState.REFUSED)
            .order_by(Document.created_at, Document.id)
        ).all()
        seen = tuple(
            TwinView(
                twin.id,
                twin.title,
                owner,
                twin.created_at,
                "file" if twin.original_digest == document.original_digest else "invoice",
            )
            for twin, owner, is_readable in rows
            if is_readable
        )
        return Twins(seen, len(rows) - len(seen))


def checked_reason(text: str) -> str:
    """A reason as it is kept. Raises ReasonNeeded when it is empty or too long."""
    kept = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if not kept or len(kept) > LONGEST_REASON:
        raise ReasonNeeded(field="reason", longest=LONGEST_REASON)
    return kept


def _fen(value: Any) -> Decimal | None:
    """An amount to the fen; None for what no invoice amounts to, which the column could not hold."""
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > MOST_MONEY:
        return None
    return value.quantize(_FEN, ROUND_HALF_UP)


def _check_view(session: Session, principal: Principal, row: InvoiceCheck, person: str | None) -> CheckView:
    shot = row.screenshot_id
    if shot is not None and not may_read(session, principal, ResourceType.DOCUMENT, shot):
        shot = None
    return CheckView(
        row.id, row.day, row.attempt, row.provider, row.inputs, row.outcome, row.answer, shot,
        row.remark, person, row.at,
    )  # fmt: skip

"""Contracts compared: one text with another, and the other side's signed copy with what was approved here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.errors import Forbidden, NotFound
from core.models import LegalEntity, Role
from core.permissions import Principal, ResourceType, access_terms, grant_access, require_read
from ingest.comparison import Change, compare, says_the_same
from ingest.errors import NotReady
from ingest.models import Document, DocumentKind, DocumentState, PageText, Version, VersionReason
from search.keeping import announce
from workflow.errors import CopyTaken, NotAContract
from workflow.models import Case, CaseDocument, CounterpartCopy, Decision
from workflow.submitted import SHEET_FIELD

RECOGNISED: Final = "recognised-text"
"""The finding of a version whose words were read optically."""


@dataclass(frozen=True)
class Comparison:
    """Two documents beside one another."""

    before: Document
    after: Document
    changes: tuple[Change, ...]

    @property
    def is_same_text(self) -> bool:
        """Whether they say the same, but for what recognition may have got wrong."""
        return says_the_same(self.changes)


@dataclass(frozen=True)
class Milestones:
    """The versions of a contract that matter: as submitted, as approved by all, as sealed."""

    submitted: int | None
    approved: int | None
    sealed: int | None


@dataclass(frozen=True)
class CopyView:
    """The other side's copy as the case's page shows it."""

    document_id: UUID
    title: str
    state: DocumentState
    of_document_id: UUID
    of_title: str
    of_version: int
    is_same_text: bool | None
    changes: tuple[Change, ...]


class Contracts:
    """Verbs belong to the caller's transaction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def compare(self, session: Session, principal: Principal, before: UUID, after: UUID) -> Comparison:
        """Compare the texts of two documents that the person may see. Raises NotFound, NotReady."""
        old, new = (self._ready(session, principal, one) for one in (before, after))
        return Comparison(old, new, self._changes(session, old, new))

    def milestones(self, session: Session, principal: Principal, document_id: UUID) -> Milestones:
        """Which version was submitted, which carries every approval, which the seal. Raises NotFound."""
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        digests = session.scalars(
            select(CaseDocument.digest_at_submit)
            .where(CaseDocument.document_id == document_id, CaseDocument.is_signed_in_place)
            .order_by(CaseDocument.round.desc())
        ).all()
        versions = session.scalars(
            select(Version).where(Version.document_id == document_id).order_by(Version.number)
        ).all()
        submitted = next((one.number for one in versions if digests and one.digest == digests[0]), None)
        signed = [one.number for one in versions if one.reason == VersionReason.SIGNED]
        sealed = [one.number for one in versions if one.reason == VersionReason.SEALED]
        before_seal = [number for number in signed if not sealed or number < sealed[0]]
        return Milestones(submitted, before_seal[-1] if before_seal else None, sealed[-1] if sealed else None)

    def add_counterpart_copy(
        self, session: Session, principal: Principal, case_id: UUID, of_document_id: UUID, document_id: UUID
    ) -> None:
        """Add the copy that the other side signed to a contract's case; its text is compared at once, or
        when it is read. For the applicant, who decided, and the legal department. Repeating it is harmless.

        Raises NotFound, Forbidden, NotAContract (the case holds no such contract), CopyTaken.
        """
        require_read(session, principal, ResourceType.CASE, case_id)
        case = session.get(Case, case_id)
        copy = session.get(Document, document_id, with_for_update=True)
        if case is None or copy is None or copy.owner_id != principal.person_id:
            raise NotFound(what="document")
        self._require_part(session, principal, case)
        held = session.get(CaseDocument, (case_id, of_document_id))
        if held is None or not held.is_signed_in_place or held.field == SHEET_FIELD:
            raise NotAContract()
        added = session.get(CounterpartCopy, document_id)
        is_taken = added is not None and (added.case_id, added.of_document_id) != (case_id, of_document_id)
        if is_taken or document_id == of_document_id:
            raise CopyTaken(title=copy.title)
        if added is not None:
            return
        now = self._clock.now()
        copy.kind = DocumentKind.CONTRACT
        row = CounterpartCopy(
            document_id=document_id,
            case_id=case_id,
            of_document_id=of_document_id,
            of_version=session.get_one(Document, of_document_id).current_version,
            is_same_text=None,
            differences=[],
            added_by=principal.person_id,
            at=now,
        )
        session.add(row)
        session.flush()
        terms = access_terms(session, ResourceType.CASE, [case_id])[case_id]
        grant_access(session, ResourceType.DOCUMENT, document_id, terms)
        self._settle(session, row)
        if row.is_same_text is None:
            outbox.enqueue(session, "workflow.compare_copy", {"document_id": str(document_id)}, now)
        audit.record(
            session,
            now,
            principal.person_id,
            "case.counterpart_copy",
            "case",
            case_id,
            {"document": str(document_id), "digest": copy.original_digest, "is_same": row.is_same_text},
        )
        announce(session, "document", document_id, now)

    def copies(self, session: Session, principal: Principal, case_id: UUID) -> list[CopyView]:
        """The other side's copies in a case, oldest first. Raises NotFound."""
        require_read(session, principal, ResourceType.CASE, case_id)
        rows = session.scalars(
            select(CounterpartCopy).where(CounterpartCopy.case_id == case_id).order_by(CounterpartCopy.at)
        ).all()
        return [self._view(session, row) for row in rows]

    def settle(self, session: Session, document_id: UUID) -> None:
        """Compare a copy that was not read yet when it was added. Raises NotReady while it is being read."""
        row = session.scalars(
            select(CounterpartCopy).where(CounterpartCopy.document_id == document_id).with_for_update()
        ).one_or_none()
        if row is None or row.is_same_text is not None:
            return
        self._settle(session, row)
        copy = session.get_one(Document, document_id)
        if copy.state == DocumentState.PROCESSING:
            raise NotReady(title=copy.title)

    def _settle(self, session: Session, row: CounterpartCopy) -> None:
        copy = session.get_one(Document, row.document_id)
        if copy.state != DocumentState.READY:
            return
        case = session.get_one(Case, row.case_id)
        names = [session.get_one(LegalEntity, case.entity_id).name, case.counterparty or ""]
        changes = self._changes(session, session.get_one(Document, row.of_document_id), copy, names)
        row.is_same_text = says_the_same(changes)
        row.differences = [change.to_json() for change in changes]

    def _view(self, session: Session, row: CounterpartCopy) -> CopyView:
        copy = session.get_one(Document, row.document_id)
        of = session.get_one(Document, row.of_document_id)
        return CopyView(
            document_id=copy.id,
            title=copy.title,
            state=DocumentState(copy.state),
            of_document_id=of.id,
            of_title=of.title,
            of_version=row.of_version,
            is_same_text=row.is_same_text,
            changes=tuple(Change.from_json(one) for one in row.differences),
        )

    def _require_part(self, session: Session, principal: Principal, case: Case) -> None:
        decided = session.scalar(
            select(Decision.id)
            .where(Decision.case_id == case.id, Decision.person_id == principal.person_id)
            .limit(1)
        )
        is_part = case.applicant_id == principal.person_id or decided is not None
        if not is_part and not principal.has(Role.LEGAL, case.entity_id):
            raise Forbidden(needs=Role.LEGAL.value)

    def _ready(self, session: Session, principal: Principal, document_id: UUID) -> Document:
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        document = session.get(Document, document_id)
        if document is None:
            raise NotFound(what="document")
        if document.state != DocumentState.READY:
            raise NotReady(title=document.title)
        return document

    def _changes(
        self, session: Session, old: Document, new: Document, names: Sequence[str] = ()
    ) -> tuple[Change, ...]:
        recognised = any(self._is_recognised(session, one.id) for one in (old, new))
        return compare(_texts(session, old.id), _texts(session, new.id), recognised=recognised, names=names)

    def _is_recognised(self, session: Session, document_id: UUID) -> bool:
        findings = session.scalars(select(Version.findings).where(Version.document_id == document_id))
        return any(one["code"] == RECOGNISED for found in findings for one in found)


def _texts(session: Session, document_id: UUID) -> list[str]:
    """The text of each page; empty where a page has none."""
    rows = session.execute(
        select(PageText.page, PageText.text)
        .where(PageText.document_id == document_id)
        .order_by(PageText.page)
    ).all()
    pages = [""] * (rows[-1].page if rows else 0)
    for number, text in rows:
        pages[number - 1] = text
    return pages

"""Documents and their versions: rows, permissions, compare-and-swap."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.i18n import Translator
from core.permissions import (
    Principal,
    ResourceType,
    grant_access,
    may_read,
    readable,
    require_read,
    term_department,
    term_entity,
    term_person,
)
from ingest.errors import NotReady, VersionConflict
from ingest.invoices.describing import describe
from ingest.invoices.facts import InvoiceFacts
from ingest.invoices.models import Invoice
from ingest.media import MediaType
from ingest.models import (
    Document,
    DocumentKind,
    DocumentState,
    Rendition,
    Stage,
    Version,
    VersionReason,
)
from search.keeping import announce
from storage.service import Kept, ObjectStore


class Documents:
    """What the database knows about documents. Verbs belong to the caller's transaction."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock

    def new_document(
        self,
        session: Session,
        *,
        kind: DocumentKind,
        title: str,
        owner_id: UUID,
        entity_id: UUID,
        department_id: UUID,
        kept: Kept,
        media_type: str,
        pages: int | None,
        reason: VersionReason,
        made_by: UUID | None,
        state: DocumentState = DocumentState.READY,
        parent_id: UUID | None = None,
    ) -> Document:
        """Make a document with its first version; adopts the object. Raises ObjectMissing."""
        now = self._clock.now()
        self._store.adopt(session, kept.digest)
        document = Document(
            kind=kind,
            title=title[:300],
            state=state,
            stage=Stage.DONE if state is DocumentState.READY else Stage.QUEUED,
            parent_id=parent_id,
            refusal=None,
            owner_id=owner_id,
            entity_id=entity_id,
            department_id=department_id,
            original_digest=kept.digest,
            current_version=1,
            created_at=now,
        )
        session.add(document)
        session.flush()
        session.add(
            Version(
                document_id=document.id,
                number=1,
                digest=kept.digest,
                size=kept.size,
                media_type=media_type,
                pages=pages,
                reason=reason,
                made_by=made_by,
                findings=[],
                created_at=now,
            )
        )
        terms = [term_person(owner_id), term_department(department_id), term_entity(entity_id)]
        grant_access(session, ResourceType.DOCUMENT, document.id, terms)
        audit.record(
            session,
            now,
            made_by,
            f"document.{reason.value}",
            "document",
            document.id,
            {"title": document.title, "digest": kept.digest, "size": kept.size},
        )
        announce(session, "document", document.id, now)
        return document

    def add_version(
        self,
        session: Session,
        document_id: UUID,
        *,
        expected: int,
        kept: Kept,
        reason: VersionReason,
        made_by: UUID | None,
        pages: int | None = None,
        media_type: str = MediaType.PDF.value,
    ) -> Version:
        """Make the next version, if ``expected`` is still the current one (compare-and-swap).

        Raises VersionConflict when somebody else was first; the caller's transaction must then not
        commit.
        """
        moved = session.execute(
            update(Document)
            .where(Document.id == document_id, Document.current_version == expected)
            .values(current_version=expected + 1)
        )
        if not moved.rowcount:  # type: ignore[attr-defined]
            raise VersionConflict(document=document_id)
        session.expire_all()
        self._store.adopt(session, kept.digest)
        version = Version(
            document_id=document_id,
            number=expected + 1,
            digest=kept.digest,
            size=kept.size,
            media_type=media_type,
            pages=pages if pages is not None else self.version(session, document_id, expected).pages,
            reason=reason,
            made_by=made_by,
            findings=[],
            created_at=self._clock.now(),
        )
        session.add(version)
        session.flush()
        return version

    def version(self, session: Session, document_id: UUID, number: int) -> Version:
        """One version. Raises NotFound."""
        found = session.scalar(
            select(Version).where(Version.document_id == document_id, Version.number == number)
        )
        if found is None:
            raise NotFound(what="version")
        return found

    def current(self, session: Session, document_id: UUID) -> Version:
        """The newest version. Raises NotFound."""
        found = session.scalar(
            select(Version)
            .join(Document, Document.id == Version.document_id)
            .where(Document.id == document_id, Version.number == Document.current_version)
        )
        if found is None:
            raise NotFound(what="document")
        return found

    def versions(self, session: Session, document_id: UUID) -> list[Version]:
        """All versions, oldest first."""
        return list(
            session.scalars(
                select(Version).where(Version.document_id == document_id).order_by(Version.number)
            )
        )

    def pdf_version(self, session: Session, document_id: UUID) -> Version:
        """The newest version that is a PDF. Raises NotReady when there is none."""
        found = session.scalar(
            select(Version)
            .where(Version.document_id == document_id, Version.media_type == MediaType.PDF.value)
            .order_by(Version.number.desc())
            .limit(1)
        )
        document = session.get(Document, document_id)
        if found is None or document is None or document.state != DocumentState.READY:
            raise NotReady(title=document.title if document else "")
        return found

    def get_document(self, session: Session, principal: Principal, document_id: UUID) -> Document:
        """A document that the person may see. Raises NotFound."""
        require_read(session, principal, ResourceType.DOCUMENT, document_id)
        document = session.get(Document, document_id)
        if document is None:
            raise NotFound(what="document")
        return document

    def list_documents(
        self,
        session: Session,
        principal: Principal,
        *,
        kind: DocumentKind | None = None,
        state: DocumentState | None = None,
        owner_id: UUID | None = None,
        before: UUID | None = None,
        limit: int = 25,
    ) -> list[Document]:
        """Documents the person may see, newest first; ``before`` is the last one of the page before."""
        query = select(Document).where(readable(principal, ResourceType.DOCUMENT, Document.id))
        if kind is not None:
            query = query.where(Document.kind == kind)
        if state is not None:
            query = query.where(Document.state == state)
        if owner_id is not None:
            query = query.where(Document.owner_id == owner_id)
        last = session.get(Document, before) if before is not None else None
        if last is not None:
            query = query.where(
                or_(
                    Document.created_at < last.created_at,
                    (Document.created_at == last.created_at) & (Document.id < last.id),
                )
            )
        return list(
            session.scalars(query.order_by(Document.created_at.desc(), Document.id.desc()).limit(limit))
        )

    def count_documents(self, session: Session, principal: Principal) -> int:
        """How many documents the person may see."""
        query = select(func.count()).select_from(Document)
        return session.scalar(query.where(readable(principal, ResourceType.DOCUMENT, Document.id))) or 0

    def rename(self, session: Session, principal: Principal, document_id: UUID, title: str) -> None:
        """Give a document of one's own another title."""
        document = self.get_document(session, principal, document_id)
        if document.owner_id != principal.person_id:
            raise NotFound(what="document")
        document.title = title_of(title)
        now = self._clock.now()
        audit.record(
            session,
            now,
            principal.person_id,
            "document.renamed",
            "document",
            document_id,
            {"title": document.title},
        )
        announce(session, "document", document_id, now)

    def describe(self, session: Session, document_id: UUID, text: Translator) -> dict[str, Any]:
        """The object that ``vermilion ingest --json`` prints for a document."""
        document = session.get(Document, document_id)
        if document is None:
            raise NotFound(what="document")
        original = self.version(session, document_id, 1)
        newest = self.current(session, document_id)
        refusal = document.refusal
        error = None
        if refusal is not None:
            message = text.text(f"error-{refusal['code']}", **refusal["context"])
            error = {"code": refusal["code"], "message": message}
        invoice = session.get(Invoice, document_id)
        earlier = self._earlier(session, document, invoice)
        return {
            "sha256": document.original_digest,
            "document": str(document.id),
            "kind": document.kind,
            "media_type": original.media_type,
            "pages": newest.pages or 0,
            "duplicate_of": str(earlier) if earlier else None,
            "invoice": describe(InvoiceFacts.from_json(invoice.facts)) if invoice else None,
            "warnings": warnings_of(document, newest, invoice, text),
            "error": error,
        }

    def _earlier(self, session: Session, document: Document, invoice: Invoice | None) -> UUID | None:
        """The owner's first document of the same bytes or of the same invoice, when this is a later one.

        Other people's documents may be none of their business.
        """
        is_same = Document.original_digest == document.original_digest
        if invoice is not None and invoice.identity is not None:
            same_invoice = select(Invoice.document_id).where(Invoice.identity == invoice.identity)
            is_same = or_(is_same, Document.id.in_(same_invoice))
        return session.scalar(
            select(Document.id)
            .where(
                is_same,
                Document.id != document.id,
                Document.owner_id == document.owner_id,
                or_(
                    Document.created_at < document.created_at,
                    (Document.created_at == document.created_at) & (Document.id < document.id),
                ),
            )
            .order_by(Document.created_at, Document.id)
            .limit(1)
        )

    def members(self, session: Session, document_id: UUID) -> list[Document]:
        """The documents that came inside this one, by name."""
        return list(
            session.scalars(
                select(Document)
                .where(Document.parent_id == document_id)
                .order_by(Document.title, Document.id)
            )
        )

    def renditions(self, session: Session, version_id: UUID) -> list[Rendition]:
        """The other forms of a version that lie beside it."""
        return list(session.scalars(select(Rendition).where(Rendition.version_id == version_id)))

    def note_view(self, session: Session, principal: Principal, document_id: UUID, action: str) -> None:
        """Enter a view or download into the audit trail; ``action`` is ``viewed`` or ``downloaded``."""
        audit.record(
            session, self._clock.now(), principal.person_id, f"document.{action}", "document", document_id
        )

    def may_read(self, session: Session, principal: Principal, document_id: UUID) -> bool:
        """Whether the person may see the document."""
        return may_read(session, principal, ResourceType.DOCUMENT, document_id)


def warnings_of(
    document: Document, version: Version, invoice: Invoice | None, text: Translator
) -> list[dict[str, str]]:
    """What a person should know of a document, in words: findings, broken signatures, doubtful fields."""
    warnings = [
        {"code": finding["code"], "message": text.text(f"finding-{finding['code']}")}
        for finding in version.findings
    ]
    if document.verdict == "invalid":
        warnings.append({"code": "signature-broken", "message": text.text("warning-signature-broken")})
    for warning in invoice.warnings if invoice else ():
        message = text.text(f"warning-{warning['code']}", **warning["context"])
        warnings.append({"code": warning["code"], "message": message})
    return warnings


def title_of(file_name: str) -> str:
    """A title from what the sender calls the file: no folders, no control characters, never empty."""
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(letter for letter in name if letter.isprintable()).strip()
    return name[:300] or hashlib.sha256(file_name.encode("utf-8", "replace")).hexdigest()[:8]

"""The sheets of a case: the approval sheet, and the continuation sheets 续页 that follow it.

A sheet is certified when it is made, so no field can be added to it afterwards. What has no field, a
further round or an added approver, is signed on a continuation sheet, which names the digest of the
newest state of every sheet before it. All are made and entered here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import insert_unless_there
from core.i18n import translator
from core.permissions import ResourceType, share_access
from core.settings import Settings
from ingest.errors import VersionConflict
from ingest.models import Document, DocumentKind, Version, VersionReason
from ingest.service import IngestService
from search.keeping import announce
from signing.service import SigningService
from storage.service import Kept, ObjectStore
from workflow import sheet
from workflow.models import Case, CaseDocument, ContinuedSheet
from workflow.submitted import SHEET_FIELD

MOST_TRIES: Final = 100
"""How often something is made or signed anew because somebody else was quicker."""


@dataclass(frozen=True)
class SheetState:
    """A sheet of a case in its newest state."""

    document_id: UUID
    title: str
    digest: str


@dataclass(frozen=True)
class NamedState:
    """A state of an earlier sheet as a continuation sheet names it: digest, and its length in bytes.

    A sheet only grows, so the first ``size`` bytes of every later state have this digest too.
    """

    document_id: UUID
    digest: str
    size: int


@dataclass(frozen=True)
class MadeSheet:
    """A certified sheet that is kept but belongs to no case yet."""

    kept: Kept
    pages: int
    earlier: tuple[SheetState, ...]


class SheetsMoved(VersionConflict):
    """A sheet that the new one names was signed meanwhile, or is not the last one any more."""


class Sheets:
    """Makes sheets, outside of any transaction, and enters them."""

    def __init__(
        self, ingest: IngestService, signing: SigningService, store: ObjectStore, settings: Settings
    ) -> None:
        self._ingest = ingest
        self._signing = signing
        self._store = store
        self._settings = settings

    def states(self, session: Session, case_id: UUID) -> tuple[SheetState, ...]:
        """The sheets that a case has, oldest first."""
        rows = session.execute(
            select(Document.id, Document.title)
            .join(CaseDocument, CaseDocument.document_id == Document.id)
            .where(CaseDocument.case_id == case_id, CaseDocument.field == SHEET_FIELD)
            .order_by(Document.created_at, Document.id)
        ).all()
        return tuple(
            SheetState(document_id, title, self._ingest.current(session, document_id).digest)
            for document_id, title in rows
        )

    def make(
        self,
        data: sheet.SheetData,
        earlier: Sequence[SheetState],
        parts: Sequence[tuple[str, int]] = (),
    ) -> MadeSheet:
        """Typeset a sheet with its fields, draw ``parts`` (digest, pages) behind it, certify and keep it."""
        named = tuple(sheet.NamedSheet(one.title, one.digest) for one in earlier)
        typeset = sheet.typeset(replace(data, earlier=named))
        whole = self._ingest.archiving.attach(typeset.pdf, parts) if parts else typeset.pdf
        pdf = self._signing.add_fields(whole, typeset.fields)
        certified = self._signing.certify(pdf, f"{data.serial_number} {data.subject}")
        return MadeSheet(self._store.keep(certified), typeset.pages, tuple(earlier))

    def verify_url(self, token: str, earlier: Sequence[SheetState]) -> str:
        """What the code on a sheet leads to: the sheet's own verdict."""
        page = f"{self._settings.effective_public_url}/verify/{token}"
        return f"{page}?sheet={len(earlier) + 1}" if earlier else page

    def new_document(
        self,
        session: Session,
        made: MadeSheet,
        serial_number: str,
        *,
        owner_id: UUID,
        entity_id: UUID,
        department_id: UUID,
    ) -> Document:
        """The document of a new sheet; ``enter`` makes it one of its case's."""
        code = "sheet-title-continuation" if made.earlier else "sheet-title"
        return self._ingest.new_document(
            session,
            kind=DocumentKind.FORM,
            title=translator("zh-CN").text(code, serial=serial_number, number=str(len(made.earlier))),
            owner_id=owner_id,
            entity_id=entity_id,
            department_id=department_id,
            kept=made.kept,
            media_type="application/pdf",
            pages=made.pages,
            reason=VersionReason.CERTIFIED,
            made_by=None,
        )

    def enter(self, session: Session, case: Case, document_id: UUID, made: MadeSheet) -> None:
        """Put a new sheet behind those of its case. The caller holds the case's row.

        Raises SheetsMoved when those are no longer as the new one names them; the caller's transaction
        must then not commit.
        """
        if self.states(session, case.id) != made.earlier:
            raise SheetsMoved(document=document_id)
        row = {
            "case_id": case.id,
            "document_id": document_id,
            "field": SHEET_FIELD,
            "round": case.round,
            "digest_at_submit": made.kept.digest,
            "is_signed_in_place": True,
        }
        insert_unless_there(session, CaseDocument, [row])
        session.add_all(
            ContinuedSheet(sheet_id=document_id, earlier_id=one.document_id, digest=one.digest)
            for one in made.earlier
        )
        session.flush()
        share_access(session, ResourceType.CASE, case.id, ResourceType.DOCUMENT, document_id)
        announce(session, "document", document_id, case.submitted_at)


def continued(session: Session, case_id: UUID) -> dict[UUID, list[NamedState]]:
    """The earlier sheets that each continuation sheet of a case names, oldest first."""
    found: dict[UUID, list[NamedState]] = defaultdict(list)
    rows = session.execute(
        select(ContinuedSheet, Version.size)
        .join(CaseDocument, CaseDocument.document_id == ContinuedSheet.sheet_id)
        .join(Document, Document.id == ContinuedSheet.earlier_id)
        .join(
            Version,
            (Version.document_id == ContinuedSheet.earlier_id) & (Version.digest == ContinuedSheet.digest),
        )
        .where(CaseDocument.case_id == case_id)
        .order_by(Document.created_at, Document.id)
    )
    for row, size in rows:
        found[row.sheet_id].append(NamedState(row.earlier_id, row.digest, size))
    return found

"""Documents: taken in, processed, versioned, read through permissions.

A file that can be refused at once (empty, too large, of another type, encrypted, damaged) is
refused before anything is stored. What is found only in processing leaves the document in the state
*refused* with its reason, and the original where its owner can get at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from core.permissions import (
    Principal,
    ResourceType,
    readable,
)
from core.settings import Settings
from ingest import media
from ingest.documents import Documents, title_of
from ingest.errors import (
    FileEmpty,
    FileRefused,
    FileTooLarge,
    TypeNotAccepted,
)
from ingest.looking import Inspection, Looking
from ingest.media import MediaType
from ingest.models import Document, DocumentKind, DocumentState, PageText, Version, VersionReason
from ingest.sandbox import Sandbox
from search.service import announce
from storage.errors import ObjectTooLarge, StorageFull, StorageUnavailable
from storage.service import Kept, ObjectStore

_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True)
class Received:
    """What an upload became."""

    document_id: UUID
    digest: str
    size: int
    state: DocumentState
    duplicate_of: UUID | None


class IngestService(Documents):
    """Takes files in and keeps their versions."""

    def __init__(
        self, database: Database, store: ObjectStore, sandbox: Sandbox, clock: Clock, settings: Settings
    ) -> None:
        super().__init__(database, store, clock)
        self._sandbox = sandbox
        self._settings = settings
        self._staging = settings.home / "staging"
        self._staging.mkdir(parents=True, exist_ok=True)
        self._looking = Looking(store, sandbox, self._staging, settings.home / "cache" / "pictures")

    # taking in

    def receive(self, principal: Principal, stream: BinaryIO, file_name: str, kind: DocumentKind) -> Received:
        """Take one file in: checked, stored, and handed to processing.

        ``file_name`` becomes the title and nothing else. Opens its own transaction. Raises a
        FileRefused, StorageFull or StorageUnavailable; then nothing was kept.
        """
        spooled = self._staging / str(new_id())
        try:
            head = self._spool(stream, spooled)
            media_type = media.recognise(head)
            if media_type is None:
                raise TypeNotAccepted(
                    found=media.describe(head) or "unknown", accepted=", ".join(media.NAMES.values())
                )
            checked = self._sandbox.run(
                "check", spooled, media_type=media_type.value, most_pages=self._settings.upload_max_pages
            )
            kept = self._store.keep(spooled)
        except ObjectTooLarge as error:
            raise FileTooLarge(limit=self._settings.upload_max_bytes // 1024**2) from error
        finally:
            spooled.unlink(missing_ok=True)
        now = self._clock.now()
        with self._database.write() as session:
            duplicate = self._duplicate(session, principal, kept.digest)
            document = self.new_document(
                session,
                kind=kind,
                title=title_of(file_name),
                owner_id=principal.person_id,
                entity_id=principal.entity_id,
                department_id=principal.department_id,
                kept=kept,
                media_type=media_type.value,
                pages=int(checked["pages"]),
                reason=VersionReason.UPLOADED,
                made_by=principal.person_id,
                state=DocumentState.PROCESSING,
            )
            outbox.enqueue(session, "ingest.process", {"document_id": str(document.id)}, now)
        return Received(document.id, kept.digest, kept.size, DocumentState.PROCESSING, duplicate)

    def _spool(self, stream: BinaryIO, spooled: Path) -> bytes:
        """Write the stream to a file within the limit; returns its first bytes."""
        size, head, most = 0, b"", self._settings.upload_max_bytes
        try:
            with spooled.open("xb") as file:
                while piece := stream.read(_CHUNK):
                    size += len(piece)
                    if size > most:
                        raise FileTooLarge(limit=most // 1024**2)
                    if len(head) < media.HEAD:
                        head = (head + piece)[: media.HEAD]
                    file.write(piece)
        except OSError as error:
            if error.errno in (27, 28, 122):  # EFBIG, ENOSPC, EDQUOT
                raise StorageFull() from error
            raise StorageUnavailable(reason=error.strerror or str(error)) from error
        if size == 0:
            raise FileEmpty()
        return head

    def _duplicate(self, session: Session, principal: Principal, digest: str) -> UUID | None:
        """The oldest document of the same bytes among those the person may see."""
        return session.scalar(
            select(Document.id)
            .where(
                Document.original_digest == digest, readable(principal, ResourceType.DOCUMENT, Document.id)
            )
            .order_by(Document.created_at, Document.id)
            .limit(1)
        )

    def process(self, document_id: UUID) -> None:
        """Make the PDF where there is none, read text and findings. Harmless when repeated.

        What the parsers refuse ends as the state *refused*; a store that is down is raised, so that
        the task is tried again.
        """
        with self._database.read() as session:
            document = session.get(Document, document_id)
            if document is None or document.state != DocumentState.PROCESSING:
                return
            original = self.version(session, document_id, 1)
        source = self._staging / str(new_id())
        target = self._staging / str(new_id())
        try:
            self._store.fetch(original.digest, source)
            found = self._render(original, source, target)
            is_rendered = target.exists()
            readable_pdf = target if is_rendered else source
            texts = self._sandbox.run("text", readable_pdf, seconds=120)["pages"]
            kept = self._store.keep(target) if is_rendered else None
        except FileRefused as error:
            self._refuse(document_id, error)
            return
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
        self._finish(document_id, original, kept, int(found["pages"]), found["findings"], texts)

    def _render(self, original: Version, source: Path, target: Path) -> dict[str, Any]:
        """Make a PDF into ``target`` where the original is none, or a sound one where it is damaged.

        Returns the pages and findings of the PDF that people will read.
        """
        if original.media_type != MediaType.PDF.value:
            self._sandbox.run("image_to_pdf", source, target=str(target.absolute()), seconds=120)
            return self._sandbox.run("inspect", target)
        found = self._sandbox.run("inspect", source)
        codes = {finding["code"] for finding in found["findings"]}
        if "repaired" in codes and "signed" not in codes:
            self._sandbox.run("repair", source, target=str(target.absolute()), seconds=120)
            sound = self._sandbox.run("inspect", target)
            codes = {"repaired", *(finding["code"] for finding in sound["findings"])}
            return {"pages": sound["pages"], "findings": [{"code": code} for code in sorted(codes)]}
        return found

    def _finish(
        self,
        document_id: UUID,
        original: Version,
        kept: Kept | None,
        pages: int,
        findings: list[dict[str, Any]],
        texts: Sequence[str],
    ) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            document = session.scalars(
                select(Document).where(Document.id == document_id).with_for_update()
            ).one()
            if document.state != DocumentState.PROCESSING:
                return
            if kept is None:
                row = session.get_one(Version, original.id)
                row.pages, row.findings = pages, findings
            else:
                made = self.add_version(
                    session,
                    document_id,
                    expected=1,
                    kept=kept,
                    reason=VersionReason.RENDERED,
                    made_by=None,
                    pages=pages,
                )
                made.findings = findings
            session.add_all(
                PageText(
                    document_id=document_id,
                    page=number,
                    text=words.replace("\x00", "").replace("\r\n", "\n"),
                )
                for number, words in enumerate(texts, start=1)
                if words.strip()
            )
            document.state = DocumentState.READY
            audit.record(
                session,
                now,
                None,
                "document.processed",
                "document",
                document_id,
                {"pages": pages, "findings": [finding["code"] for finding in findings]},
            )
            announce(session, "document", document_id, now)

    def _refuse(self, document_id: UUID, error: FileRefused) -> None:
        now = self._clock.now()
        context = {key: str(value) for key, value in error.context.items()}
        with self._database.write() as session:
            document = session.scalars(
                select(Document).where(Document.id == document_id).with_for_update()
            ).one()
            if document.state != DocumentState.PROCESSING:
                return
            document.state = DocumentState.REFUSED
            document.refusal = {"code": error.code, "context": context}
            audit.record(
                session, now, None, "document.refused", "document", document_id, {"code": error.code}
            )
            announce(session, "document", document_id, now)

    # looking inside

    def page_picture(self, digest: str, page: int, width: int) -> bytes:
        """A page (from 1) of a PDF object as PNG, at least ``width`` pixels wide, at most 1600.

        The caller has checked that the person may see the document. Raises FileRefused.
        """
        return self._looking.page_picture(digest, page, width)

    def inspect(self, data: bytes) -> Inspection:
        """Pages and findings of a PDF. Raises FileRefused."""
        return self._looking.inspect(data)

    def signable(self, data: bytes) -> Inspection:
        """Raise ActiveContent when a PDF must not be signed in place; else what was found in it."""
        return self._looking.signable(data)

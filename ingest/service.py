"""Documents: taken in, processed, versioned, read through permissions.

A file that can be refused at once (empty, too large, of another type, encrypted, damaged) is
refused before anything is stored. What is found only in processing leaves the document in the state
*refused* with its reason, and the original where its owner can get at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
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
from ingest.antivirus import Antivirus
from ingest.archiving import Archiving
from ingest.documents import Documents, title_of
from ingest.errors import FileEmpty, FileTooLarge, TypeNotAccepted
from ingest.invoices.service import InvoiceService
from ingest.looking import Compared, Inspection, Looking
from ingest.media import MediaType
from ingest.models import (
    Document,
    DocumentKind,
    DocumentState,
    Rendition,
    RenditionPurpose,
    Version,
    VersionReason,
)
from ingest.pdf_findings import UNSIGNABLE
from ingest.processing import Processing
from ingest.sandbox import Sandbox
from ingest.words import Place
from signing.source import Source
from signing.verification.states import View
from storage.errors import ObjectTooLarge, StorageFull, StorageUnavailable
from storage.service import Kept, ObjectStore

_CHUNK: Final = 1024 * 1024
_PICTURES: Final = media.IMAGES | {MediaType.PDF}


@dataclass(frozen=True)
class Received:
    """What an upload became."""

    document_id: UUID
    digest: str
    size: int
    state: DocumentState
    duplicate_of: UUID | None


@dataclass(frozen=True)
class PlainPicture:
    """An uploaded picture: its own bytes, and the same upright in sRGB as PNG."""

    original: bytes
    png: bytes


class IngestService(Documents):
    """Takes files in and keeps their versions."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        sandbox: Sandbox,
        clock: Clock,
        settings: Settings,
        invoices: InvoiceService,
        antivirus: Antivirus,
    ) -> None:
        super().__init__(database, store, clock)
        self._antivirus = antivirus
        self.archiving = Archiving(database, store, sandbox, clock, settings.home / "staging")
        self.processing = Processing(
            database, store, sandbox, clock, settings, self, invoices, self.archiving
        )
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
            self._spool(stream, spooled)
            media_type, pages = self.processing.judge(spooled)
            self._antivirus.scan(spooled)
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
                media_type=media_type,
                pages=pages or None,
                reason=VersionReason.UPLOADED,
                made_by=principal.person_id,
                state=DocumentState.PROCESSING,
            )
            outbox.enqueue(session, "ingest.process", {"document_id": str(document.id)}, now)
        return Received(document.id, kept.digest, kept.size, DocumentState.PROCESSING, duplicate)

    def _spool(self, stream: BinaryIO, spooled: Path) -> None:
        """Write the stream to a file within the limit."""
        size, most = 0, self._settings.upload_max_bytes
        try:
            with spooled.open("xb") as file:
                while piece := stream.read(_CHUNK):
                    size += len(piece)
                    if size > most:
                        raise FileTooLarge(limit=most // 1024**2)
                    file.write(piece)
        except OSError as error:
            if error.errno in (27, 28, 122):  # EFBIG, ENOSPC, EDQUOT
                raise StorageFull() from error
            raise StorageUnavailable(reason=error.strerror or str(error)) from error
        if size == 0:
            raise FileEmpty()

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

    # later work

    def process(self, document_id: UUID, finish: Callable[[Session], None] | None = None) -> None:
        """Read the original and write down what it is (``Processing.process``)."""
        self.processing.process(document_id, finish)

    def flatten(self, principal: Principal, document_id: UUID) -> UUID:
        """Make a document of the pages as they look, to be signed in place of one with active content.

        The original stays as it is. Returns the new document's id. Opens its own transactions. Raises
        NotFound, NotReady, FileRefused.
        """
        with self._database.read() as session:
            document = self.get_document(session, principal, document_id)
            version = self.pdf_version(session, document_id)
        self.archiving.make(version.id, RenditionPurpose.FLATTENED)
        now = self._clock.now()
        with self._database.write() as session:
            made = session.get_one(Rendition, (version.id, RenditionPurpose.FLATTENED))
            flat = self.new_document(
                session,
                kind=DocumentKind(document.kind),
                title=document.title,
                owner_id=principal.person_id,
                entity_id=principal.entity_id,
                department_id=principal.department_id,
                kept=Kept(made.digest, made.size),
                media_type=MediaType.PDF.value,
                pages=made.pages,
                reason=VersionReason.FLATTENED,
                made_by=principal.person_id,
                state=DocumentState.PROCESSING,
                parent_id=document.id,
            )
            outbox.enqueue(session, "ingest.process", {"document_id": str(flat.id)}, now)
        return flat.id

    # looking inside

    def page_picture(self, digest: str, page: int, width: int) -> bytes:
        """A page (from 1) of a PDF object as PNG, at least ``width`` pixels wide, at most 1600.

        The caller has checked that the person may see the document. Raises FileRefused.
        """
        return self._looking.page_picture(digest, page, width)

    def find(self, digest: str, keyword: str) -> list[Place]:
        """Where a keyword stands in a PDF object; the caller has checked that the person may see it.

        Raises FileRefused.
        """
        return self._looking.find(digest, keyword)

    def picture_of(self, file: Path | Iterable[bytes | memoryview], page: int, width: int) -> bytes:
        """A page (from 1) of a PDF that is not kept, as PNG ``width`` pixels wide. Raises FileRefused."""
        return self._looking.picture_of(file, page, width)

    def before_and_after(self, source: Source, views: Iterable[View], width: int) -> list[Compared]:
        """Pages that revisions changed, before and after; see ``Looking.before_and_after``."""
        return self._looking.before_and_after(source, views, width)

    def plain_picture(self, stream: BinaryIO) -> PlainPicture:
        """A picture file, or the first page of a PDF, that does not become a document. Nothing is kept.

        Raises a FileRefused.
        """
        spooled, target = self._staging / str(new_id()), self._staging / f"{new_id()}.png"
        try:
            self._spool(stream, spooled)
            with spooled.open("rb") as file:
                head = file.read(media.HEAD)
            family = media.recognise(head)
            if family is None or family not in _PICTURES:
                found = {MediaType.ZIP: "zip", MediaType.XML: "xml"}.get(family) if family else None
                accepted = ", ".join(sorted(media.NAMES[one] for one in _PICTURES))
                raise TypeNotAccepted(found=found or media.describe(head) or "unknown", accepted=accepted)
            self._antivirus.scan(spooled)
            self._sandbox.run("plain", spooled, media_type=family.value, target=str(target.absolute()))
            return PlainPicture(spooled.read_bytes(), target.read_bytes())
        finally:
            spooled.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def inspect(self, file: bytes | Path) -> Inspection:
        """Pages and findings of a PDF. Raises FileRefused."""
        return self._looking.inspect(file)

    def signable(self, file: bytes | Path) -> Inspection:
        """Raise ActiveContent when a PDF must not be signed in place; else what was found in it."""
        return self._looking.signable(file)

    def note_unsignable(self, version_id: UUID) -> None:
        """Write down that a version cannot be signed as it is, so that a copy that can is offered."""
        with self._database.write() as session:
            version = session.get_one(Version, version_id)
            if all(one["code"] != UNSIGNABLE for one in version.findings):
                version.findings = [*version.findings, {"code": UNSIGNABLE}]

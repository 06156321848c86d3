"""What is done with a file after it was taken in: read it, keep what it became, tell what was found.

``Processing.process`` is the task's verb. The slow part (the worker process, the object store) runs
without a transaction; then everything is written at once.
"""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.ids import new_id
from core.settings import Settings
from ingest import limits, media, office
from ingest.archiving import Archiving
from ingest.documents import Documents, title_of
from ingest.errors import ActiveContentRefused, FileRefused, NestedTooDeep, ParserFailed, TypeNotAccepted
from ingest.invoices.facts import InvoiceFacts
from ingest.invoices.service import InvoiceService
from ingest.media import CONTAINERS, IMAGES, OFFICE, MediaType
from ingest.models import (
    Document,
    DocumentKind,
    DocumentState,
    PageText,
    RenditionPurpose,
    Stage,
    Version,
    VersionReason,
)
from ingest.pdf import SIGN_BLOCKERS
from ingest.sandbox import DEFAULT_SECONDS, Sandbox
from search.keeping import announce
from signing.trust import stored_roots
from storage.service import Kept, ObjectStore

DEEPEST: Final = 2
"""Containers inside containers; a third one is refused."""
UNKNOWN_TYPE: Final = "application/octet-stream"


Finish = Callable[[Session], None]


def begin(session: Session, document_id: UUID) -> None:
    """Note that a file is being read, in the transaction of whoever takes that on."""
    session.execute(
        update(Document)
        .where(Document.id == document_id, Document.state == DocumentState.PROCESSING)
        .values(stage=Stage.READING)
    )


@dataclass(frozen=True)
class _Made:
    """A PDF that was made of the original, and the archival one where it is known already."""

    shown: Kept | None
    archival: Kept | None
    standard: str | None
    method: str


@dataclass(frozen=True)
class _Child:
    """A file that came inside another one: kept, or kept with the reason why it is refused."""

    name: str
    kept: Kept
    media_type: str
    pages: int
    refusal: FileRefused | None


class Processing:
    """The work behind ``ingest.process``."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        sandbox: Sandbox,
        clock: Clock,
        settings: Settings,
        documents: Documents,
        invoices: InvoiceService,
        archiving: Archiving,
    ) -> None:
        self._database = database
        self._store = store
        self._sandbox = sandbox
        self._clock = clock
        self._settings = settings
        self._documents = documents
        self._invoices = invoices
        self._archiving = archiving
        self._staging = settings.home / "staging"

    def process(self, document_id: UUID, finish: Finish | None = None) -> None:
        """Read the original and write down what it is. Harmless when repeated.

        ``finish`` is called in the transaction that writes. What the parsers refuse ends as the state
        *refused*; a store that is down is raised, so that the task is tried again.
        """
        started = self._start(document_id)
        if started is None:
            return
        original, roots, depth = started
        with self._folder() as folder:
            source = folder / "original"
            self._store.fetch(original.digest, source)
            work = folder / "work"
            work.mkdir()
            try:
                found = self._read(original, source, work, roots)
                self._require_harmless(found["findings"])
                made = self._keep_made(found, work)
                children = self._children(original, found, work, depth)
            except FileRefused as error:
                self._refuse(document_id, error, finish)
                return
        self._finish(document_id, original, found, made, children, finish)

    def _start(self, document_id: UUID) -> tuple[Version, list[bytes], int] | None:
        with self._database.read() as session:
            document = session.get(Document, document_id)
            if document is None or document.state != DocumentState.PROCESSING:
                return None
            original = self._documents.version(session, document_id, 1)
            depth, parent = 0, document.parent_id
            while parent is not None and depth <= DEEPEST:
                depth += 1
                parent = session.get_one(Document, parent).parent_id
            return original, stored_roots(session), depth

    def _read(self, original: Version, source: Path, work: Path, roots: list[bytes]) -> dict[str, Any]:
        media_type = MediaType(original.media_type)
        made_by_office = None
        if media_type in OFFICE:  # LibreOffice is a program of its own and cannot run in the worker
            source = made_by_office = office.to_pdf(source, work, limits.OFFICE_SECONDS)
            media_type = MediaType.PDF
        recognising = 0.0
        if media_type is MediaType.PDF or media_type in IMAGES:
            recognising = limits.recognising_seconds(original.pages)
        found = self._sandbox.run(
            "read",
            source,
            folder=str(work.absolute()),
            media_type=media_type.value,
            trust=[base64.b64encode(root).decode() for root in roots],
            at=self._clock.now().isoformat(),
            most_pages=self._settings.upload_max_pages,
            recognising_seconds=recognising,
            seconds=limits.READING_SECONDS + recognising,
        )
        if made_by_office is not None and found["pdf"] is None:
            found["pdf"], found["standard"] = made_by_office.name, office.STANDARD
        return found

    def _require_harmless(self, findings: list[dict[str, Any]]) -> None:
        """Raise ActiveContentRefused where the installation takes no files that act."""
        active = sorted(SIGN_BLOCKERS & {one["code"] for one in findings})
        if active and self._settings.active_content == "refuse":
            raise ActiveContentRefused(first=active[0])

    def _keep_made(self, found: dict[str, Any], work: Path) -> _Made:
        """Keep the PDF, and the archival one where it has to be made from what lies in the folder."""
        shown = self._store.keep(work / found["pdf"]) if found["pdf"] else None
        ground = found["searchable"] or (found["pdf"] if found["attachments"] else None)
        if ground is None:
            return _Made(shown, shown if found["standard"] else None, found["standard"], "as_is")
        target = work / "archival.pdf"
        answer = self._sandbox.run(
            "archival",
            work / ground,
            target=str(target.absolute()),
            folder=str(work.absolute()),
            attachments=found["attachments"],
            seconds=limits.RENDERING_SECONDS,
        )
        return _Made(shown, self._store.keep(target), answer["standard"], answer["method"])

    # members

    def _children(self, original: Version, found: dict[str, Any], work: Path, depth: int) -> list[_Child]:
        """Keep the files that came inside; each is judged by itself."""
        if MediaType(original.media_type) not in CONTAINERS:
            return []
        until = time.monotonic() + limits.JUDGING_SECONDS
        return [
            self._child(work / member["file"], member["name"], depth, until) for member in found["members"]
        ]

    def _child(self, path: Path, name: str, depth: int, until: float) -> _Child:
        refusal: FileRefused | None = None
        kind, pages = UNKNOWN_TYPE, 0
        try:
            kind, pages = self.judge(path, until - time.monotonic())
            if depth + 1 >= DEEPEST and MediaType(kind) in CONTAINERS:
                raise NestedTooDeep(limit=DEEPEST)
        except FileRefused as error:
            refusal = error
        return _Child(name, self._store.keep(path), kind, pages, refusal)

    def judge(self, path: Path, seconds: float = DEFAULT_SECONDS) -> tuple[str, int]:
        """The media type of a file and its pages as far as they are known. Raises FileRefused."""
        if seconds <= 0:
            raise ParserFailed(reason="time")
        with path.open("rb") as file:
            head = file.read(media.HEAD)
        family = media.recognise(head)
        if family is None:
            accepted = ", ".join(media.NAMES.values())
            raise TypeNotAccepted(found=media.describe(head) or "unknown", accepted=accepted)
        checked = self._sandbox.run(
            "check",
            path,
            media_type=family.value,
            most_pages=self._settings.upload_max_pages,
            seconds=min(seconds, DEFAULT_SECONDS),
        )
        return str(checked["media_type"]), int(checked["pages"])

    # writing

    def _finish(
        self,
        document_id: UUID,
        original: Version,
        found: dict[str, Any],
        made: _Made,
        children: list[_Child],
        finish: Finish | None,
    ) -> None:
        now = self._clock.now()
        facts = InvoiceFacts.from_json(found["facts"]) if found["facts"] else None
        with self._database.write() as session:
            if finish is not None:
                finish(session)
            document = self._still_processing(session, document_id)
            if document is None:
                return
            shown = self._write_version(session, document, original, found, made)
            if made.archival is not None:
                facts_of = {"pages": found["pages"], "standard": made.standard, "method": made.method}
                self._archiving.add(session, shown.id, RenditionPurpose.ARCHIVAL, made.archival, facts_of)
            elif found["pages"]:
                outbox.enqueue(session, "ingest.archive", {"version_id": str(shown.id)}, now)
            if SIGN_BLOCKERS & {one["code"] for one in found["findings"]}:
                outbox.enqueue(session, "ingest.neutralise", {"version_id": str(shown.id)}, now)
            self._write_texts(session, document_id, found["texts"])
            document.state, document.stage = DocumentState.READY, Stage.DONE
            document.verdict, document.signatures = found["verdict"], found["signatures"]
            if facts is not None:
                if document.kind == DocumentKind.ATTACHMENT and facts.identity and facts.get("total"):
                    document.kind = DocumentKind.INVOICE
                self._invoices.record(session, document_id, facts)
            for child in children:
                self._write_child(session, document, child, now)
            audit.record(
                session, now, None, "document.processed", "document", document_id,
                {
                    "pages": found["pages"],
                    "findings": [one["code"] for one in found["findings"]],
                    "verdict": found["verdict"],
                    "members": len(children),
                },
            )  # fmt: skip
            announce(session, "document", document_id, now)

    def _still_processing(self, session: Session, document_id: UUID) -> Document | None:
        document = session.scalars(select(Document).where(Document.id == document_id).with_for_update()).one()
        return document if document.state == DocumentState.PROCESSING else None

    def _write_version(
        self, session: Session, document: Document, original: Version, found: dict[str, Any], made: _Made
    ) -> Version:
        """The version that people see: a new one when a PDF was made, else the original itself."""
        if made.shown is None:
            row = session.get_one(Version, original.id)
            row.pages, row.findings = found["pages"], found["findings"]
            return row
        version = self._documents.add_version(
            session,
            document.id,
            expected=1,
            kept=made.shown,
            reason=VersionReason.RENDERED,
            made_by=None,
            pages=found["pages"],
        )
        version.findings = found["findings"]
        return version

    def _write_texts(self, session: Session, document_id: UUID, texts: list[str]) -> None:
        session.add_all(
            PageText(document_id=document_id, page=number, text=words.replace("\x00", ""))
            for number, words in enumerate(texts, start=1)
            if words.strip()
        )

    def _write_child(self, session: Session, parent: Document, child: _Child, now: datetime) -> None:
        document = self._documents.new_document(
            session,
            kind=DocumentKind(parent.kind),
            title=title_of(child.name),
            owner_id=parent.owner_id,
            entity_id=parent.entity_id,
            department_id=parent.department_id,
            kept=child.kept,
            media_type=child.media_type,
            pages=child.pages or None,
            reason=VersionReason.UPLOADED,
            made_by=parent.owner_id,
            state=DocumentState.REFUSED if child.refusal else DocumentState.PROCESSING,
            parent_id=parent.id,
        )
        if child.refusal is not None:
            document.refusal, document.stage = _plain(child.refusal), Stage.DONE
        else:
            outbox.enqueue(session, "ingest.process", {"document_id": str(document.id)}, now)

    def _refuse(self, document_id: UUID, error: FileRefused, finish: Finish | None) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            if finish is not None:
                finish(session)
            document = self._still_processing(session, document_id)
            if document is None:
                return
            document.state, document.stage = DocumentState.REFUSED, Stage.DONE
            document.refusal = _plain(error)
            audit.record(
                session, now, None, "document.refused", "document", document_id, {"code": error.code}
            )
            announce(session, "document", document_id, now)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        folder = self._staging / str(new_id())
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _plain(error: FileRefused) -> dict[str, Any]:
    return {"code": error.code, "context": {key: str(value) for key, value in error.context.items()}}

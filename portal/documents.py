"""Documents: the list, one document with its versions, and its bytes, always through permission."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.errors import NotFound, VermilionError
from core.models import Person
from core.permissions import Principal, ResourceType, readable, require_read
from ingest.documents import warnings_of
from ingest.errors import NotReady
from ingest.invoices.models import Invoice
from ingest.media import ENDINGS, MediaType
from ingest.models import Document, DocumentKind, DocumentState, Rendition, RenditionPurpose, Version
from ingest.pdf import SIGN_BLOCKERS
from ingest.service import IngestService
from portal import invoices
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.notices import look_at
from portal.security import FILE_POLICY
from portal.uploads import may_flatten, refusal_text
from portal.visit import Visit
from storage.service import ObjectStore
from workflow.contracts import Contracts
from workflow.models import Case, CaseDocument

router = pages()

PAGE_SIZE: Final = 25
PICTURE_WIDTHS: Final = (120, 240, 600, 1100, 1600)
"""Page pictures come in these widths, in pixels; what is asked for is rounded up."""
_SAME_VIEW: Final = timedelta(hours=1)
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


class ViewLog:
    """Which views the audit trail has already, so that leafing through pages makes one entry an hour."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._seen: OrderedDict[tuple[UUID, str, str], datetime] = OrderedDict()
        self._capacity = capacity
        self._lock = threading.Lock()

    def is_new(self, person_id: UUID, action: str, digest: str, now: datetime) -> bool:
        """Whether this has not been noted within the hour; afterwards it has."""
        key = (person_id, action, digest)
        with self._lock:
            last = self._seen.pop(key, None)
            is_new = last is None or now - last > _SAME_VIEW
            self._seen[key] = now if last is None or is_new else last
            while len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
        return is_new


_VIEWS: Final = ViewLog()


@dataclass(frozen=True)
class Held:
    """A version that the reader may have."""

    document: Document
    version: Version


@router.get("/documents")
def list_documents(
    request: Request, visit: Visiting, kind: str = "", state: str = "", before: str = ""
) -> Response:
    """The documents that the reader may see, newest first."""
    ingest = visit.runtime.get(IngestService)
    wanted_kind = next((item for item in DocumentKind if item.value == kind), None)
    wanted_state = next((item for item in DocumentState if item.value == state), None)
    with visit.runtime.database.read() as session:
        rows = ingest.list_documents(
            session,
            visit.person,
            kind=wanted_kind,
            state=wanted_state,
            before=as_id(before),
            limit=PAGE_SIZE + 1,
        )
        shown = rows[:PAGE_SIZE]
        versions = {row.id: ingest.current(session, row.id) for row in shown}
        owners = names_of(session, {row.owner_id for row in shown})
    return page(
        request,
        visit,
        "documents.html",
        documents=shown,
        versions=versions,
        owners=owners,
        kinds=list(DocumentKind),
        states=list(DocumentState),
        kind=kind,
        state=state,
        next_before=str(shown[-1].id) if len(rows) > PAGE_SIZE else None,
    )


@router.get("/documents/{document_id}")
def show_document(
    request: Request, visit: Visiting, document_id: UUID, version: int = 0, asked: str = ""
) -> Response:
    """One document: to read, its versions, to download."""
    return document_page(request, visit, document_id, version=version, asked=asked == "1")


def document_page(
    request: Request,
    visit: Visit,
    document_id: UUID,
    *,
    version: int = 0,
    asked: bool = False,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The page of a document. ``errors`` by form, ``typed`` by input: what a form on it was sent with."""
    ingest = visit.runtime.get(IngestService)
    with visit.runtime.database.read() as session:
        document = ingest.get_document(session, visit.person, document_id)
        versions = sorted(ingest.versions(session, document_id), key=lambda item: item.number, reverse=True)
        shown = next((item for item in versions if item.number == version), None) or versions[0]
        if shown.media_type != "application/pdf" and not version:
            shown = next((item for item in versions if item.media_type == "application/pdf"), shown)
        parent = session.get(Document, document.parent_id) if document.parent_id else None
        if parent is not None and not ingest.may_read(session, visit.person, parent.id):
            parent = None
        members = ingest.members(session, document_id)
        context = {
            "people": names_of(session, {document.owner_id, *(v.made_by for v in versions if v.made_by)}),
            "cases": cases_of(session, visit.person, document_id),
            "milestones": visit.runtime.get(Contracts).milestones(session, visit.person, document_id),
            "renditions": ingest.renditions(session, shown.id),
            "warnings": warnings_of(document, shown, session.get(Invoice, document_id), visit.translator),
            "invoice": invoices.panel(session, visit, document),
            "comparable": comparable(session, visit, document),
        }
    look_at(visit, "document", document_id)
    return page(
        request,
        visit,
        "document.html",
        status=status,
        document=document,
        parent=parent,
        members=[member for member in members if member.state != DocumentState.PROCESSING],
        members_waiting=sum(member.state == DocumentState.PROCESSING for member in members),
        reasons={one.id: refusal_text(visit, one) for one in members if one.state == DocumentState.REFUSED},
        asked=asked,
        signatures=(document.signatures or {}).get(visit.language),
        may_flatten=may_flatten(visit, document, shown),
        versions=versions,
        shown=shown,
        refusal=refusal_text(visit, document) if document.state == DocumentState.REFUSED else None,
        errors=errors or {},
        typed=typed or {},
        **context,
    )


@router.post("/documents/{document_id}/flatten")
def flatten(request: Request, visit: Visiting, document_id: UUID) -> Response:
    """Make a document of the pages as they look, to be signed in place of one with active content."""
    try:
        made = visit.runtime.get(IngestService).flatten(visit.person, document_id)
    except NotFound:
        raise
    except VermilionError as error:
        if error.status >= 500:
            raise
        errors = {"flatten": visit.translator.error(error)}
        return document_page(request, visit, document_id, errors=errors, status=error.status)
    return see_other(request, f"/documents/{made}")


@router.get("/documents/{document_id}/archival")
def download_archival(request: Request, visit: Visiting, document_id: UUID, digest: str) -> Response:
    """The PDF/A that is kept beside a version. Raises NotFound while there is none."""
    held = hold(visit, document_id, digest)
    with visit.runtime.database.read() as session:
        found = visit.runtime.get(IngestService).renditions(session, held.version.id)
    archival = next((one for one in found if one.purpose == RenditionPurpose.ARCHIVAL), None)
    if archival is None:
        raise NotFound(what="rendition")
    note(visit, "document.downloaded", held, always=True)
    return send(request, visit, rendered(held, archival), "attachment")


@router.get("/documents/{document_id}/content")
def content(request: Request, visit: Visiting, document_id: UUID, digest: str = "") -> Response:
    """The PDF itself, for the viewer. Answers byte ranges (RFC 9110, 14)."""
    held = hold(visit, document_id, digest)
    note(visit, "document.viewed", held)
    return send(request, visit, harmless(visit, held), "inline")


@router.get("/documents/{document_id}/download")
def download(request: Request, visit: Visiting, document_id: UUID, digest: str = "") -> Response:
    """A version as a file to keep."""
    held = hold(visit, document_id, digest)
    note(visit, "document.downloaded", held, always=True)
    return send(request, visit, held, "attachment")


@router.get("/documents/{document_id}/pages/{number}.png")
def page_picture(
    visit: Visiting, document_id: UUID, number: int, width: int = 1100, digest: str = ""
) -> Response:
    """One page as a picture."""
    held = hold(visit, document_id, digest)
    if not 1 <= number <= (held.version.pages or 0):
        raise NotFound(what="page")
    wanted = next((allowed for allowed in PICTURE_WIDTHS if allowed >= width), PICTURE_WIDTHS[-1])
    if wanted > PICTURE_WIDTHS[1]:
        note(visit, "document.viewed", held)
    picture = visit.runtime.get(IngestService).page_picture(held.version.digest, number, wanted)
    return Response(
        picture,
        media_type="image/png",
        headers={"Cache-Control": "private, max-age=86400", "Content-Security-Policy": FILE_POLICY},
    )


def hold(visit: Visit, document_id: UUID, digest: str = "") -> Held:
    """The version with this digest (else the newest PDF), if the reader may read it. Raises NotFound."""
    with visit.runtime.database.read() as session:
        require_read(session, visit.person, ResourceType.DOCUMENT, document_id)
        document = session.get(Document, document_id)
        query = select(Version).where(Version.document_id == document_id).order_by(Version.number.desc())
        if digest:
            query = query.where(Version.digest == digest)
        versions = session.scalars(query).all()
    if document is None or not versions:
        raise NotFound(what="document")
    pdf = next((version for version in versions if version.media_type == "application/pdf"), versions[0])
    return Held(document, pdf)


def harmless(visit: Visit, held: Held) -> Held:
    """What a viewer may open: of a file with active content the rendition in which nothing acts.

    Raises NotReady while that is being made.
    """
    if not SIGN_BLOCKERS & {finding["code"] for finding in held.version.findings}:
        return held
    with visit.runtime.database.read() as session:
        found = visit.runtime.get(IngestService).renditions(session, held.version.id)
    viewer = next((one for one in found if one.purpose == RenditionPurpose.VIEWER), None)
    if viewer is None:
        raise NotReady(title=held.document.title)
    return rendered(held, viewer)


def rendered(held: Held, rendition: Rendition) -> Held:
    """The rendition's bytes under the document's name. The version is a copy that no session knows."""
    version = Version(
        id=held.version.id,
        document_id=held.document.id,
        number=held.version.number,
        digest=rendition.digest,
        size=rendition.size,
        media_type=MediaType.PDF.value,
        pages=rendition.pages,
        reason=held.version.reason,
        findings=[],
        created_at=rendition.created_at,
    )
    return Held(held.document, version)


def note(visit: Visit, action: str, held: Held, *, always: bool = False) -> None:
    """Write a view or a download into the audit trail."""
    now = visit.runtime.clock.now()
    person: Principal = visit.person
    if not always and not _VIEWS.is_new(person.person_id, action, held.version.digest, now):
        return
    with visit.runtime.database.write() as session:
        audit.record(
            session,
            now,
            person.person_id,
            action,
            "document",
            held.document.id,
            {"version": held.version.number, "digest": held.version.digest, "address": visit.address},
        )


def send(request: Request, visit: Visit, held: Held, disposition: str) -> Response:
    """Stream a version, whole or the one range asked for."""
    store, version = visit.runtime.get(ObjectStore), held.version
    name = file_name(held)
    headers = {
        "Content-Disposition": (
            f"{disposition}; filename=\"document{_ending(version)}\"; filename*=UTF-8''{quote(name)}"
        ),
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, max-age=3600",
        "Accept-Ranges": "bytes",
        "ETag": f'"{version.digest}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None:
        headers["Content-Length"] = str(version.size)
        return StreamingResponse(
            _flow(store.chunks(version.digest)), media_type=version.media_type, headers=headers
        )
    span = byte_span(asked.group(1), asked.group(2), version.size)
    if span is None:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{version.size}"})
    start, length = span
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{version.size}"
    headers["Content-Length"] = str(length)
    return StreamingResponse(
        _flow(store.chunks(version.digest, start, length)),
        206,
        headers=headers,
        media_type=version.media_type,
    )


def byte_span(first: str, last: str, size: int) -> tuple[int, int] | None:
    """``(start, length)`` of one byte range, or None when it cannot be satisfied."""
    if not first:
        start, end = max(size - int(last or 0), 0), size - 1
    else:
        start, end = int(first), min(int(last) if last else size - 1, size - 1)
    return (start, end - start + 1) if start <= end and start < size else None


def _flow(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, with the first one read already: a missing object must not become half an answer."""
    first = next(chunks, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from chunks

    return rest()


def file_name(held: Held) -> str:
    """A name for the file, from the document's title."""
    stem = re.sub(r"[\x00-\x1f/\\:*?\"<>|]+", " ", held.document.title).strip(" .") or "document"
    ending = _ending(held.version)
    return stem if stem.lower().endswith(ending) else stem + ending


def _ending(version: Version) -> str:
    return next((ending for kind, ending in ENDINGS.items() if kind.value == version.media_type), ".bin")


def comparable(session: Session, visit: Visit, document: Document) -> list[tuple[UUID, str]]:
    """The latest contracts that a contract can be laid beside: id and title. Nothing for other papers."""
    if document.kind != DocumentKind.CONTRACT or document.state != DocumentState.READY:
        return []
    rows = visit.runtime.get(IngestService).list_documents(
        session, visit.person, kind=DocumentKind.CONTRACT, state=DocumentState.READY, limit=PAGE_SIZE
    )
    return [(row.id, row.title) for row in rows if row.id != document.id]


def names_of(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """The names of people, by id."""
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))).all())


def cases_of(session: Session, principal: Principal, document_id: UUID) -> list[tuple[UUID, str, str]]:
    """The cases that a document takes part in and that the reader may see: id, number, subject."""
    rows = session.execute(
        select(Case.id, Case.serial_number, Case.subject)
        .join(CaseDocument, CaseDocument.case_id == Case.id)
        .where(CaseDocument.document_id == document_id, readable(principal, ResourceType.CASE, Case.id))
        .order_by(Case.submitted_at.desc())
    )
    return [(row.id, row.serial_number, row.subject) for row in rows]

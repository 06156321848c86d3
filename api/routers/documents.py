"""``/api/v1/documents``: uploads, versions, bytes, page pictures."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Path, Query, Request, Response, UploadFile
from sqlalchemy.orm import Session

from api import downloads, uploads
from api.etags import UNCHANGED, IfNoneMatch, tag, unchanged
from api.pagination import Cursor, Limit, decode_id, split
from api.principals import Caller, Calling, Running
from api.routing import call, router
from api.schemas import Everything, Page
from api.schemas_documents import DocumentAnswer, DocumentDetail, Refusal, UploadAnswer, VersionAnswer
from api.views import note_download, note_view
from core.errors import NotFound
from core.i18n import translator
from ingest.models import Document, DocumentKind, DocumentState, Version
from ingest.service import IngestService
from storage.service import ObjectStore

documents = router("documents")
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes, as an attachment.",
        "content": {
            "application/pdf": {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7"}
        },
    },
    206: {"description": "The range of bytes that was asked for."},
    416: {"description": "The range lies outside."},
}


@documents.get("", summary="List documents", response_model=Page[DocumentAnswer])
def list_documents(
    caller: Calling,
    runtime: Running,
    kind: DocumentKind | None = None,
    state: DocumentState | None = None,
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Page[DocumentAnswer]:
    """The documents that the caller may see, newest first."""
    before = decode_id(cursor)
    with runtime.database.read() as session:
        rows = runtime.get(IngestService).list_documents(
            session, caller.principal, kind=kind, state=state, before=before, limit=limit + 1
        )
    shown, following = split(rows, limit, lambda row: row.id)
    return Page(items=[answer(row, caller) for row in shown], next_cursor=following)


@documents.post("", summary="Upload files", response_model=UploadAnswer, status_code=201)
@call(takes_files=True)
def upload(
    caller: Calling,
    runtime: Running,
    files: Annotated[
        list[UploadFile],
        File(description="One file or many: PDF, OFD, invoice XML, pictures, Office files, EML, ZIP."),
    ],
    kind: Annotated[DocumentKind, Form(description="What they are.")] = DocumentKind.ATTACHMENT,
) -> UploadAnswer:
    """Each file is taken or refused by itself; when all are refused, the answer is a problem.

    The documents are then processed: poll `GET /documents/{id}` until `state` is `ready` or `refused`.
    """
    return uploads.receive(runtime, caller, files, kind)


@documents.get("/{document_id}", summary="Get a document", response_model=DocumentDetail, responses=UNCHANGED)
def get_document(
    caller: Calling,
    runtime: Running,
    response: Response,
    document_id: UUID,
    if_none_match: IfNoneMatch = None,
) -> DocumentDetail | Response:
    """The document with its newest version. The `ETag` changes with each version and state."""
    ingest = runtime.get(IngestService)
    with runtime.database.read() as session:
        document = ingest.get_document(session, caller.principal, document_id)
        newest = ingest.current(session, document_id)
    current = tag(f"{document.current_version}-{document.state}-{caller.language}")
    response.headers["ETag"] = current
    return unchanged(if_none_match, current) or DocumentDetail(
        **answer(document, caller).model_dump(), newest=VersionAnswer.model_validate(newest)
    )


@documents.get(
    "/{document_id}/members", summary="List what came inside", response_model=Everything[DocumentAnswer]
)
def list_members(caller: Calling, runtime: Running, document_id: UUID) -> Everything[DocumentAnswer]:
    """The documents that came inside a ZIP or an e-mail, by name."""
    ingest = runtime.get(IngestService)
    with runtime.database.read() as session:
        ingest.get_document(session, caller.principal, document_id)
        members = ingest.members(session, document_id)
    return Everything(items=[answer(member, caller) for member in members])


@documents.post(
    "/{document_id}/flatten", summary="Flatten a document", response_model=DocumentAnswer, status_code=201
)
def flatten(caller: Calling, runtime: Running, document_id: UUID) -> DocumentAnswer:
    """Make a document of the pages as they look, to be signed in place of one with active content.

    The original stays as it is. Poll the new document until its `state` is `ready`.
    """
    ingest = runtime.get(IngestService)
    made = ingest.flatten(caller.principal, document_id)
    with runtime.database.read() as session:
        return answer(ingest.get_document(session, caller.principal, made), caller)


@documents.get(
    "/{document_id}/versions", summary="List a document's versions", response_model=Everything[VersionAnswer]
)
def list_versions(caller: Calling, runtime: Running, document_id: UUID) -> Everything[VersionAnswer]:
    """All versions, oldest first. Nothing is ever overwritten."""
    ingest = runtime.get(IngestService)
    with runtime.database.read() as session:
        ingest.get_document(session, caller.principal, document_id)
        versions = ingest.versions(session, document_id)
    return Everything(items=[VersionAnswer.model_validate(version) for version in versions])


@documents.get(
    "/{document_id}/content", summary="Download a document", response_class=Response, responses=BYTES
)
def download(
    request: Request,
    caller: Calling,
    runtime: Running,
    document_id: UUID,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Left out: the newest.")] = None,
) -> Response:
    """The bytes of a version. `Range` works; each download is an audit entry."""
    document, chosen = hold(caller, runtime, document_id, version)
    note_download(runtime, caller, document, chosen)
    return downloads.send(request, runtime.get(ObjectStore), document, chosen)


@documents.get(
    "/{document_id}/pages/{page}",
    summary="Get a page as a picture",
    response_class=Response,
    responses={
        200: {
            "description": "The page.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}, "example": "(PNG)"}},
        }
    },
)
def page_picture(
    request: Request,
    caller: Calling,
    runtime: Running,
    document_id: UUID,
    page: Annotated[int, Path(ge=1, le=1_000_000)],
    width: Annotated[int, Query(ge=1, le=1600, description="At least so many pixels wide.")] = 800,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Left out: the newest PDF.")] = None,
) -> Response:
    """What signers see. Views are audit entries, one an hour for each version."""
    document, chosen = hold(caller, runtime, document_id, version, page=page)
    picture = runtime.get(IngestService).page_picture(chosen.digest, page, width)
    note_view(request.app, runtime, caller, document, chosen)
    return Response(
        picture,
        media_type="image/png",
        headers={
            "Cache-Control": "private, max-age=86400",
            "Content-Security-Policy": downloads.FILE_POLICY,
            "ETag": tag(f"{chosen.digest}-{page}-{width}"),
        },
    )


def hold(
    caller: Caller, runtime: Running, document_id: UUID, number: int | None, *, page: int | None = None
) -> tuple[Document, Version]:
    """A document and one of its versions (else the newest; with ``page`` the newest PDF that has it)."""
    ingest = runtime.get(IngestService)
    with runtime.database.read() as session:
        document = ingest.get_document(session, caller.principal, document_id)
        return document, _choose(session, ingest, document_id, number, page)


def _choose(
    session: Session, ingest: IngestService, document_id: UUID, number: int | None, page: int | None
) -> Version:
    versions = {version.number: version for version in ingest.versions(session, document_id)}
    suitable = [
        version
        for version in versions.values()
        if page is None or (version.media_type == "application/pdf" and page <= (version.pages or 0))
    ]
    wanted = number or max((version.number for version in suitable), default=0)
    found = next((version for version in suitable if version.number == wanted), None)
    if found is None:
        raise NotFound(what="version" if page is None else "page")
    return found


def answer(document: Document, caller: Caller) -> DocumentAnswer:
    """A document as the API shows it."""
    return DocumentAnswer(
        id=document.id,
        kind=document.kind,
        title=document.title,
        state=document.state,
        refusal=refusal_of(document, caller),
        owner_id=document.owner_id,
        entity_id=document.entity_id,
        department_id=document.department_id,
        current_version=document.current_version,
        original_digest=document.original_digest,
        parent_id=document.parent_id,
        verdict=document.verdict,
        created_at=document.created_at,
    )


def refusal_of(document: Document, caller: Caller) -> Refusal | None:
    """Why processing refused a document, in the caller's language."""
    if document.refusal is None:
        return None
    code = str(document.refusal["code"])
    message = translator(caller.language).text(f"error-{code}", **document.refusal.get("context", {}))
    return Refusal(code=code, message=message)

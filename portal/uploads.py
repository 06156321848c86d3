"""Uploading: many files at once, each with its own progress and its own reason when refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session

from core.errors import VermilionError
from ingest.documents import warnings_of
from ingest.invoices.models import Invoice
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import TwinView
from ingest.models import Document, DocumentKind, DocumentState, Version
from ingest.pdf import SIGN_BLOCKERS, UNSIGNABLE
from ingest.service import IngestService
from portal.fields import as_id
from portal.frame import Visiting, page, pages, render
from portal.visit import Visit
from workflow.flows import InvoicesField
from workflow.service import WorkflowService

router = pages()

KINDS = (DocumentKind.INVOICE, DocumentKind.CONTRACT, DocumentKind.ATTACHMENT)
"""What people upload; approval sheets are made here."""


@dataclass(frozen=True)
class Sent:
    """One file of an upload: the document it became, or why it was refused."""

    name: str
    document: Document | None
    pages: int | None
    digest: str | None
    size: int | None
    refusal: str | None
    duplicate_of: UUID | None = None
    invoice: Invoice | None = None
    warnings: tuple[str, ...] = ()
    members: int = 0
    twins: tuple[TwinView, ...] = ()
    may_flatten: bool = False


def as_kind(value: str) -> DocumentKind:
    """The kind that a form names; anything else is an attachment."""
    return next((kind for kind in KINDS if kind.value == value), DocumentKind.ATTACHMENT)


@router.get("/uploads")
def show_uploads(request: Request, visit: Visiting, kind: str = "") -> Response:
    """The drop zone."""
    return page(
        request, visit, "uploads.html", kinds=KINDS, kind=as_kind(kind or "invoice").value, results=[]
    )


@router.post("/uploads")
def upload_many(
    request: Request,
    visit: Visiting,
    files: Annotated[list[UploadFile] | None, File()] = None,
    kind: Annotated[str, Form()] = "",
) -> Response:
    """All files at once, for browsers without scripts. One that is refused does not stop the others."""
    results = [receive(visit, file, as_kind(kind)) for file in files or [] if file.filename]
    return page(
        request, visit, "uploads.html", kinds=KINDS, kind=as_kind(kind).value, results=results,
        status=422 if results and all(sent.refusal for sent in results) else 200,
    )  # fmt: skip


@router.post("/uploads/one")
def upload_one(
    visit: Visiting,
    file: Annotated[UploadFile, File()],
    kind: Annotated[str, Form()] = "",
    field: Annotated[str, Form()] = "",
    flow: Annotated[str, Form()] = "",
) -> Response:
    """One file from the script: its row as markup, or the reason.

    With ``field`` (and ``flow``) the row is a choice of that form field, ticked.
    """
    sent = receive(visit, file, as_kind(kind))
    if sent.refusal:
        row = render(visit, "parts/upload-row.html", sent=sent)
        return JSONResponse({"message": sent.refusal, "row": row}, status_code=422)
    template, context = _row(visit, sent, field, flow)
    row = render(visit, template, **context)
    return JSONResponse({"id": str(sent.document.id) if sent.document else None, "row": row})


@router.get("/uploads/{document_id}/row")
def show_row(
    request: Request, visit: Visiting, document_id: UUID, field: str = "", flow: str = "", of: str = ""
) -> Response:
    """The row of one document, for as long as it is being processed. ``of`` is the file that came before."""
    sent = look_up(visit, document_id, duplicate_of=as_id(of))
    template, context = _row(visit, sent, field, flow)
    return page(request, visit, template, **context)


def _row(visit: Visit, sent: Sent, field: str, flow: str) -> tuple[str, dict[str, Any]]:
    if not field:
        return "parts/upload-row.html", {"sent": sent}
    options: list[tuple[str, str, str]] = []
    is_signed = False
    if flow:
        with visit.runtime.database.read() as session:
            found = visit.runtime.get(WorkflowService).flow(session, flow).flow
        declared = found.invoices_field()
        if declared is not None and declared.key == field:
            options = category_options(visit, declared)
        is_signed = field in found.signed_in_place()
    context = {"sent": sent, "field": field, "flow": flow, "is_chosen": True, "options": options}
    return "parts/document-choice.html", context | {"choice": None, "is_signed": is_signed}


def category_options(visit: Visit, declared: InvoicesField) -> list[tuple[str, str, str]]:
    """The categories of a claim's lines as a choice shows them: value, text, note."""
    return [(one.value, one.label.text(visit.language), "") for one in declared.categories]


def receive(visit: Visit, file: UploadFile, kind: DocumentKind) -> Sent:
    """Hand one file to ingest. A refusal becomes words; the other files go on."""
    name = file.filename or ""
    try:
        received = visit.runtime.get(IngestService).receive(visit.person, file.file, name, kind)
    except VermilionError as error:
        if error.status >= 500:
            raise
        return Sent(name, None, None, None, None, visit.translator.error(error))
    return look_up(visit, received.document_id, duplicate_of=received.duplicate_of)


def look_up(visit: Visit, document_id: UUID, *, duplicate_of: UUID | None = None) -> Sent:
    """A document as a row shows it. Raises NotFound."""
    ingest = visit.runtime.get(IngestService)
    with visit.runtime.database.read() as session:
        document = ingest.get_document(session, visit.person, document_id)
        version = ingest.current(session, document_id)
        invoice = session.get(Invoice, document_id)
        members = len(ingest.members(session, document_id))
        warnings = warnings_of(document, version, invoice, visit.translator)
        twins = twins_of(session, visit, document_id) if invoice is not None else ()
    refusal = refusal_text(visit, document) if document.state == DocumentState.REFUSED else None
    return Sent(
        document.title,
        document,
        version.pages,
        version.digest,
        version.size,
        refusal,
        duplicate_of,
        invoice,
        tuple(one["message"] for one in warnings if one["code"] != "signature-broken"),  # said in red
        members,
        twins,
        may_flatten(visit, document, version),
    )


def twins_of(session: Session, visit: Visit, document_id: UUID) -> tuple[TwinView, ...]:
    """The other files of the same invoice that the reader may open."""
    return visit.runtime.get(InvoiceService).twins(session, visit.person, document_id).seen


def may_flatten(visit: Visit, document: Document, version: Version) -> bool:
    """Whether the reader may have the pages redrawn, so that nothing in them acts and they can be signed."""
    codes = {finding["code"] for finding in version.findings}
    reasons = SIGN_BLOCKERS | ({UNSIGNABLE} if visit.runtime.settings.unsignable == "offer" else set())
    return bool(codes & reasons) and document.owner_id == visit.person.person_id


def refusal_text(visit: Visit, document: Document) -> str:
    """Why processing refused a document, in the reader's language."""
    refusal = document.refusal or {}
    return visit.text(f"error-{refusal.get('code', 'internal')}", **refusal.get("context", {}))

"""Contracts beside one another: what differs, and the other side's signed copy."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile

from core.errors import NotFound, VermilionError
from ingest.models import DocumentKind
from portal.cases import case_page
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.uploads import receive
from workflow.contracts import Contracts

router = pages()


@router.get("/documents/{document_id}/compare")
def compare(request: Request, visit: Visiting, document_id: UUID, other: str = "") -> Response:
    """Two documents that the reader may see: what differs, page by page."""
    with_id = as_id(other)
    if with_id is None:
        raise NotFound(what="document")
    with visit.runtime.database.read() as session:
        found = visit.runtime.get(Contracts).compare(session, visit.person, document_id, with_id)
    return page(request, visit, "compare.html", comparison=found)


@router.post("/cases/{case_id}/copies")
def add_copy(
    request: Request,
    visit: Visiting,
    case_id: UUID,
    of: Annotated[str, Form()],
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """The copy that the other side signed; its text is compared with what was approved here."""
    of_id = as_id(of)
    if of_id is None:
        raise NotFound(what="document")
    if file is None or not file.filename:
        return case_page(request, visit, case_id, status=422, errors={"copy": visit.text("copies-no-file")})
    sent = receive(visit, file, DocumentKind.ATTACHMENT)
    if sent.document is None:
        return case_page(request, visit, case_id, status=422, errors={"copy": sent.refusal or ""})
    try:
        with visit.runtime.database.write() as session:
            visit.runtime.get(Contracts).add_counterpart_copy(
                session, visit.person, case_id, of_id, sent.document.id
            )
    except NotFound:
        raise
    except VermilionError as error:
        if error.status >= 500:
            raise
        errors = {"copy": visit.translator.error(error)}
        return case_page(request, visit, case_id, status=error.status, errors=errors)
    return see_other(request, f"/cases/{case_id}#copies")

"""What is done to an invoice on its document's page. What goes wrong is said there, beside its form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy.orm import Session

from core.errors import NotFound, VermilionError
from ingest.invoices.checking import InvoiceChecking
from ingest.invoices.exceptions import InvoiceExceptions
from ingest.invoices.service import InvoiceService
from ingest.models import DocumentKind
from portal.documents import document_page
from portal.fields import as_id
from portal.frame import Visiting, pages, see_other
from portal.invoices import ENTERED
from portal.uploads import receive
from portal.visit import Visit
from workflow.service import WorkflowService

router = pages()


@router.post("/invoices/{document_id}/fields")
def correct(
    request: Request,
    visit: Visiting,
    document_id: UUID,
    field: Annotated[str, Form()],
    value: Annotated[str, Form()] = "",
) -> Response:
    """Put a field right; what was read stays beside it."""
    invoices = visit.runtime.get(InvoiceService)
    text = " ".join(value.split())
    return _do(
        request, visit, document_id, f"field-{field}",
        lambda session: invoices.correct(session, visit.person, document_id, field, text),
        {f"field-{field}": value},
    )  # fmt: skip


@router.post("/invoices/{document_id}/override")
def override(
    request: Request, visit: Visiting, document_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Finance lets an invoice with a broken signature into claims."""
    exceptions = visit.runtime.get(InvoiceExceptions)
    return _do(
        request, visit, document_id, "override",
        lambda session: exceptions.make(session, visit.person, document_id, reason),
        {"override": reason},
    )  # fmt: skip


@router.post("/invoices/{document_id}/ask")
def ask_override(request: Request, visit: Visiting, document_id: UUID) -> Response:
    """The owner shows an invoice with a broken signature to finance."""
    exceptions = visit.runtime.get(InvoiceExceptions)
    return _do(
        request, visit, document_id, "ask",
        lambda session: exceptions.ask(session, visit.person, document_id),
        query="?asked=1",
    )  # fmt: skip


@router.post("/invoices/{document_id}/release")
def release(
    request: Request, visit: Visiting, document_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Finance undoes the claim on an invoice."""
    workflow = visit.runtime.get(WorkflowService)
    return _do(
        request, visit, document_id, "release",
        lambda session: workflow.release_claim(session, visit.person, document_id, reason),
        {"release": reason},
    )  # fmt: skip


@router.post("/invoices/{document_id}/checks")
def enter_check(
    request: Request,
    visit: Visiting,
    document_id: UUID,
    outcome: Annotated[str, Form()] = "",
    screenshot: Annotated[UploadFile | None, File()] = None,
    kept: Annotated[str, Form()] = "",
    remark: Annotated[str, Form()] = "",
) -> Response:
    """What the clerk saw at the tax platform, with a screenshot that becomes a document.

    ``kept`` is a screenshot that came with the form before and was taken in.
    """
    typed = {"outcome": outcome, "remark": remark, "kept": kept}
    screenshot_id = as_id(kept)
    if screenshot is not None and screenshot.filename:
        sent = receive(visit, screenshot, DocumentKind.ATTACHMENT)
        if sent.document is None:
            errors = {"checks": sent.refusal or ""}
            return document_page(request, visit, document_id, errors=errors, typed=typed, status=422)
        screenshot_id = sent.document.id
        typed |= {"kept": str(sent.document.id), "kept-name": sent.name}
    said = next((one for one in ENTERED if one.value == outcome), None)
    if said is None or screenshot_id is None:
        missing = "inquiry-choose" if said is None else "inquiry-screenshot-missing"
        errors = {"checks": visit.text(missing)}
        return document_page(request, visit, document_id, errors=errors, typed=typed, status=422)
    checking = visit.runtime.get(InvoiceChecking)
    return _do(
        request, visit, document_id, "checks",
        lambda session: checking.enter(session, visit.person, document_id, said, screenshot_id, remark),
        typed,
    )  # fmt: skip


@router.post("/invoices/{document_id}/checks/ask")
def ask_gateway(request: Request, visit: Visiting, document_id: UUID) -> Response:
    """Have the gateway asked; the answer appears on the page."""
    checking = visit.runtime.get(InvoiceChecking)
    return _do(
        request, visit, document_id, "checks-ask",
        lambda session: checking.ask(session, visit.person, document_id),
    )  # fmt: skip


def _do(
    request: Request,
    visit: Visit,
    document_id: UUID,
    form: str,
    work: Callable[[Session], object],
    typed: Mapping[str, str] | None = None,
    *,
    query: str = "",
) -> Response:
    """Do it and go back to the form's place; or the page again, with the reason beside the form."""
    try:
        with visit.runtime.database.write() as session:
            work(session)
    except NotFound:
        raise
    except VermilionError as error:
        if error.status >= 500:
            raise
        errors = {form: visit.translator.error(error)}
        return document_page(request, visit, document_id, errors=errors, typed=typed, status=error.status)
    place = form if form.startswith("field-") else {"checks-ask": "checks"}.get(form, form)
    return see_other(request, f"/documents/{document_id}{query}#{place}")

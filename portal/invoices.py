"""Invoices: the folder 票夹, and what is done to one invoice on its document's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy.orm import Session

from core.errors import NotFound, VermilionError
from core.models import Role
from ingest.invoices.checking import InvoiceChecking
from ingest.invoices.exceptions import InvoiceExceptions
from ingest.invoices.facts import FIELDS, Plain
from ingest.invoices.models import CheckOutcome, Invoice
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import FieldView, InvoiceFilter, InvoiceView
from ingest.models import Document, DocumentKind
from portal.frame import Visiting, page, pages, see_other
from portal.uploads import receive
from portal.visit import Visit
from workflow.folder import ClaimView, FolderFilter, FolderState
from workflow.service import WorkflowService

router = pages()

PAGE_SIZE: Final = 50
_DOUBTFUL: Final = 0.9
"""Below this confidence a recognised value is marked as one to look at."""
_MONEY: Final = frozenset({"net", "tax", "total"})
_ENTERED: Final = tuple(one for one in CheckOutcome if one not in (CheckOutcome.PENDING, CheckOutcome.FAILED))
_ONLY: Final = ("broken", "asked")
"""What the folder is narrowed to: a broken signature, and of those an exception that is asked for."""
_ALWAYS: Final = (
    "type", "code", "number", "issue_date", "check_code", "seller_name", "seller_tax_id",
    "buyer_name", "buyer_tax_id", "net", "tax", "total",
)  # fmt: skip
"""Fields that are shown although nothing was read: they can be filled in."""


@dataclass(frozen=True)
class ShownField:
    """A field as the page shows it. ``places`` marks it on the page's picture."""

    name: str
    value: str
    editable: str
    source: str
    place: str
    is_doubtful: bool
    others: tuple[tuple[str, str], ...]
    was_read: str | None
    corrected_by: str | None


@dataclass(frozen=True)
class InvoicePanel:
    """Everything the invoice's part of a document page says."""

    view: InvoiceView
    fields: tuple[ShownField, ...]
    claim: ClaimView | None
    may_release: bool
    has_gateway: bool
    left_today: int
    outcomes: tuple[CheckOutcome, ...]


@router.get("/invoices")
def show_folder(
    request: Request,
    visit: Visiting,
    state: str = "unclaimed",
    q: str = "",
    all: str = "",
    only: str = "",
    before: str = "",
) -> Response:
    """The reader's invoices by the state of their claims; finance may look at everybody's."""
    workflow = visit.runtime.get(WorkflowService)
    sees_all = bool(all) and (visit.person.reads_all or visit.person.has(Role.FINANCE))
    owner = None if sees_all else visit.person.person_id
    only = only if only in _ONLY else ""
    wanted = InvoiceFilter(
        owner_id=owner, text=q.strip(), only_broken=only == "broken", only_asked=only == "asked"
    )
    chosen = next((one for one in FolderState if one.value == state), FolderState.UNCLAIMED)
    with visit.runtime.database.read() as session:
        rows = workflow.folder(
            session, visit.person, FolderFilter(chosen, wanted), before=_cursor(before), limit=PAGE_SIZE + 1
        )
        totals = workflow.folder_totals(session, visit.person, wanted)
        asked = _asked(session, visit)
    shown = rows[:PAGE_SIZE]
    narrowed = {name: value for name, value in (("q", q), ("all", all), ("only", only)) if value}
    more = {
        **narrowed,
        "state": chosen.value,
        "before": shown[-1].invoice.document_id if shown else "",
    }
    return page(
        request,
        visit,
        "invoices.html",
        rows=shown,
        totals=totals,
        states=tuple(FolderState),
        state=chosen.value,
        q=q,
        only=only,
        kinds=_ONLY,
        asked=asked,
        narrowed=urlencode(narrowed),
        sees_all=sees_all,
        may_see_all=visit.person.reads_all or visit.person.has(Role.FINANCE),
        next_address=f"/invoices?{urlencode(more)}" if len(rows) > PAGE_SIZE else None,
    )


@router.post("/invoices/{document_id}/fields")
def correct(
    request: Request,
    visit: Visiting,
    document_id: UUID,
    field: Annotated[str, Form()],
    value: Annotated[str, Form()] = "",
) -> Response:
    """Put a field right; what was read stays beside it."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(InvoiceService).correct(session, visit.person, document_id, field, value)
    return see_other(request, f"/documents/{document_id}#field-{field}")


@router.post("/invoices/{document_id}/override")
def override(
    request: Request, visit: Visiting, document_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Finance lets an invoice with a broken signature into claims."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(InvoiceExceptions).make(session, visit.person, document_id, reason)
    return see_other(request, f"/documents/{document_id}#invoice")


@router.post("/invoices/{document_id}/ask")
def ask_override(request: Request, visit: Visiting, document_id: UUID) -> Response:
    """The owner shows an invoice with a broken signature to finance."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(InvoiceExceptions).ask(session, visit.person, document_id)
    return see_other(request, f"/documents/{document_id}?asked=1#invoice")


@router.post("/invoices/{document_id}/release")
def release(
    request: Request, visit: Visiting, document_id: UUID, reason: Annotated[str, Form()] = ""
) -> Response:
    """Finance undoes the claim on an invoice."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(WorkflowService).release_claim(session, visit.person, document_id, reason)
    return see_other(request, f"/documents/{document_id}#invoice")


@router.post("/invoices/{document_id}/checks")
def enter_check(
    request: Request,
    visit: Visiting,
    document_id: UUID,
    outcome: Annotated[str, Form()],
    screenshot: Annotated[UploadFile, File()],
    remark: Annotated[str, Form()] = "",
) -> Response:
    """What the clerk saw at the tax platform, with a screenshot that becomes a document."""
    said = next((one for one in _ENTERED if one.value == outcome), None)
    if said is None:
        raise NotFound(what="outcome")
    sent = receive(visit, screenshot, DocumentKind.ATTACHMENT)
    if sent.document is None:
        return _again(request, visit, document_id, sent.refusal or "")
    with visit.runtime.database.write() as session:
        visit.runtime.get(InvoiceChecking).enter(
            session, visit.person, document_id, said, sent.document.id, remark
        )
    return see_other(request, f"/documents/{document_id}#checks")


@router.post("/invoices/{document_id}/checks/ask")
def ask_gateway(request: Request, visit: Visiting, document_id: UUID) -> Response:
    """Have the gateway asked; the answer appears on the page."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(InvoiceChecking).ask(session, visit.person, document_id)
    return see_other(request, f"/documents/{document_id}#checks")


def _again(request: Request, visit: Visit, document_id: UUID, message: str) -> Response:
    context = {"http_status": 422, "message": message, "number": "", "now": ""}
    return page(request, visit, "error.html", status=422, **context)


def _asked(session: Session, visit: Visit) -> int:
    """How many invoices wait for a decision of finance; nothing for others."""
    if not visit.person.has(Role.FINANCE):
        return 0
    wanted = InvoiceFilter(only_asked=True)
    return visit.runtime.get(InvoiceService).count_invoices(session, visit.person, wanted)


def panel(session: Session, visit: Visit, document: Document) -> InvoicePanel | None:
    """The invoice of a document, or None when it is none. The reader may see the document."""
    if session.get(Invoice, document.id) is None:
        return None
    runtime = visit.runtime
    view = runtime.get(InvoiceService).get(session, visit.person, document.id)
    checking = runtime.get(InvoiceChecking)
    claim = runtime.get(WorkflowService).claim_state(session, visit.person, [document.id]).get(document.id)
    is_claimed = claim is not None and claim.state in (FolderState.CLAIMED, FolderState.CLAIMING)
    try:
        left = checking.left_today(session, visit.person, document.id) if view.may_check else 0
    except VermilionError:  # without a number there is nothing to ask
        left = 0
    return InvoicePanel(
        view=view,
        fields=tuple(_shown(visit, one) for one in view.fields if _is_shown(one)),
        claim=claim,
        may_release=is_claimed and visit.person.has(Role.FINANCE, document.entity_id),
        has_gateway=checking.has_gateway,
        left_today=left,
        outcomes=_ENTERED,
    )


def _is_shown(one: FieldView) -> bool:
    if one.name == "is_red" and not one.value and one.correction is None:
        return False  # what nearly every invoice is not
    return one.value is not None or one.read is not None or one.name in _ALWAYS


def _shown(visit: Visit, one: FieldView) -> ShownField:
    place = one.place.to_json() if one.place else None
    return ShownField(
        name=one.name,
        value=_written(visit, one.name, one.value),
        editable=_plain(one.value),
        source=one.source.value if one.source else "",
        place=" ".join(map(str, place)) if place else "",
        is_doubtful=one.correction is None and one.value is not None and one.confidence < _DOUBTFUL,
        others=tuple(
            (other.source.value, _written(visit, one.name, other.value))
            for other in one.others
            if not other.agrees
        ),
        was_read=_written(visit, one.name, one.read) if one.correction else None,
        corrected_by=one.correction.person if one.correction else None,
    )


def _written(visit: Visit, name: str, value: Plain | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return visit.text("yes" if value else "no")
    if isinstance(value, date):
        return visit.formats.day(value)
    if isinstance(value, Decimal):
        return visit.formats.money(value) if name in _MONEY else str(value)
    return value


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _cursor(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


assert set(_ALWAYS) <= set(FIELDS)

"""Invoices: the folder 票夹, and what the page of a document says of its invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlalchemy.orm import Session

from core.errors import VermilionError
from core.models import Role
from ingest.invoices.checking import InvoiceChecking
from ingest.invoices.facts import FIELDS, Plain
from ingest.invoices.models import CheckOutcome, Invoice
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import FieldView, InvoiceFilter, InvoiceView
from ingest.models import Document
from portal.fields import as_id
from portal.frame import Visiting, page, pages
from portal.visit import Visit
from workflow.folder import ClaimView, FolderFilter, FolderState
from workflow.service import WorkflowService

router = pages()

PAGE_SIZE: Final = 50
_DOUBTFUL: Final = 0.9
"""Below this confidence a recognised value is marked as one to look at."""
_DIGITAL_NUMBER: Final = 20
"""Digits of a 数电票's number; such an invoice has neither a code nor a check code."""
_MONEY: Final = frozenset({"net", "tax", "total"})
_ONLY: Final = ("broken", "asked")
"""What the folder is narrowed to: a broken signature, and of those an exception that is asked for."""
ENTERED: Final = tuple(one for one in CheckOutcome if one not in (CheckOutcome.PENDING, CheckOutcome.FAILED))
"""What a clerk can see at the tax platform."""
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
            session, visit.person, FolderFilter(chosen, wanted), before=as_id(before), limit=PAGE_SIZE + 1
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
    number = next((one.value for one in view.fields if one.name == "number"), None)
    is_digital = isinstance(number, str) and len(number) == _DIGITAL_NUMBER
    return InvoicePanel(
        view=view,
        fields=tuple(_shown(visit, one) for one in view.fields if _is_shown(one, is_digital)),
        claim=claim,
        may_release=is_claimed and visit.person.has(Role.FINANCE, document.entity_id),
        has_gateway=checking.has_gateway,
        left_today=left,
        outcomes=ENTERED,
    )


def _is_shown(one: FieldView, is_digital: bool) -> bool:
    if is_digital and one.name in ("code", "check_code") and one.value is None and one.read is None:
        return False
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


assert set(_ALWAYS) <= set(FIELDS)

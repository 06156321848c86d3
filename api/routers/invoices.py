"""``/api/v1/invoices``: what was read of invoices, corrections, claims, inquiries at the tax platform."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from api.pagination import Cursor, Limit, decode_id, split
from api.principals import Caller, Calling, Running
from api.routing import router
from api.schemas import Done, Page
from api.schemas_invoices import (
    CheckAnswer,
    CheckStarted,
    ClaimAnswer,
    Correction,
    InvoiceAnswer,
    InvoiceDetail,
    InvoiceField,
    InvoiceTwin,
    InvoiceWarning,
    NewCheck,
    OtherValue,
    OverrideAnswer,
    Reason,
)
from core.i18n import translator
from ingest.errors import NotReady
from ingest.invoices.checking import InvoiceChecking
from ingest.invoices.describing import describe_line
from ingest.invoices.exceptions import InvoiceExceptions
from ingest.invoices.facts import Plain, Warn
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import FieldView, InvoiceFilter
from workflow.folder import ClaimView, FolderFilter, FolderState
from workflow.service import WorkflowService

invoices = router("invoices")


@invoices.get("", summary="List invoices", response_model=Page[InvoiceAnswer])
def list_invoices(
    caller: Calling,
    runtime: Running,
    state: FolderState | None = None,
    mine: Annotated[bool, Query(description="Only the caller's own.")] = False,
    text: Annotated[str, Query(max_length=100, description="Part of a number or party.")] = "",
    issued_from: date | None = None,
    issued_to: date | None = None,
    only: Annotated[
        Literal["broken", "asked"] | None,
        Query(
            description="`broken`: with a broken signature and no exception yet; `asked`: of those, the ones "
            "whose owner asks finance for one."
        ),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Page[InvoiceAnswer]:
    """The invoices that the caller may see with the states of their claims, newest first."""
    owner = caller.principal.person_id if mine else None
    narrowed = InvoiceFilter(owner, text, issued_from, issued_to, only == "broken", only == "asked")
    wanted = FolderFilter(state, narrowed)
    before = decode_id(cursor)
    with runtime.database.read() as session:
        rows = runtime.get(WorkflowService).folder(
            session, caller.principal, wanted, before=before, limit=limit + 1
        )
    shown, following = split(rows, limit, lambda row: row.invoice.document_id)
    items = []
    for row in shown:
        facts = {name: getattr(row.invoice, name) for name in InvoiceAnswer.model_fields if name != "claim"}
        facts["warnings"] = _warnings(caller, row.invoice.warnings)
        items.append(InvoiceAnswer(**facts, claim=_claim(row.claim)))
    return Page(items=items, next_cursor=following)


@invoices.get("/{document_id}", summary="Get an invoice", response_model=InvoiceDetail)
def get_invoice(caller: Calling, runtime: Running, document_id: UUID) -> InvoiceDetail:
    """Every field with its source and place, the lines, warnings, other files of it, its claim."""
    with runtime.database.read() as session:
        view = runtime.get(InvoiceService).get(session, caller.principal, document_id)
        claims = runtime.get(WorkflowService).claim_state(session, caller.principal, [document_id])
    return InvoiceDetail(
        document_id=view.document_id,
        title=view.title,
        identity=view.identity,
        verdict=view.verdict,
        fields=[_field(one) for one in view.fields],
        lines=[describe_line(line) for line in view.lines],
        warnings=_warnings(caller, view.warnings),
        twins=[
            InvoiceTwin(document_id=one.document_id, title=one.title, same=one.same)
            for one in view.twins.seen
        ],
        hidden_twins=view.twins.hidden,
        checks=[CheckAnswer.model_validate(one, from_attributes=True) for one in view.checks],
        claim=_claim(claims.get(document_id)),
        override=OverrideAnswer.model_validate(view.override) if view.override else None,
        asked_at=view.asked_at,
        may_correct=view.may_correct,
        may_override=view.may_override,
        may_ask_override=view.may_ask_override,
    )


@invoices.post("/{document_id}/corrections", summary="Correct a field", response_model=Done, status_code=201)
def correct(caller: Calling, runtime: Running, document_id: UUID, body: Correction) -> Done:
    """Put a field right, until the invoice is in a claim. What was read stays beside it."""
    with runtime.database.write() as session:
        runtime.get(InvoiceService).correct(session, caller.principal, document_id, body.field, body.value)
    return Done()


@invoices.post(
    "/{document_id}/override-request",
    summary="Ask for an exception",
    response_model=Done,
    status_code=201,
)
def ask_override(caller: Calling, runtime: Running, document_id: UUID) -> Done:
    """The owner shows an invoice with a broken signature to finance, who are told of it."""
    with runtime.database.write() as session:
        runtime.get(InvoiceExceptions).ask(session, caller.principal, document_id)
    return Done()


@invoices.post(
    "/{document_id}/override", summary="Let an invoice through", response_model=Done, status_code=201
)
def override(caller: Calling, runtime: Running, document_id: UUID, body: Reason) -> Done:
    """Finance lets an invoice with a broken signature into claims. The reason is kept, the owner is told."""
    with runtime.database.write() as session:
        runtime.get(InvoiceExceptions).make(session, caller.principal, document_id, body.reason)
    return Done()


@invoices.post("/{document_id}/release", summary="Undo a claim", response_model=Done, status_code=201)
def release(caller: Calling, runtime: Running, document_id: UUID, body: Reason) -> Done:
    """Finance frees an invoice from its claim, so that it can be claimed again. The reason is kept."""
    with runtime.database.write() as session:
        runtime.get(WorkflowService).release_claim(session, caller.principal, document_id, body.reason)
    return Done()


@invoices.post(
    "/{document_id}/checks", summary="Check at the tax platform", response_model=CheckStarted, status_code=201
)
def check(caller: Calling, runtime: Running, document_id: UUID, body: NewCheck) -> CheckStarted:
    """Enter what the platform's page said, with a screenshot; or have the gateway asked.

    Then poll `GET /invoices/{document_id}` until the check's outcome is not `pending`.
    """
    checking = runtime.get(InvoiceChecking)
    with runtime.database.write() as session:
        if body.outcome is None:
            return CheckStarted(id=checking.ask(session, caller.principal, document_id))
        if body.screenshot_id is None:
            raise NotReady(title="screenshot_id")
        made = checking.enter(
            session, caller.principal, document_id, body.outcome, body.screenshot_id, body.remark
        )
    return CheckStarted(id=made)


def _warnings(caller: Caller, warnings: tuple[Warn, ...]) -> list[InvoiceWarning]:
    text = translator(caller.language)
    return [
        InvoiceWarning(code=one.code, message=text.text(f"warning-{one.code}", **one.context))
        for one in warnings
    ]


def _claim(view: ClaimView | None) -> ClaimAnswer | None:
    if view is None:
        return None
    return ClaimAnswer(
        state=view.state, case_id=view.case_id, serial_number=view.serial_number, amount=view.amount
    )


def _field(one: FieldView) -> InvoiceField:
    return InvoiceField(
        name=one.name,
        value=_text(one.value),
        read=_text(one.read),
        source=one.source,
        place=one.place.to_json() if one.place else None,
        confidence=one.confidence,
        others=[
            OtherValue(source=other.source, value=_text(other.value) or "", agrees=other.agrees)
            for other in one.others
        ],
        corrected_by=one.correction.person if one.correction else None,
        corrected_at=one.correction.at if one.correction else None,
    )


def _text(value: Plain | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value.isoformat() if isinstance(value, date) else value

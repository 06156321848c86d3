"""Applying: a form made from the flow's declaration, with a draft that is never lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from core.errors import VermilionError
from core.models import Person
from ingest.invoices.models import Invoice
from ingest.invoices.views import InvoiceFilter
from ingest.models import Document, DocumentState
from portal.apply_values import finish_uploads, flatten, take_files, typed
from portal.case_views import way
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.once import once
from portal.uploads import Sent, category_options, look_up
from portal.visit import Visit
from signing.models import Seal, SealState
from workflow.errors import FormInvalid
from workflow.flows import (
    ChoiceField,
    DocumentsField,
    Flow,
    FormField,
    IntegerField,
    InvoicesField,
    SealField,
    TextField,
)
from workflow.folder import FolderFilter, FolderState
from workflow.service import WorkflowService

router = pages()

OFFERED: Final = 12
"""How many of one's own documents are offered beside new uploads."""


@dataclass(frozen=True)
class Choice:
    """A document that can be attached; of an invoice with what is claimed of it."""

    sent: Sent
    is_chosen: bool
    category: str = ""
    amount: str = ""
    note: str = ""
    total: Decimal | None = None


@dataclass
class Shown:
    """A form field as the template draws it."""

    key: str
    type: str
    label: str
    hint: str
    required: bool
    value: str = ""
    options: list[tuple[str, str, str]] = field(default_factory=list)
    minimum: int | None = None
    maximum: int | None = None
    longest: int = 200
    is_long: bool = False
    document_kind: str = ""
    documents: list[Choice] = field(default_factory=list)
    is_signed: bool = False


@router.get("/apply")
def list_flows(request: Request, visit: Visiting) -> Response:
    """What can be applied for."""
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        flows = workflow.flows(session)
        drafts = workflow.drafts(session, visit.person)
    return page(
        request,
        visit,
        "apply.html",
        flows=[
            {
                "key": one.key,
                "title": one.flow.name.text(visit.language),
                "way": one.flow.description.text(visit.language),
                "icon": one.flow.icon.replace("_", "-"),
                "has_draft": one.key in drafts,
            }
            for one in flows
        ],
    )


@router.get("/apply/{key}")
def show_form(request: Request, visit: Visiting, key: str, resubmit: str = "") -> Response:
    """The form of a flow, filled from the draft, or from the case that came back."""
    workflow = visit.runtime.get(WorkflowService)
    case_id = as_id(resubmit)
    with visit.runtime.database.read() as session:
        flow = workflow.flow(session, key).flow
        draft = workflow.load_draft(session, visit.person, key)
        values: dict[str, Any] = {}
        if case_id is not None:
            view = workflow.get_case(session, visit.person, case_id)
            if not view.may_resubmit:
                return see_other(request, f"/cases/{case_id}")
            flow, values = view.flow, dict(view.case.form)
        elif draft is not None:
            values = draft
        picked = request.query_params.getlist("documents")
        invoices = flow.invoices_field()
        if picked and invoices is not None:
            values = {**values, invoices.key: [{"document": one} for one in picked[: invoices.most]]}
    has_draft = draft is not None and case_id is None
    return _show(request, visit, flow, values, {}, resubmit=case_id, has_draft=has_draft)


@router.post("/apply/{key}/draft")
async def keep_draft(request: Request, visit: Visiting, key: str) -> Response:
    """Keep what was typed so far; called by the script while one types."""
    form = await request.form()
    return await run_in_threadpool(_keep_draft, visit, key, form)


@router.post("/apply/{key}")
async def submit(request: Request, visit: Visiting, key: str) -> Response:
    """Submit the form, or keep or forget its draft."""
    form = await request.form()
    return await run_in_threadpool(_submit, request, visit, key, form)


def _keep_draft(visit: Visit, key: str, form: FormData) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.write() as session:
        flow = workflow.flow(session, key).flow
        if not form.get("resubmit"):
            workflow.save_draft(session, visit.person, key, typed(flow, form))
    now = visit.formats.moment(visit.runtime.clock.now())
    return JSONResponse({"message": visit.text("apply-draft-saved", time=now)})


def _submit(request: Request, visit: Visit, key: str, form: FormData) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    case_id = as_id(str(form.get("resubmit", "")))
    with visit.runtime.database.read() as session:
        flow = workflow.flow(session, key).flow
        if case_id is not None:
            flow = workflow.get_case(session, visit.person, case_id).flow
    values = typed(flow, form)
    errors = take_files(visit, flow, form, values)
    if form.get("action") == "discard":
        with visit.runtime.database.write() as writing:
            workflow.discard_draft(writing, visit.person, key)
        return see_other(request, "/apply")
    if case_id is None:
        with visit.runtime.database.write() as writing:
            workflow.save_draft(writing, visit.person, key, values)
    action, _, flat = str(form.get("action", "")).partition(":")
    if action == "flatten" and not errors:
        errors = flatten(visit, flow, values, as_id(flat))
        if case_id is None:
            with visit.runtime.database.write() as writing:
                workflow.save_draft(writing, visit.person, key, values)
    if action in ("draft", "flatten") or errors:
        return _show(
            request,
            visit,
            flow,
            values,
            errors,
            resubmit=case_id,
            has_draft=case_id is None,
            status=422 if errors else 200,
        )
    finish_uploads(visit, flow, values)

    def work() -> str:
        made = workflow.submit(visit.person, key, values, resubmit=case_id)
        return f"/cases/{made}?submitted=1"

    try:
        address = once(visit, str(form.get("form_id", "")), work)
    except FormInvalid as error:
        messages = error.messages(visit.translator)
        return _show(
            request, visit, flow, values, messages, resubmit=case_id, has_draft=case_id is None, status=422
        )
    except VermilionError as error:
        if error.status == 404:
            raise
        messages = {"": visit.translator.error(error)}
        return _show(
            request,
            visit,
            flow,
            values,
            messages,
            resubmit=case_id,
            has_draft=case_id is None,
            status=error.status,
        )
    return see_other(request, address)


def _show(
    request: Request,
    visit: Visit,
    flow: Flow,
    values: dict[str, Any],
    errors: dict[str, str],
    *,
    resubmit: UUID | None,
    has_draft: bool,
    status: int = 200,
) -> Response:
    with visit.runtime.database.read() as session:
        fields = [_shown(session, visit, one, values.get(one.key)) for one in flow.fields]
    for shown in fields:
        shown.is_signed = shown.key in flow.signed_in_place()
    return page(
        request,
        visit,
        "apply-form.html",
        status=status,
        flow={"key": flow.key, "title": flow.name.text(visit.language), "way": way(visit, flow.key)},
        fields=fields,
        errors=errors,
        resubmit=resubmit,
        has_draft=has_draft,
        form_id=str(uuid4()),
    )


def _shown(session: Session, visit: Visit, one: FormField, value: Any) -> Shown:
    shown = Shown(
        key=one.key,
        type=one.type,
        label=one.label.text(visit.language),
        hint=one.hint.text(visit.language) if one.hint else "",
        required=one.required,
        value="" if value is None or isinstance(value, list) else str(value),
    )
    if isinstance(one, TextField):
        shown.longest, shown.is_long = one.longest, one.lines > 1
    elif isinstance(one, IntegerField):
        shown.minimum, shown.maximum = one.minimum, one.maximum
        if shown.value == "" and one.default is not None:
            shown.value = str(one.default)
    elif isinstance(one, ChoiceField):
        shown.options = [(option.value, option.label.text(visit.language), "") for option in one.options]
    elif isinstance(one, SealField):
        shown.options = _seals(session, visit)
    elif isinstance(one, InvoicesField):
        shown.document_kind = one.kind
        shown.options = category_options(visit, one)
        lines = value if isinstance(value, list) else []
        shown.documents = _claim_choices(session, visit, lines)
    elif isinstance(one, DocumentsField):
        shown.document_kind = one.kind
        shown.documents = _documents(session, visit, one, value if isinstance(value, list) else [])
    return shown


def _claim_choices(session: Session, visit: Visit, lines: list[dict[str, str]]) -> list[Choice]:
    """The chosen invoices with their lines, then one's own that are free."""
    chosen = {line["document"]: line for line in lines if isinstance(line, dict) and "document" in line}
    wanted = [as_id(one) for one in chosen]
    for state in (FolderState.UNCLAIMED, FolderState.REJECTED):
        free = FolderFilter(state, InvoiceFilter(owner_id=visit.person.person_id))
        rows = visit.runtime.get(WorkflowService).folder(session, visit.person, free, limit=OFFERED)
        wanted += [
            row.invoice.document_id
            for row in rows
            if row.invoice.number is not None or row.invoice.total is not None  # a ZIP says nothing itself
        ]
    choices = []
    for document_id in dict.fromkeys(one for one in wanted if one is not None):
        try:
            sent = look_up(visit, document_id)
        except VermilionError:
            continue
        invoice = session.get(Invoice, document_id)
        line = chosen.get(str(document_id), {})
        choices.append(
            Choice(
                sent,
                str(document_id) in chosen,
                category=str(line.get("category", "")),
                amount=str(line.get("amount", "")),
                note=str(line.get("note", "")),
                total=invoice.total if invoice is not None else None,
            )
        )
    return choices


def _seals(session: Session, visit: Visit) -> list[tuple[str, str, str]]:
    rows = session.execute(
        select(Seal.id, Seal.name, Person.name)
        .join(Person, Person.id == Seal.keeper_id)
        .where(Seal.entity_id == visit.person.entity_id, Seal.state == SealState.ACTIVE)
        .order_by(Seal.created_at)
    )
    return [(str(seal_id), name, keeper) for seal_id, name, keeper in rows]


def _documents(session: Session, visit: Visit, one: DocumentsField, chosen: list[str]) -> list[Choice]:
    """The chosen documents, then one's own latest of this kind."""
    ids = [document_id for document_id in map(as_id, chosen) if document_id is not None]
    own = session.scalars(
        select(Document.id)
        .where(
            Document.owner_id == visit.person.person_id,
            Document.kind == one.kind,
            Document.state != DocumentState.REFUSED,
            Document.id.not_in(ids),
        )
        .order_by(Document.created_at.desc())
        .limit(OFFERED)
    ).all()
    choices = []
    for document_id in [*ids, *own]:
        try:
            choices.append(Choice(look_up(visit, document_id), document_id in ids))
        except VermilionError:  # not there any more, or not theirs: it is simply not offered
            continue
    return choices

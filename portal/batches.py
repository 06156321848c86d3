"""Approving many with one PIN: choose, see what is signed, give the PIN, follow the results."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Form, Query, Request, Response

from core.errors import NotFound, VermilionError
from core.sign_in import binding
from portal.case_views import has_pin, step_name
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.second_factor import Factor, accept, field_of
from portal.visit import SESSION_COOKIE, Visit
from workflow.batch_models import ItemState
from workflow.batches import BatchLine, BatchView, Wanted
from workflow.cases import CaseView
from workflow.errors import StalePage
from workflow.models import Task, TaskState
from workflow.service import WorkflowService

router = pages()


@dataclass(frozen=True)
class ReviewLine:
    """One approval as it is shown before the PIN: what will be signed."""

    task_id: UUID
    case_id: UUID
    subject: str
    serial_number: str
    flow_title: str
    step_name: str
    applicant: str
    amount: Decimal | None
    sheet_id: UUID
    digest: str
    pages: int


@dataclass(frozen=True)
class ResultLine:
    """One approval with its result; ``reason`` says why it failed."""

    line: BatchLine
    reason: str


@router.get("/batches/new")
def review(
    request: Request,
    visit: Visiting,
    task: Annotated[list[str] | None, Query()] = None,
    everything: Annotated[str, Query(alias="all")] = "",
) -> Response:
    """The list of what will be signed, chosen in the inbox."""
    wanted = {found for one in task or [] if (found := as_id(one)) is not None}
    with visit.runtime.database.read() as session:
        rows = visit.runtime.get(WorkflowService).inbox(session, visit.person)
    most = visit.runtime.settings.batch_most
    chosen = [row.id for row in rows if row.kind == "approve" and (everything or row.id in wanted)]
    return _review(request, visit, chosen[:most], left_out=max(len(chosen) - most, 0))


@router.post("/batches/new")
def start(
    request: Request,
    visit: Visiting,
    shown: Factor,
    item: Annotated[list[str] | None, Form()] = None,
    form_id: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
    pin: Annotated[str, Form()] = "",
) -> Response:
    """Begin; the results appear on the batch's page."""
    wanted = _wanted(item)
    try:
        accept(visit, shown, [one.shown_digest for one in wanted])
        batch_id = visit.runtime.get(WorkflowService).batches.start(
            visit.person, _sign_in(request), as_id(form_id) or uuid4(), wanted, comment, pin
        )
    except VermilionError as error:
        tasks = [one.task_id for one in wanted]
        return _review(request, visit, tasks, error=error, comment=comment, form_id=form_id)
    return see_other(request, f"/batches/{batch_id}")


@router.get("/batches/{batch_id}")
def show(request: Request, visit: Visiting, batch_id: UUID) -> Response:
    """How far it is, and the result of each."""
    view = _view(visit, batch_id)
    lines = [ResultLine(line, _reason(visit, line)) for line in view.lines]
    return page(
        request,
        visit,
        "batch.html",
        batch=view,
        done=view.count(ItemState.DONE),
        failed=view.count(ItemState.FAILED),
        lines=sorted(lines, key=lambda one: one.line.state != ItemState.FAILED),
        stop=visit.text(f"error-{view.stop_code}", reason="ended") if view.stop_code else "",
    )


@router.get("/batches/{batch_id}/repetition")
def review_again(request: Request, visit: Visiting, batch_id: UUID) -> Response:
    """What is not done, as it is now, to be signed after another look."""
    view = _view(visit, batch_id)
    tasks = [line.task_id for line in view.open_lines]
    return _review(request, visit, tasks, batch=view, comment=view.comment)


@router.post("/batches/{batch_id}/repetition")
def repeat(
    request: Request,
    visit: Visiting,
    batch_id: UUID,
    shown: Factor,
    item: Annotated[list[str] | None, Form()] = None,
    pin: Annotated[str, Form()] = "",
) -> Response:
    """Try again what is not done."""
    wanted = _wanted(item)
    try:
        accept(visit, shown, [one.shown_digest for one in wanted])
        visit.runtime.get(WorkflowService).batches.repeat(
            visit.person, _sign_in(request), batch_id, wanted, pin
        )
    except VermilionError as error:
        view = _view(visit, batch_id)
        tasks = [one.task_id for one in wanted]
        return _review(request, visit, tasks, error=error, batch=view, comment=view.comment)
    return see_other(request, f"/batches/{batch_id}")


def _review(
    request: Request,
    visit: Visit,
    tasks: list[UUID],
    *,
    left_out: int = 0,
    error: VermilionError | None = None,
    batch: BatchView | None = None,
    comment: str = "",
    form_id: str = "",
) -> Response:
    lines, gone = _lines(visit, tasks)
    with visit.runtime.database.read() as session:
        can_sign = has_pin(visit, session, visit.person)
    errors = {}
    if error is not None:
        errors[error.field if error.field in ("pin", "comment", "code") else ""] = visit.translator.error(
            error
        )
    return page(
        request,
        visit,
        "batch-review.html",
        status=error.status if error is not None else 200,
        lines=lines,
        gone=gone,
        left_out=left_out,
        total=sum((line.amount for line in lines if line.amount is not None), Decimal(0)),
        has_amounts=any(line.amount is not None for line in lines),
        has_pin=can_sign,
        batch=batch,
        comment=comment,
        form_id=form_id or str(uuid4()),
        minutes=visit.runtime.settings.batch_minutes,
        factor=field_of(visit, [line.digest for line in lines], "approval", errors.get("code", "")),
        errors=errors,
        error=errors.get("", ""),
    )


def _lines(visit: Visit, tasks: list[UUID]) -> tuple[list[ReviewLine], int]:
    """The tasks that can still be approved, and how many no longer can."""
    lines: list[ReviewLine] = []
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        for task_id in tasks:
            try:
                task, view = workflow.case_of_task(session, visit.person, task_id)
            except NotFound:
                continue
            is_mine = view.my_task is not None and view.my_task.id == task.id
            if is_mine and task.kind == "approve" and task.state == TaskState.OPEN:
                lines.append(_line(visit, task, view))
    return lines, len(tasks) - len(lines)


def _line(visit: Visit, task: Task, view: CaseView) -> ReviewLine:
    sheet = view.sheet_of(task)
    return ReviewLine(
        task.id,
        view.case.id,
        view.case.subject,
        view.case.serial_number,
        view.flow.name.text(visit.language),
        step_name(visit, view.flow.step(task.step_key).name, task.place > 0),
        view.applicant,
        view.case.amount,
        sheet.id,
        sheet.digest,
        sheet.pages,
    )


def _wanted(items: list[str] | None) -> list[Wanted]:
    """``task:digest`` of each line; what is no such thing is refused as a page that is out of date."""
    found: dict[UUID, Wanted] = {}
    for item in items or []:
        task, _, digest = item.partition(":")
        task_id = as_id(task)
        if task_id is None or len(digest) != 64:
            raise StalePage()
        found[task_id] = Wanted(task_id, digest)
    return list(found.values())


def _view(visit: Visit, batch_id: UUID) -> BatchView:
    with visit.runtime.database.read() as session:
        return visit.runtime.get(WorkflowService).batches.view(session, visit.person, batch_id)


def _reason(visit: Visit, line: BatchLine) -> str:
    if line.error_code is None:
        return ""
    return visit.text(f"error-{line.error_code}", **line.error_context)


def _sign_in(request: Request) -> str:
    return binding(request.cookies.get(SESSION_COOKIE, ""))

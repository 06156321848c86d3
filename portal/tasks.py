"""Deciding: the paper in view, the facts, the earlier decisions, and the PIN last."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from core.errors import VermilionError
from portal.case_views import case_context, has_pin, step_name
from portal.frame import Visiting, page, pages, see_other
from portal.sealing import show_sealing
from portal.second_factor import Factor, accept, field_of
from portal.visit import Visit
from workflow.cases import CaseView
from workflow.models import Outcome, Task
from workflow.service import WorkflowService

router = pages()


@router.get("/tasks/{task_id}")
def show_task(request: Request, visit: Visiting, task_id: UUID, after: str = "", added: str = "") -> Response:
    """One task; where it is done already, its case."""
    task, view = find(visit, task_id)
    if view.my_task is None or view.my_task.id != task.id:
        return see_other(request, f"/cases/{view.case.id}")
    if task.kind == "revise":
        return see_other(request, f"/apply/{view.case.flow_key}?resubmit={view.case.id}")
    if task.kind == "seal":
        return show_sealing(request, visit, task, view)
    return _show(request, visit, task, view, after=after, added=added)


@router.post("/tasks/{task_id}")
def decide(
    request: Request,
    visit: Visiting,
    task_id: UUID,
    shown: Factor,
    outcome: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
    pin: Annotated[str, Form()] = "",
    shown_digest: Annotated[str, Form()] = "",
) -> Response:
    """Approve, return or reject; then the next task."""
    task, view = find(visit, task_id)
    chosen = next((one for one in Outcome if one.value == outcome), None)
    if chosen is None:
        return _again(request, visit, task, view, comment, {"": visit.text("task-choose")}, 422)
    try:
        accept(visit, shown, [shown_digest])
        visit.runtime.get(WorkflowService).decide(visit.person, task_id, chosen, comment, pin, shown_digest)
    except VermilionError as error:
        if error.status == 404:
            raise
        field = error.field if error.field in ("pin", "comment", "code") else ""
        errors = {field: visit.translator.error(error)}
        return _again(request, visit, task, view, comment, errors, error.status)
    return to_next(request, visit, chosen)


def find(visit: Visit, task_id: UUID) -> tuple[Task, CaseView]:
    """A task with its case. Raises NotFound."""
    with visit.runtime.database.read() as session:
        return visit.runtime.get(WorkflowService).case_of_task(session, visit.person, task_id)


def to_next(request: Request, visit: Visit, outcome: Outcome) -> Response:
    """The oldest task that is left, or home."""
    with visit.runtime.database.read() as session:
        left = visit.runtime.get(WorkflowService).inbox(session, visit.person)
    waiting = next((row for row in left if row.kind == "approve"), None)
    if waiting is None:
        return see_other(request, f"/?after={outcome.value}")
    return see_other(request, f"/tasks/{waiting.id}?after={outcome.value}")


def _again(
    request: Request,
    visit: Visit,
    task: Task,
    view: CaseView,
    comment: str,
    errors: dict[str, str],
    status: int,
) -> Response:
    """The page once more, with what was typed and what is wrong."""
    if view.my_task is None or view.my_task.id != task.id:
        return page(
            request,
            visit,
            "error.html",
            status=status,
            http_status=status,
            message=next(iter(errors.values())),
            number="",
            now=visit.formats.moment(visit.runtime.clock.now()),
        )
    if task.kind == "seal":
        return show_sealing(request, visit, task, view, errors=errors, comment=comment, status=status)
    return _show(request, visit, task, view, errors=errors, comment=comment, status=status)


def _show(
    request: Request,
    visit: Visit,
    task: Task,
    view: CaseView,
    *,
    after: str = "",
    added: str = "",
    comment: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    errors = errors or {}
    shown_digest = view.sheet_of(task).digest
    with visit.runtime.database.read() as session:
        can_sign = has_pin(visit, session, visit.person)
    return page(
        request,
        visit,
        "task.html",
        status=status,
        **case_context(request, visit, view),
        task=task,
        step_name=step_name(visit, view.flow.step(task.step_key).name, task.place > 0),
        after=after if after in {one.value for one in Outcome} else "",
        has_pin=can_sign,
        shown_digest=shown_digest,
        request_to_me=view.request,
        added_now=added == "after",
        may_add=view.may_add_approvers,
        factor=field_of(visit, [shown_digest], "approval", errors.get("code", "")),
        comment=comment,
        errors=errors,
        error=errors.get("", ""),
    )

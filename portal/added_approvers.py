"""Adding approvers to a task 加签, and taking them back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response

from core.errors import VermilionError
from portal.case_views import step_name
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.tasks import find
from portal.visit import Visit
from workflow.adding import LONGEST_REASON, Colleague
from workflow.models import AddedKind, Task
from workflow.service import WorkflowService

router = pages()


@router.get("/tasks/{task_id}/approvers")
def choose(request: Request, visit: Visiting, task_id: UUID) -> Response:
    """Who shall decide too, when, and why."""
    task, view = find(visit, task_id)
    if view.my_task is None or view.my_task.id != task.id:
        return see_other(request, f"/cases/{view.case.id}")
    return _show(request, visit, task, {"kind": AddedKind.BEFORE.value}, [])


@router.post("/tasks/{task_id}/approvers")
def add(
    request: Request,
    visit: Visiting,
    task_id: UUID,
    act: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    person: Annotated[list[str] | None, Form()] = None,
    reason: Annotated[str, Form()] = "",
    q: Annotated[str, Form()] = "",
) -> Response:
    """Look for more people, or add those that are ticked."""
    task, _view = find(visit, task_id)
    typed = {"kind": kind, "reason": reason, "q": q[:100]}
    chosen = [found for one in person or [] if (found := as_id(one)) is not None]
    if act != "add":
        return _show(request, visit, task, typed, chosen)
    wanted = next((one for one in AddedKind if one.value == kind), AddedKind.BEFORE)
    try:
        visit.runtime.get(WorkflowService).adding.add(visit.person, task_id, wanted, chosen, reason)
    except VermilionError as error:
        if error.field not in ("people", "reason"):
            raise
        errors = {error.field: visit.translator.error(error)}
        return _show(request, visit, task, typed, chosen, errors, error.status)
    if wanted is AddedKind.BEFORE:
        return see_other(request, f"/cases/{task.case_id}?added=before")
    return see_other(request, f"/tasks/{task_id}?added=after")


@router.post("/tasks/{task_id}/take-back")
def take_back(request: Request, visit: Visiting, task_id: UUID) -> Response:
    """Undo an addition that was not decided yet."""
    task, _view = find(visit, task_id)
    visit.runtime.get(WorkflowService).adding.take_back(visit.person, task_id)
    return see_other(request, f"/cases/{task.case_id}")


def _show(
    request: Request,
    visit: Visit,
    task: Task,
    typed: dict[str, str],
    chosen: list[UUID],
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        _task, view = workflow.case_of_task(session, visit.person, task.id)
        ticked = workflow.adding.colleagues(session, visit.person, task.id, among=chosen) if chosen else []
        found = workflow.adding.colleagues(session, visit.person, task.id, typed.get("q", ""))
    known = {one.id for one in ticked}
    people: list[tuple[Colleague, bool]] = [(one, True) for one in ticked]
    people += [(one, False) for one in found if one.id not in known]
    return page(
        request,
        visit,
        "added-approvers.html",
        status=status,
        case=view.case,
        task=task,
        step_name=step_name(visit, view.flow.step(task.step_key).name, task.place > 0),
        people=people,
        typed=typed,
        longest=LONGEST_REASON,
        errors=errors or {},
    )

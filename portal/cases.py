"""Cases: the list, one case with its progress, comments, withdrawal."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Request, Response

from core.errors import VermilionError
from portal.case_views import case_context, case_line, steps
from portal.fields import as_id
from portal.frame import Visiting, page, pages, see_other
from portal.notices import look_at
from portal.visit import Visit
from workflow.cases import CaseFilter, CaseView
from workflow.contracts import Contracts
from workflow.models import CaseState
from workflow.service import WorkflowService

router = pages()

PAGE_SIZE: Final = 25


@router.get("/cases")
def list_cases(
    request: Request, visit: Visiting, state: str = "", flow: str = "", mine: str = "", before: str = ""
) -> Response:
    """The cases that the reader may see, newest first."""
    workflow = visit.runtime.get(WorkflowService)
    wanted = CaseFilter(
        state=next((one for one in CaseState if one.value == state), None),
        flow_key=flow or None,
        applicant_id=visit.person.person_id if mine else None,
    )
    with visit.runtime.database.read() as session:
        rows = workflow.list_cases(session, visit.person, wanted, before=as_id(before), limit=PAGE_SIZE + 1)
        flows = workflow.flows(session)
    shown = rows[:PAGE_SIZE]
    return page(
        request,
        visit,
        "cases.html",
        cases=[case_line(visit, row) for row in shown],
        states=list(CaseState),
        state=state,
        flows=[{"key": one.key, "title": one.flow.name.text(visit.language)} for one in flows],
        flow=flow,
        mine=bool(mine),
        next_before=shown[-1].id if len(rows) > PAGE_SIZE else None,
    )


@router.get("/cases/{case_id}")
def show_case(
    request: Request, visit: Visiting, case_id: UUID, submitted: str = "", added: str = ""
) -> Response:
    """One case: where it stands, its papers, what was said."""
    look_at(visit, "case", case_id)
    return case_page(request, visit, case_id, submitted=bool(submitted), added=added == "before")


@router.get("/cases/{case_id}/progress")
def show_progress(request: Request, visit: Visiting, case_id: UUID, seen: int = 0) -> Response:
    """The progress line for the page that renews itself; the whole page when more has changed."""
    view = _view(visit, case_id)
    if view.case.revision != seen:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return page(
        request,
        visit,
        "parts/case-progress.html",
        case=view.case,
        steps=steps(visit, view),
        is_live=_is_live(view),
    )


@router.post("/cases/{case_id}/comments")
def comment(request: Request, visit: Visiting, case_id: UUID, text: Annotated[str, Form()] = "") -> Response:
    """A remark that decides nothing."""
    try:
        with visit.runtime.database.write() as session:
            visit.runtime.get(WorkflowService).comment(session, visit.person, case_id, text)
    except VermilionError as error:
        if error.field != "text":
            raise
        errors = {"text": visit.translator.error(error)}
        return case_page(request, visit, case_id, status=error.status, errors=errors, typed=text)
    return see_other(request, f"/cases/{case_id}#comments")


@router.post("/cases/{case_id}/withdrawal")
def withdraw(request: Request, visit: Visiting, case_id: UUID) -> Response:
    """Take one's own case back."""
    try:
        visit.runtime.get(WorkflowService).withdraw(visit.person, case_id)
    except VermilionError as error:
        if error.status == 404:
            raise
        return case_page(request, visit, case_id, status=error.status, error=visit.translator.error(error))
    return see_other(request, f"/cases/{case_id}")


def _view(visit: Visit, case_id: UUID) -> CaseView:
    with visit.runtime.database.read() as session:
        return visit.runtime.get(WorkflowService).get_case(session, visit.person, case_id)


def _is_live(view: CaseView) -> bool:
    return view.case.state == CaseState.RUNNING or view.case.evidence_state == "pending"


def case_page(
    request: Request,
    visit: Visit,
    case_id: UUID,
    *,
    status: int = 200,
    submitted: bool = False,
    added: bool = False,
    error: str = "",
    errors: dict[str, str] | None = None,
    typed: str = "",
) -> Response:
    """The page of a case. ``errors`` by input: what a form on it was sent with and is wrong."""
    view = _view(visit, case_id)
    with visit.runtime.database.read() as session:
        copies = visit.runtime.get(Contracts).copies(session, visit.person, case_id)
    return page(
        request,
        visit,
        "case.html",
        copies=copies,
        contracts=[one for one in view.documents if one.is_signed_in_place],
        status=status,
        **case_context(request, visit, view),
        steps=steps(visit, view),
        is_live=_is_live(view),
        submitted=submitted,
        added_now=added,
        error=error,
        errors=errors or {},
        typed=typed,
        my_task=view.my_task.id if view.my_task and view.my_task.kind != "revise" else None,
        may_withdraw=view.may_withdraw,
        may_resubmit=view.may_resubmit,
    )

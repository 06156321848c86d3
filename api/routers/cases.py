"""``/api/v1/cases``: applications, where they stand, and their papers."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api import downloads
from api.etags import CHANGED, UNCHANGED, IfMatch, IfNoneMatch, require_match, tag, unchanged
from api.pagination import Cursor, Limit, decode_id, split
from api.principals import Caller, Calling, Running
from api.routers.documents import BYTES, hold
from api.routing import router
from api.schemas import Page, Words
from api.schemas_cases import (
    ActAnswer,
    AddedAnswer,
    CaseAnswer,
    CaseRowAnswer,
    NewCase,
    NewComment,
    PaperAnswer,
    StepAnswer,
)
from api.views import note_download
from core.i18n import Language
from core.periods import day_bounds
from core.runtime import Runtime
from retention.bundle import bundle_pieces, open_bundle
from storage.service import ObjectStore
from workflow.cases import ActView, CaseFilter, CaseRow, CaseView, StepView
from workflow.models import CaseState, FlowVersion
from workflow.service import WorkflowService

cases = router("cases")


def wanted_cases(
    caller: Calling,
    runtime: Running,
    state: CaseState | None = None,
    flow: Annotated[Words | None, Query(max_length=60, description="Key of the flow.")] = None,
    is_mine: Annotated[bool, Query(description="Only the caller's own applications.")] = False,
    department: Annotated[UUID | None, Query(description="Id of the applicant's department.")] = None,
    serial_number: Annotated[Words | None, Query(max_length=40)] = None,
    date_from: Annotated[date | None, Query(description="First day of submission.")] = None,
    date_to: Annotated[date | None, Query(description="Last day of submission, inclusive.")] = None,
) -> CaseFilter:
    """The filter of a list of cases, from the query."""
    since, until = day_bounds(date_from, date_to, runtime.settings.zone)
    return CaseFilter(
        state=state,
        flow_key=flow,
        applicant_id=caller.principal.person_id if is_mine else None,
        department_id=department,
        serial_number=serial_number,
        since=since,
        until=until,
    )


@cases.get("", summary="List cases", response_model=Page[CaseRowAnswer])
def list_cases(
    caller: Calling,
    runtime: Running,
    wanted: Annotated[CaseFilter, Depends(wanted_cases)],
    cursor: Cursor = None,
    limit: Limit = 25,
) -> Page[CaseRowAnswer]:
    """The cases that the caller may see, newest first."""
    before = decode_id(cursor)
    with runtime.database.read() as session:
        rows = runtime.get(WorkflowService).list_cases(
            session, caller.principal, wanted, before=before, limit=limit + 1
        )
    shown, following = split(rows, limit, lambda row: row.id)
    return Page(items=[row_answer(row, caller.language) for row in shown], next_cursor=following)


@cases.post("", summary="Submit an application", response_model=CaseAnswer, status_code=201)
def create_case(caller: Calling, runtime: Running, response: Response, wanted: NewCase) -> CaseAnswer:
    """Checks the form, typesets and certifies the approval sheet, and gives out the first task.

    `errors` of a refused form names each field. With `resubmits` a returned case goes on in a new round.
    """
    check_match(caller, runtime, wanted.resubmits, None)
    case_id = runtime.get(WorkflowService).submit(
        caller.principal, wanted.flow, wanted.form, resubmit=wanted.resubmits
    )
    return show(caller, runtime, response, case_id)


@cases.get("/{case_id}", summary="Get a case", response_model=CaseAnswer, responses=UNCHANGED)
def get_case(
    caller: Calling, runtime: Running, response: Response, case_id: UUID, if_none_match: IfNoneMatch = None
) -> CaseAnswer | Response:
    """The form, the steps, the papers and what was decided. The `ETag` is the case's revision."""
    shown = show(caller, runtime, response, case_id)
    return unchanged(if_none_match, response.headers["ETag"]) or shown


@cases.post("/{case_id}/withdrawal", summary="Withdraw a case", response_model=CaseAnswer, responses=CHANGED)
def withdraw(
    caller: Calling, runtime: Running, response: Response, case_id: UUID, if_match: IfMatch = None
) -> CaseAnswer:
    """The applicant takes it back; approvals given so far no longer count."""
    check_match(caller, runtime, case_id, if_match)
    runtime.get(WorkflowService).withdraw(caller.principal, case_id)
    return show(caller, runtime, response, case_id)


@cases.post(
    "/{case_id}/comments",
    summary="Comment on a case",
    response_model=CaseAnswer,
    status_code=201,
    responses=CHANGED,
)
def comment(
    caller: Calling,
    runtime: Running,
    response: Response,
    case_id: UUID,
    wanted: NewComment,
    if_match: IfMatch = None,
) -> CaseAnswer:
    """A remark that decides nothing; everybody who sees the case sees it."""
    check_match(caller, runtime, case_id, if_match)
    with runtime.database.write() as session:
        runtime.get(WorkflowService).comment(session, caller.principal, case_id, wanted.text)
    return show(caller, runtime, response, case_id)


@cases.get(
    "/{case_id}/sheet", summary="Download the approval sheet", response_class=Response, responses=BYTES
)
def sheet(request: Request, caller: Calling, runtime: Running, case_id: UUID) -> Response:
    """The sheet of the current round, with every signature so far. Continuation sheets are among the
    case's `sheets`; download them as documents.
    """
    with runtime.database.read() as session:
        view = runtime.get(WorkflowService).get_case(session, caller.principal, case_id)
    document, version = hold(caller, runtime, view.sheet.id, view.sheet.version)
    note_download(runtime, caller, document, version)
    return downloads.send(request, runtime.get(ObjectStore), document, version)


def check_match(caller: Caller, runtime: Runtime, case_id: UUID | None, if_match: str | None) -> None:
    """Raise NotFound for a case that is not the caller's to see, PreconditionFailed for another state."""
    if case_id is None:
        return
    with runtime.database.read() as session:
        view = runtime.get(WorkflowService).get_case(session, caller.principal, case_id)
    require_match(if_match, tag(view.case.revision))


def show(caller: Caller, runtime: Runtime, response: Response, case_id: UUID) -> CaseAnswer:
    """The case as it is now, with its entity tag."""
    with runtime.database.read() as session:
        view = runtime.get(WorkflowService).get_case(session, caller.principal, case_id)
        shown = case_answer(session, view, caller.language)
    response.headers["ETag"] = tag(view.case.revision)
    return shown


def row_answer(row: CaseRow, language: Language) -> CaseRowAnswer:
    """A line of a list as the API shows it."""
    return CaseRowAnswer(
        id=row.id,
        serial_number=row.serial_number,
        subject=row.subject,
        flow=row.flow_key,
        flow_name=row.flow_name.text(language),
        applicant=row.applicant,
        amount=row.amount,
        counterparty=row.counterparty,
        state=row.state,
        submitted_at=row.submitted_at,
        finished_at=row.finished_at,
        waiting_for=list(row.waiting_for),
    )


def case_answer(session: Session, view: CaseView, language: Language) -> CaseAnswer:
    """A case as the API shows it."""
    case = view.case
    return CaseAnswer(
        id=case.id,
        serial_number=case.serial_number,
        subject=case.subject,
        flow=case.flow_key,
        flow_version=session.get_one(FlowVersion, case.flow_version_id).version,
        flow_name=view.flow.name.text(language),
        applicant_id=case.applicant_id,
        applicant=view.applicant,
        department=view.department,
        amount=case.amount,
        counterparty=case.counterparty,
        state=case.state,
        round=case.round,
        revision=case.revision,
        evidence_state=case.evidence_state,
        submitted_at=case.submitted_at,
        finished_at=case.finished_at,
        form=case.form,
        steps=[_step(step, language) for step in view.steps],
        sheets=[PaperAnswer.model_validate(paper) for paper in view.sheets],
        documents=[PaperAnswer.model_validate(paper) for paper in view.documents],
        acts=[_act(act, language) for act in view.acts],
        my_task_id=view.my_task.id if view.my_task else None,
        may_withdraw=view.may_withdraw,
        may_resubmit=view.may_resubmit,
        may_add_approvers=view.may_add_approvers,
    )


def _step(step: StepView, language: Language) -> StepAnswer:
    return StepAnswer(
        key=step.key,
        name=step.name.text(language),
        kind=step.kind,
        status=step.status,
        people=list(step.people),
        since=step.since,
        finished_at=step.finished_at,
        outcome=step.outcome,
        added=step.added,
        task_id=step.task_id,
        may_take_back=step.may_take_back,
    )


def _act(act: ActView, language: Language) -> ActAnswer:
    return ActAnswer(
        name=act.name,
        position=act.position,
        step=act.step.text(language) if act.step else None,
        outcome=act.outcome,
        text=act.text,
        is_by_added=act.is_by_added,
        added=AddedAnswer(kind=act.added.kind, people=list(act.added.people)) if act.added else None,
        at=act.at,
    )


@cases.get(
    "/{case_id}/evidence",
    summary="Download the evidence bundle",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                "application/zip": {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}
            }
        }
    },
)
def evidence(caller: Calling, runtime: Running, case_id: UUID) -> StreamingResponse:
    """A ZIP that an expert checks with openssl, pdfsig and a text editor: papers, signatures, time-stamps,
    certificates, revocation lists, audit entries, register, tree head and proofs, with instructions.
    """
    name, file, size = open_bundle(runtime, caller.principal, case_id)
    return StreamingResponse(
        bundle_pieces(file),
        media_type="application/zip",
        headers={
            "Content-Disposition": f"attachment; filename=\"evidence.zip\"; filename*=UTF-8''{quote(name)}",
            "Content-Length": str(size),
        },
    )

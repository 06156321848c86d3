"""``/api/v1/tasks``: what waits for the caller, and deciding it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.etags import CHANGED, IfMatch, tag
from api.principals import Calling, Running
from api.routers.cases import case_answer, check_match, show
from api.routing import call, router
from api.schemas import Everything
from api.schemas_cases import CaseAnswer
from api.schemas_seals import SpotAnswer, SpotsAnswer, WantedPlaces, wish
from api.schemas_tasks import (
    ColleagueAnswer,
    DecisionAnswer,
    NewApprovers,
    NewDecision,
    NewHandSealing,
    NewSealing,
    RequestAnswer,
    TaskAnswer,
    TaskDetail,
)
from core.i18n import Language
from ingest.service import IngestService
from workflow.cases import CaseView, TaskRow
from workflow.models import AddedKind, Outcome
from workflow.service import WorkflowService

tasks = router("tasks")


@tasks.get("", summary="Read my inbox", response_model=Everything[TaskAnswer])
def inbox(caller: Calling, runtime: Running) -> Everything[TaskAnswer]:
    """The open tasks that the caller may do, oldest first."""
    with runtime.database.read() as session:
        rows = runtime.get(WorkflowService).inbox(session, caller.principal)
    return Everything(items=[_row(row, caller.language) for row in rows])


@tasks.get("/{task_id}", summary="Get a task", response_model=TaskDetail)
def get_task(caller: Calling, runtime: Running, response: Response, task_id: UUID) -> TaskDetail:
    """The task with its case. Show the sheet and the documents before asking for the PIN."""
    with runtime.database.read() as session:
        task, view = runtime.get(WorkflowService).case_of_task(session, caller.principal, task_id)
        case = case_answer(session, view, caller.language)
    response.headers["ETag"] = tag(view.case.revision)
    return TaskDetail(
        id=task.id,
        step_key=task.step_key,
        kind=task.kind,
        state=task.state,
        round=task.round,
        created_at=task.created_at,
        finished_at=task.finished_at,
        sheet_id=task.sheet_id,
        shown_digest=view.sheet_of(task).digest,
        request=_request(view) if view.my_task is not None and view.my_task.id == task.id else None,
        case=case,
    )


@tasks.post(
    "/{task_id}/decision",
    summary="Decide a task",
    response_model=DecisionAnswer,
    status_code=201,
    responses=CHANGED,
)
@call(scope="sign")
def decide(
    caller: Calling, runtime: Running, task_id: UUID, wanted: NewDecision, if_match: IfMatch = None
) -> DecisionAnswer:
    """Signs the sheet (and what the flow says) with the caller's own key. It cannot be undone.

    `stale-page` (409): what was shown is not what would be signed; read the task again.
    """
    _check_match(caller, runtime, task_id, if_match)
    made = runtime.get(WorkflowService).decide(
        caller.principal, task_id, Outcome(wanted.outcome), wanted.comment, wanted.pin, wanted.shown_digest
    )
    return DecisionAnswer.model_validate(made)


@tasks.get(
    "/{task_id}/colleagues",
    summary="Find people to add as approvers",
    response_model=Everything[ColleagueAnswer],
)
def colleagues(
    caller: Calling,
    runtime: Running,
    task_id: UUID,
    q: Annotated[str, Query(max_length=100, description="Part of a name, position or department.")] = "",
) -> Everything[ColleagueAnswer]:
    """The first 50 people whom the caller may add to the task, the caller's own department first."""
    with runtime.database.read() as session:
        found = runtime.get(WorkflowService).adding.colleagues(session, caller.principal, task_id, q)
    return Everything(items=[ColleagueAnswer.model_validate(one) for one in found])


@tasks.post(
    "/{task_id}/approvers",
    summary="Add approvers to a task",
    response_model=CaseAnswer,
    status_code=201,
    responses=CHANGED,
)
def add_approvers(
    caller: Calling,
    runtime: Running,
    response: Response,
    task_id: UUID,
    wanted: NewApprovers,
    if_match: IfMatch = None,
) -> CaseAnswer:
    """Others decide before the caller 前加签, or after the caller approved 后加签, each with a signature.

    They sign a certified continuation sheet that names the digests of the sheets before it.
    """
    case_id = _case_of(caller, runtime, task_id)
    check_match(caller, runtime, case_id if if_match else None, if_match)
    workflow = runtime.get(WorkflowService)
    workflow.adding.add(caller.principal, task_id, AddedKind(wanted.kind), wanted.people, wanted.reason)
    return show(caller, runtime, response, case_id)


@tasks.post(
    "/{task_id}/take-back",
    summary="Take an added approver back",
    response_model=CaseAnswer,
    responses=CHANGED,
)
def take_back(
    caller: Calling, runtime: Running, response: Response, task_id: UUID, if_match: IfMatch = None
) -> CaseAnswer:
    """Undoes an addition that was not decided yet; `task_id` is that of the added approver."""
    case_id = _case_of(caller, runtime, task_id)
    check_match(caller, runtime, case_id if if_match else None, if_match)
    runtime.get(WorkflowService).adding.take_back(caller.principal, task_id)
    return show(caller, runtime, response, case_id)


@tasks.post(
    "/{task_id}/seal",
    summary="Seal the documents",
    response_model=DecisionAnswer,
    status_code=201,
    responses=CHANGED,
)
@call(scope="sign")
def seal(
    caller: Calling, runtime: Running, task_id: UUID, wanted: NewSealing, if_match: IfMatch = None
) -> DecisionAnswer:
    """Puts the case's seal on each document, as its keeper, and enters the register. It cannot be undone."""
    _check_match(caller, runtime, task_id, if_match)
    placements = {
        document_id: [wish(one) for one in places] for document_id, places in wanted.placements.items()
    }
    made = runtime.get(WorkflowService).seal(
        caller.principal, task_id, wanted.pin, wanted.shown_digest, placements, wanted.comment
    )
    return DecisionAnswer.model_validate(made)


@tasks.post(
    "/{task_id}/documents/{document_id}/seal-places",
    summary="Try places for the seal",
    response_model=SpotsAnswer,
)
@call(scope="read")
def try_places(
    caller: Calling, runtime: Running, task_id: UUID, document_id: UUID, wanted: WantedPlaces
) -> SpotsAnswer:
    """Looks up words and anchors, checks the places, and says where the seal would go. Changes nothing."""
    wishes = [wish(one) for one in wanted.places]
    with runtime.get(WorkflowService).previewed_seal(caller.principal, task_id, document_id, wishes) as made:
        return SpotsAnswer(spots=[SpotAnswer(**spot.to_json()) for spot in made.spots])


@tasks.post(
    "/{task_id}/documents/{document_id}/seal-preview",
    summary="Preview a sealed page",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}, "example": "PNG"}}}
    },
)
@call(scope="read")
def preview_sealed(
    caller: Calling,
    runtime: Running,
    task_id: UUID,
    document_id: UUID,
    wanted: WantedPlaces,
    page: Annotated[int, Query(ge=1, le=100_000, description="From 1.")] = 1,
    width: Annotated[int, Query(ge=100, le=1600, description="Of the picture, in pixels.")] = 1200,
) -> Response:
    """A page as it will look with the seal: the same drawing in the same places, as PNG."""
    wishes = [wish(one) for one in wanted.places]
    with runtime.get(WorkflowService).previewed_seal(caller.principal, task_id, document_id, wishes) as made:
        picture = runtime.get(IngestService).picture_of(made.path, page, width)
    return Response(picture, media_type="image/png")


@tasks.post(
    "/{task_id}/stamping",
    summary="Stamp the documents by hand",
    response_model=DecisionAnswer,
    status_code=201,
    responses=CHANGED,
)
@call(scope="sign")
def stamp(
    caller: Calling, runtime: Running, task_id: UUID, wanted: NewHandSealing, if_match: IfMatch = None
) -> DecisionAnswer:
    """Instead of the electronic seal: printouts were stamped. Enters the register. It cannot be undone.

    The photo or scan of the stamped page is sent to `/seal-records/{id}/scans` afterwards.
    """
    _check_match(caller, runtime, task_id, if_match)
    made = runtime.get(WorkflowService).stamp(
        caller.principal, task_id, wanted.pin, wanted.shown_digest, wanted.copies, wanted.comment
    )
    return DecisionAnswer.model_validate(made)


def _check_match(caller: Calling, runtime: Running, task_id: UUID, if_match: str | None) -> None:
    if if_match is not None:
        check_match(caller, runtime, _case_of(caller, runtime, task_id), if_match)


def _case_of(caller: Calling, runtime: Running, task_id: UUID) -> UUID:
    """The task's case. Raises NotFound, also when the caller may not see it."""
    with runtime.database.read() as session:
        task, _view = runtime.get(WorkflowService).case_of_task(session, caller.principal, task_id)
    return task.case_id


def _request(view: CaseView) -> RequestAnswer | None:
    return RequestAnswer.model_validate(view.request) if view.request is not None else None


def _row(row: TaskRow, language: Language) -> TaskAnswer:
    return TaskAnswer(
        id=row.id,
        case_id=row.case_id,
        serial_number=row.serial_number,
        subject=row.subject,
        flow=row.flow_key,
        flow_name=row.flow_name.text(language),
        step_name=row.step_name.text(language),
        kind=row.kind,
        amount=row.amount,
        applicant=row.applicant,
        since=row.since,
        is_added=row.is_added,
    )

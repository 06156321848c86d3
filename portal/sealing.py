"""Sealing: the page large, the seal in its true size, and one sentence that names it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from core.errors import VermilionError
from ingest.finding import LONGEST_KEYWORD
from ingest.service import IngestService
from portal.case_views import case_context, has_pin
from portal.frame import Visiting, page, pages, see_other
from portal.seal_places import Filled, proposed, ready_points, typed, wishes
from portal.second_factor import ShownFactor, accept, field_of
from portal.visit import Visit
from signing.fields import LooseWish
from signing.models import Seal, SealAuthorisation
from signing.service import SigningService
from storage.service import ObjectStore
from workflow.cases import CaseView, DocumentView
from workflow.flows import Step
from workflow.models import Outcome, Task
from workflow.places import wishes_of
from workflow.sealing import open_authorisations
from workflow.service import WorkflowService

router = pages()
PICTURE_WIDTH: Final = 1200
"""Pixels of a page's picture."""


@dataclass(frozen=True)
class Place:
    """One document to be sealed, with the places chosen so far. Sizes are in millimetres."""

    document: DocumentView
    sizes: list[tuple[float, float]]
    size_mm: tuple[float, float]
    seal_id: UUID
    seal_name: str
    copies: int
    filled: Filled
    ready: list[tuple[int, float, float]]
    is_signed: bool
    may_repeat: bool = True
    is_kept: bool = False

    @property
    def first_page(self) -> int:
        """The page that is shown first."""
        page = self.filled.rows[0].page if self.filled.rows else "1"
        return int(page) if page.isascii() and page.isdigit() and 1 <= int(page) <= len(self.sizes) else 1


@router.post("/tasks/{task_id}/seal")
async def seal(request: Request, visit: Visiting, task_id: UUID) -> Response:
    """Apply the seal to every document of the case."""
    form = await request.form()
    return await run_in_threadpool(_seal, request, visit, task_id, form)


@router.get("/seals/{seal_id}/picture.svg")
def seal_picture(visit: Visiting, seal_id: UUID) -> Response:
    """A seal's picture in its true size."""
    picture = visit.runtime.get(SigningService).seal_picture(seal_id)
    return Response(picture, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=3600"})


@router.get("/tasks/{task_id}/documents/{document_id}/preview.png")
def preview(request: Request, visit: Visiting, task_id: UUID, document_id: UUID, show: int = 1) -> Response:
    """A page as it will look with the seal; the places come as the form has them. Nothing is kept."""
    try:
        asked = wishes(typed(request.query_params, document_id))
        workflow, ingest = visit.runtime.get(WorkflowService), visit.runtime.get(IngestService)
        with workflow.previewed_seal(visit.person, task_id, document_id, asked) as made:
            picture = ingest.picture_of(made.path, show, PICTURE_WIDTH)
    except ValueError:
        return _refused(visit.text("error-field-not-understood", kind="number"))
    except VermilionError as error:
        if error.status == 404:
            raise
        return _refused(visit.translator.error(error))
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, no-store"})


@router.get("/tasks/{task_id}/documents/{document_id}/words")
def find_words(
    visit: Visiting,
    task_id: UUID,
    document_id: UUID,
    keyword: Annotated[str, Query(max_length=LONGEST_KEYWORD)] = "",
) -> Response:
    """Where words stand: page, middle and right end of each hit, as fractions of the page as shown."""
    if not keyword.strip():
        return JSONResponse({"hits": [], "message": ""})
    try:
        hits = visit.runtime.get(WorkflowService).find_words(visit.person, task_id, document_id, keyword)
    except VermilionError as error:
        if error.status == 404:
            raise
        return _refused(visit.translator.error(error))
    message = visit.text("seal-words-found", count=len(hits), keyword=keyword)
    places = [
        {
            "page": hit.page,
            "x": round((hit.left + hit.right) / 2, 5),
            "y": round((hit.top + hit.bottom) / 2, 5),
            "right": round(hit.right, 5),
        }
        for hit in hits
    ]
    return JSONResponse({"hits": places, "message": message})


def _refused(message: str) -> Response:
    return JSONResponse({"message": message}, status_code=422)


def _seal(request: Request, visit: Visit, task_id: UUID, form: FormData) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        task, view = workflow.case_of_task(session, visit.person, task_id)
    filled = {document.id: typed(form, document.id) for document in view.documents}
    placements, wrong = _read_places(visit, filled)
    if wrong:
        return show_sealing(request, visit, task, view, errors=wrong, filled=filled, status=422)
    try:
        with visit.runtime.database.read() as session:
            digests = [row.digest for row in open_authorisations(session, view.case.id)]
        shown = [str(form.get(name, "")) for name in ("code", "factor_question", "factor_answer")]
        accept(visit, ShownFactor(*shown), [str(form.get("shown_digest", "")), *digests])
        workflow.seal(
            visit.person, task_id, str(form.get("pin", "")), str(form.get("shown_digest", "")), placements
        )
    except VermilionError as error:
        if error.status == 404:
            raise
        name = error.field or ""
        if name == "placements":
            name = f"placement-{_document_of(error, placements)}"
        is_known = name in ("pin", "code") or name.startswith("placement-")
        errors = {name if is_known else "": visit.translator.error(error)}
        return show_sealing(request, visit, task, view, errors=errors, filled=filled, status=error.status)
    return see_other(request, f"/?after={Outcome.SEALED.value}")


def _document_of(error: VermilionError, placements: dict[UUID, list[LooseWish]]) -> str:
    named = error.context.get("document")
    return str(named or next(iter(placements), ""))


def _read_places(
    visit: Visit, filled: dict[UUID, Filled]
) -> tuple[dict[UUID, list[LooseWish]], dict[str, str]]:
    """The places of each document, as the form says."""
    placements: dict[UUID, list[LooseWish]] = {}
    wrong: dict[str, str] = {}
    for document_id, part in filled.items():
        try:
            if asked := wishes(part):
                placements[document_id] = asked
        except ValueError:
            wrong[f"placement-{document_id}"] = visit.text("error-field-not-understood", kind="number")
    return placements, wrong


def show_sealing(
    request: Request,
    visit: Visit,
    task: Task,
    view: CaseView,
    *,
    errors: dict[str, str] | None = None,
    filled: dict[UUID, Filled] | None = None,
    comment: str = "",
    status: int = 200,
) -> Response:
    """The page of a keeper's task."""
    errors = errors or {}
    with visit.runtime.database.read() as session:
        rows = open_authorisations(session, view.case.id)
        signing = visit.runtime.get(SigningService)
        seals = {
            row.seal_id: (
                session.get_one(Seal, row.seal_id).name,
                signing.seal_drawing(session, row.seal_id).size_mm,
            )
            for row in rows
        }
        can_sign = has_pin(visit, session, visit.person)
    if view.my_task is None or view.my_task.id != task.id:
        return see_other(request, f"/cases/{view.case.id}")
    return page(
        request,
        visit,
        "sealing.html",
        status=status,
        **case_context(request, visit, view),
        task=task,
        step_name=view.flow.step(task.step_key).name.text(visit.language),
        has_pin=can_sign,
        shown_digest=view.sheet_of(task).digest,
        factor=field_of(
            visit, [view.sheet_of(task).digest, *(row.digest for row in rows)], "seal", errors.get("code", "")
        ),
        places=_places(visit, view, rows, seals, view.flow.step(task.step_key), filled or {}),
        errors=errors,
        error=errors.get("", ""),
        comment=comment,
        may_decide=True,
    )


def _places(
    visit: Visit,
    view: CaseView,
    rows: list[SealAuthorisation],
    seals: dict[UUID, tuple[str, tuple[float, float]]],
    step: Step,
    filled: dict[UUID, Filled],
) -> list[Place]:
    documents = {document.id: document for document in view.documents}
    signing, store = visit.runtime.get(SigningService), visit.runtime.get(ObjectStore)
    places = []
    for row in rows:
        name, size = seals[row.seal_id]
        with store.copied(row.digest) as path:
            paper = signing.seal_places(path)
        asked = wishes_of(step, view.case.form, len(paper.frames))
        kept = filled.get(row.document_id)
        places.append(
            Place(
                documents[row.document_id],
                [frame.size_mm for frame in paper.frames],
                size,
                row.seal_id,
                name,
                row.copies,
                kept or proposed(paper, asked, size, is_bare=False),
                ready_points(paper, size),
                paper.is_signed,
                is_kept=kept is not None or bool(ready_points(paper, size)),
            )
        )
    return places

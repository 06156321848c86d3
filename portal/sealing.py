"""Sealing: the page large, the seal in its true size, and one sentence that names it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from core.errors import VermilionError
from portal.case_views import case_context, has_pin
from portal.frame import Visiting, page, pages, see_other
from portal.second_factor import ShownFactor, accept, field_of
from portal.visit import Visit
from signing import pades
from signing.fields import Placement
from signing.models import Seal, SealAuthorisation
from signing.service import SigningService
from storage.service import ObjectStore
from workflow.cases import CaseView, DocumentView
from workflow.models import Outcome, Task
from workflow.sealing import open_authorisations
from workflow.service import WorkflowService

router = pages()


@dataclass(frozen=True)
class Place:
    """One document to be sealed, with the places chosen so far. Sizes are in millimetres."""

    document: DocumentView
    sizes: list[tuple[float, float]]
    diameter_mm: float
    seal_id: UUID
    seal_name: str
    copies: int
    rows: list[Placement] = field(default_factory=list)
    may_repeat: bool = True
    is_kept: bool = False


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


def _seal(request: Request, visit: Visit, task_id: UUID, form: FormData) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        task, view = workflow.case_of_task(session, visit.person, task_id)
    placements, wrong = _read_places(visit, view, form)
    if wrong:
        return show_sealing(request, visit, task, view, errors=wrong, placements=placements, status=422)
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
        return show_sealing(
            request, visit, task, view, errors=errors, placements=placements, status=error.status
        )
    return see_other(request, f"/?after={Outcome.SEALED.value}")


def _document_of(error: VermilionError, placements: dict[UUID, list[Placement]]) -> str:
    named = error.context.get("document")
    return str(named or next(iter(placements), ""))


def _read_places(
    visit: Visit, view: CaseView, form: FormData
) -> tuple[dict[UUID, list[Placement]], dict[str, str]]:
    """The places of each document, as the form's numbers say."""
    placements: dict[UUID, list[Placement]] = {}
    wrong: dict[str, str] = {}
    for document in view.documents:
        columns = [form.getlist(f"{part}-{document.id}") for part in ("page", "x", "y")]
        if not columns[0]:
            continue
        try:
            placements[document.id] = [
                Placement(int(str(number)), float(str(x)), float(str(y)))
                for number, x, y in zip(*columns, strict=True)
            ]
        except ValueError:
            wrong[f"placement-{document.id}"] = visit.text("error-field-not-understood", kind="number")
    return placements, wrong


def show_sealing(
    request: Request,
    visit: Visit,
    task: Task,
    view: CaseView,
    *,
    errors: dict[str, str] | None = None,
    placements: dict[UUID, list[Placement]] | None = None,
    comment: str = "",
    status: int = 200,
) -> Response:
    """The page of a keeper's task."""
    errors = errors or {}
    with visit.runtime.database.read() as session:
        rows = open_authorisations(session, view.case.id)
        seals = {row.seal_id: session.get_one(Seal, row.seal_id) for row in rows}
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
        shown_digest=view.sheet.digest,
        factor=field_of(
            visit, [view.sheet.digest, *(row.digest for row in rows)], "seal", errors.get("code", "")
        ),
        places=_places(visit, view, rows, seals, placements or {}),
        errors=errors,
        error=errors.get("", ""),
        comment=comment,
        may_decide=True,
    )


def _places(
    visit: Visit,
    view: CaseView,
    rows: list[SealAuthorisation],
    seals: dict[UUID, Seal],
    chosen: dict[UUID, list[Placement]],
) -> list[Place]:
    documents: dict[UUID, Any] = {document.id: document for document in view.documents}
    places = []
    for row in rows:
        document, seal_ = documents[row.document_id], seals[row.seal_id]
        sizes = pades.page_sizes(visit.runtime.get(ObjectStore).read(row.digest))
        kept = chosen.get(row.document_id)
        width, height = sizes[-1]
        first = Placement(len(sizes), round(width * 0.7, 1), round(height * 0.75, 1))
        places.append(
            Place(
                document,
                sizes,
                seal_.diameter_mm,
                seal_.id,
                seal_.name,
                row.copies,
                kept or [first],
                is_kept=bool(kept),
            )
        )
    return places

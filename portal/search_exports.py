"""Files of everything that a search finds: asked for, watched while they are written, fetched."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from core.errors import VermilionError
from core.sheets import MEDIA_TYPES, SHEET_FORMATS
from portal.asking import Asking, asking_of, described
from portal.frame import Visiting, is_htmx, page, pages, see_other
from portal.visit import Visit
from search.exports import SearchExports, exports
from search.models import ExportState
from search.stored_query import from_json
from storage.service import ObjectStore

router = pages()


@router.get("/search/exports")
def list_exports(request: Request, visit: Visiting) -> Response:
    """The reader's own of the last day, and how far each is."""
    return _list(request, visit)


@router.post("/search/exports")
async def start(request: Request, visit: Visiting) -> Response:
    """Have a file written."""
    form = await request.form()
    return await run_in_threadpool(_start, request, visit, dict(form))


def _start(request: Request, visit: Visit, form: dict[str, Any]) -> Response:
    wanted = next((one for one in SHEET_FORMATS if one == form.get("format")), SHEET_FORMATS[0])
    try:
        visit.runtime.get(SearchExports).start(
            visit.person, Asking.of(form).question(), wanted, visit.language
        )
    except VermilionError as error:
        return _list(request, visit, problem=visit.translator.error(error), status=error.status)
    return see_other(request, "/search/exports")


@router.get("/search/exports/{export_id}/file")
def fetch(request: Request, visit: Visiting, export_id: UUID) -> Response:
    """The file."""
    try:
        found = visit.runtime.get(SearchExports).fetch(visit.person, export_id, visit.address)
    except VermilionError as error:
        if error.status == 404:
            raise
        return _list(request, visit, problem=visit.translator.error(error), status=error.status)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "Content-Length": str(found.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    pieces = visit.runtime.get(ObjectStore).chunks(found.digest)
    return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[found.format])


def _list(request: Request, visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    now = visit.runtime.clock.now()
    with visit.runtime.database.read() as session:
        rows = exports(session, visit.person, now)
        queries = {row.id: from_json(row.query) for row in rows}
        words = {row.id: described(visit, session, queries[row.id]) for row in rows}
    return page(
        request, visit, "parts/search-exports.html" if is_htmx(request) else "search-exports.html",
        status=status, rows=rows, words=words, problem=problem,
        addresses={row.id: asking_of(queries[row.id]).address() for row in rows},
        is_working=any(row.state in (ExportState.WAITING, ExportState.RUNNING) for row in rows),
    )  # fmt: skip

"""Saved searches: kept under a name, looked at, renamed, watched for something new, forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from core.errors import VermilionError
from portal.asking import Asking, asking_of, described
from portal.frame import Visiting, page, pages, see_other
from portal.visit import Visit
from search.saved import LONGEST_NAME, SavedSearches, saved_searches
from search.stored_query import FORMAT_VERSION, from_json

router = pages()


@router.get("/search/saved")
def list_saved(request: Request, visit: Visiting) -> Response:
    """The reader's own, with how much each found since they last looked."""
    return _list(request, visit)


@router.get("/search/saved/new")
def new_saved(request: Request, visit: Visiting) -> Response:
    """A name for the search that stands in the address."""
    asking = Asking.of(request.query_params)
    return _new(request, visit, asking, {"name": asking.q[:LONGEST_NAME], "notify": "yes"})


@router.post("/search/saved")
async def save(request: Request, visit: Visiting) -> Response:
    """Keep a search."""
    form = await request.form()
    return await run_in_threadpool(_save, request, visit, dict(form))


def _save(request: Request, visit: Visit, form: dict[str, Any]) -> Response:
    asking = Asking.of(form)
    typed = {"name": str(form.get("name", "")), "notify": str(form.get("notify", ""))}
    try:
        visit.runtime.get(SavedSearches).save(
            visit.person, typed["name"], asking.question(), is_notified=typed["notify"] == "yes"
        )
    except VermilionError as error:
        errors = {error.field or "name": visit.translator.error(error)}
        return _new(request, visit, asking, typed, errors=errors, status=error.status)
    return see_other(request, "/search/saved")


@router.get("/search/saved/{saved_id}")
def look(request: Request, visit: Visiting, saved_id: UUID) -> Response:
    """Go to what it finds; nothing of it is new any more."""
    query = visit.runtime.get(SavedSearches).look(visit.person, saved_id)
    return see_other(request, asking_of(query).address())


@router.post("/search/saved/{saved_id}")
async def change(request: Request, visit: Visiting, saved_id: UUID) -> Response:
    """Another name, notices or none."""
    form = await request.form()
    return await run_in_threadpool(_change, request, visit, saved_id, dict(form))


def _change(request: Request, visit: Visit, saved_id: UUID, form: dict[str, Any]) -> Response:
    try:
        visit.runtime.get(SavedSearches).change(
            visit.person, saved_id, name=str(form.get("name", "")), is_notified=form.get("notify") == "yes"
        )
    except VermilionError as error:
        if error.status == 404:
            raise
        return _list(
            request, visit, errors={str(saved_id): visit.translator.error(error)}, status=error.status
        )
    return see_other(request, "/search/saved")


@router.post("/search/saved/{saved_id}/delete")
def delete(request: Request, visit: Visiting, saved_id: UUID) -> Response:
    """Forget one."""
    visit.runtime.get(SavedSearches).delete(visit.person, saved_id)
    return see_other(request, "/search/saved")


def _list(
    request: Request, visit: Visit, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    with visit.runtime.database.read() as session:
        rows = saved_searches(session, visit.person)
        words = {
            row.id: described(visit, session, from_json(row.query))
            for row in rows
            if row.query.get("version") == FORMAT_VERSION
        }
    return page(
        request, visit, "saved-searches.html", status=status, rows=rows, words=words, errors=errors or {}
    )


def _new(
    request: Request,
    visit: Visit,
    asking: Asking,
    typed: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    with visit.runtime.database.read() as session:
        words = described(visit, session, asking.question())
    return page(
        request, visit, "saved-search-new.html", status=status, asking=asking, typed=typed, words=words,
        longest=LONGEST_NAME, errors=errors or {},
    )  # fmt: skip

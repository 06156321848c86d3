"""``/api/v1/search/saved`` and ``/api/v1/search/exports``: searches that are kept, files of all results."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from fastapi.responses import StreamingResponse

from api.principals import Calling, Running
from api.routing import router
from api.schemas import Done, Everything
from api.schemas_search import (
    ExportAnswer,
    NewExport,
    NewSavedSearch,
    Question,
    SavedSearchAnswer,
    SavedSearchChange,
)
from core.sheets import MEDIA_TYPES
from search import exports as files
from search import saved as keeping
from search.exports import SearchExports
from search.models import SavedSearch, SearchExport
from search.saved import SavedSearches
from search.stored_query import from_json
from storage.service import ObjectStore

saved = router("search", "search/saved")
exports = router("search", "search/exports")
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file, as an attachment.",
        "content": {
            MEDIA_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"},
            "text/csv": {"schema": {"type": "string"}, "example": "类别,编号,标题\r\n"},
        },
    }
}


@saved.get("", summary="List saved searches", response_model=Everything[SavedSearchAnswer])
def list_saved_searches(caller: Calling, runtime: Running) -> Everything[SavedSearchAnswer]:
    """The caller's own, by name."""
    with runtime.database.read() as session:
        rows = keeping.saved_searches(session, caller.principal)
    return Everything(items=[_saved(row) for row in rows])


@saved.post("", summary="Save a search", response_model=SavedSearchAnswer, status_code=201)
def create_saved_search(caller: Calling, runtime: Running, wanted: NewSavedSearch) -> SavedSearchAnswer:
    """Keeps a search under a name. With `is_notified`, a notice says when it finds something new."""
    row = runtime.get(SavedSearches).save(
        caller.principal, wanted.name, wanted.query.query(), is_notified=wanted.is_notified
    )
    return _saved(row)


@saved.get("/{saved_id}", summary="Get a saved search", response_model=SavedSearchAnswer)
def get_saved_search(caller: Calling, runtime: Running, saved_id: UUID) -> SavedSearchAnswer:
    """One of the caller's own."""
    with runtime.database.read() as session:
        return _saved(keeping.find(session, caller.principal, saved_id))


@saved.patch("/{saved_id}", summary="Change a saved search", response_model=SavedSearchAnswer)
def change_saved_search(
    caller: Calling, runtime: Running, saved_id: UUID, wanted: SavedSearchChange
) -> SavedSearchAnswer:
    """Another name, or notices begun or ended."""
    row = runtime.get(SavedSearches).change(
        caller.principal, saved_id, name=wanted.name, is_notified=wanted.is_notified
    )
    return _saved(row)


@saved.post("/{saved_id}/looked", summary="Note that its results were looked at", response_model=Done)
def look_at_saved_search(caller: Calling, runtime: Running, saved_id: UUID) -> Done:
    """Nothing that it found is new any more."""
    runtime.get(SavedSearches).look(caller.principal, saved_id)
    return Done()


@saved.delete("/{saved_id}", summary="Delete a saved search", response_model=Done)
def delete_saved_search(caller: Calling, runtime: Running, saved_id: UUID) -> Done:
    """Forgets it, with its notices."""
    runtime.get(SavedSearches).delete(caller.principal, saved_id)
    return Done()


@exports.get("", summary="List exports", response_model=Everything[ExportAnswer])
def list_exports(caller: Calling, runtime: Running) -> Everything[ExportAnswer]:
    """The caller's own of the last day, newest first."""
    with runtime.database.read() as session:
        rows = files.exports(session, caller.principal, runtime.clock.now())
    return Everything(items=[_export(row) for row in rows])


@exports.post("", summary="Export all results", response_model=ExportAnswer, status_code=202)
def create_export(caller: Calling, runtime: Running, wanted: NewExport) -> ExportAnswer:
    """Has a file of everything that a search finds written in the background; see its `state`.

    It holds what the caller may see while it is written, and is an audit entry.
    """
    row = runtime.get(SearchExports).start(
        caller.principal, wanted.query.query(), wanted.format, wanted.language or caller.language
    )
    return _export(row)


@exports.get("/{export_id}", summary="Get an export", response_model=ExportAnswer)
def get_export(caller: Calling, runtime: Running, export_id: UUID) -> ExportAnswer:
    """How far it is."""
    with runtime.database.read() as session:
        return _export(files.find(session, caller.principal, export_id, runtime.clock.now()))


@exports.get(
    "/{export_id}/file", summary="Download an export", response_class=StreamingResponse, responses=_FILE
)
def download_export(caller: Calling, runtime: Running, export_id: UUID) -> StreamingResponse:
    """The file, while the caller may still see everything that stands in it. An audit entry each time."""
    found = runtime.get(SearchExports).fetch(caller.principal, export_id, caller.address)
    return StreamingResponse(
        runtime.get(ObjectStore).chunks(found.digest),
        media_type=MEDIA_TYPES[found.format],
        headers={
            "Content-Disposition": f'attachment; filename="{found.name}"',
            "Content-Length": str(found.size),
            "Cache-Control": "no-store",
        },
    )


def _saved(row: SavedSearch) -> SavedSearchAnswer:
    names = SavedSearchAnswer.model_fields.keys() - {"query"}
    values = {name: getattr(row, name) for name in names}
    return SavedSearchAnswer(query=Question.of(from_json(row.query)), **values)


def _export(row: SearchExport) -> ExportAnswer:
    names = ExportAnswer.model_fields.keys() - {"query"}
    values = {name: getattr(row, name) for name in names}
    return ExportAnswer(query=Question.of(from_json(row.query)), **values)

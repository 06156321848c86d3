"""Search: results as one types, narrowed by facets, the words marked where they stand."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response

from portal.fields import as_day, as_id
from portal.frame import Visiting, is_htmx, page, pages
from portal.visit import Visit
from search import index
from search.language import LONGEST_QUERY
from search.service import Searcher

router = pages()

PAGE_SIZE: Final = 20
KINDS: Final = ("document", "case", "seal_record")
FILTERS: Final = ("kind", "state", "seal", "department", "person")
"""What results are narrowed by, in the order of the side."""
_STATE_GROUPS: Final = {"document": "document", "case": "case"}


@router.get("/search")
def show_search(
    request: Request,
    visit: Visiting,
    q: str = "",
    kind: str = "",
    state: str = "",
    seal: str = "",
    department: str = "",
    person: str = "",
    date_from: str = "",
    date_to: str = "",
    offset: Annotated[int, Query(ge=0, le=index.DEEPEST)] = 0,
) -> Response:
    """The page, or only its results when the script asks while somebody types."""
    chosen = {"kind": kind, "state": state, "seal": seal, "department": department, "person": person}
    days = {"date_from": as_day(date_from), "date_to": as_day(date_to)}
    query = _question(q, chosen, days["date_from"], days["date_to"], offset)
    results = visit.runtime.get(Searcher).search(visit.person, query)
    asked = {name: str(value) for name, value in {"q": q, **chosen, **days}.items() if value}
    is_part = is_htmx(request) and "hx-history-restore-request" not in request.headers
    template = "parts/search-results.html" if is_part else "search.html"
    return page(
        request, visit, template, results=results, q=q, chosen=chosen, days=days, kinds=KINDS,
        facets=[(name, _choices(visit, name, results, chosen[name], asked)) for name in FILTERS],
        address=_address, place=place, state_group=_STATE_GROUPS.get,
        next_address=None if results.next_offset is None else _address(asked, offset=results.next_offset),
        previous_address=_address(asked, offset=max(offset - PAGE_SIZE, 0)) if offset else None,
        without_filters=_address({"q": q} if q else {}), is_filtered=len(asked) > bool(q),
    )  # fmt: skip


def _question(
    q: str, chosen: dict[str, str], first: date | None, last: date | None, offset: int
) -> index.Query:
    return index.Query(
        text=q.replace("\x00", "")[:LONGEST_QUERY],
        kind=chosen["kind"] if chosen["kind"] in KINDS else None,
        state=chosen["state"] or None,
        seal=as_id(chosen["seal"]),
        department=as_id(chosen["department"]),
        person=as_id(chosen["person"]),
        date_from=first,
        date_to=last,
        offset=min(offset, index.DEEPEST - PAGE_SIZE),
        limit=PAGE_SIZE,
    )


def _choices(
    visit: Visit, name: str, results: index.Results, chosen: str, asked: dict[str, str]
) -> list[dict[str, object]]:
    """The values of one facet: words, how many, and the address with or without it."""
    rest = {key: value for key, value in asked.items() if key != name}
    return [
        {
            "label": _label(visit, name, count),
            "count": count.count,
            "is_chosen": count.value == chosen,
            "address": _address(rest if count.value == chosen else {**rest, name: count.value}),
        }
        for count in results.facets.get(name, ())
    ]


def _label(visit: Visit, name: str, count: index.FacetCount) -> str:
    """A facet's value in words: kinds and states are ours to translate, names are people's own."""
    codes = {
        "kind": (f"search-kind-{count.value.replace('_', '-')}",),
        "state": (f"case-{count.value}", f"document-{count.value}"),
    }
    known = (code for code in codes.get(name, ()) if visit.translator.has(code))
    code = next(known, None)
    return visit.text(code) if code else count.label


def _address(asked: dict[str, str], **more: object) -> str:
    query = urlencode({**asked, **{name: str(value) for name, value in more.items() if value}})
    return f"/search?{query}" if query else "/search"


def place(kind: str, resource_id: UUID, page_number: int | None = None) -> str:
    """Where a result is looked at."""
    match kind:
        case "document":
            return f"/documents/{resource_id}" + (f"#page={page_number}" if page_number else "")
        case "case":
            return f"/cases/{resource_id}"
    return f"/register/{resource_id}"

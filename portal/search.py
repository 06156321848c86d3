"""Search: results as one types, narrowed by facets, the words marked where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select

from ingest.media import MediaType
from ingest.models import Version
from portal import charts
from portal.asking import FILTERS, Asking
from portal.frame import Visiting, is_htmx, page, pages
from portal.visit import Visit
from search import index
from search.errors import SearchUnavailable
from search.explaining import explain, field_names, kind_text, state_group, state_text
from search.language import LONGEST_QUERY
from search.service import Searcher
from workflow.flows import load_flow
from workflow.models import FlowVersion

router = pages()

PAGE_SIZE: Final = 20


@router.get("/search")
def show_search(
    request: Request, visit: Visiting, offset: Annotated[int, Query(ge=0, le=index.DEEPEST)] = 0
) -> Response:
    """The page, or only its results when the script asks while somebody types."""
    asking = Asking.of(request.query_params)
    query = asking.question(offset=offset, limit=PAGE_SIZE)
    is_part = is_htmx(request) and "hx-history-restore-request" not in request.headers
    template = "parts/search-results.html" if is_part else "search.html"
    try:
        results = visit.runtime.get(Searcher).search(visit.person, query)
    except SearchUnavailable as error:
        return page(
            request, visit, template, status=error.status, results=None, asking=asking, orders=index.ORDERS,
            help_fields=field_names(visit.translator),
        )  # fmt: skip
    answered = asking if results.corrected is None else replace(asking, q=results.corrected)
    return page(
        request, visit, template, results=results, asking=asking, answered=answered, orders=index.ORDERS,
        help_fields=field_names(visit.translator),
        mistakes=[explain(mistake, visit.translator) for mistake in results.mistakes],
        facets=[(name, _choices(visit, name, results, asking)) for name in FILTERS],
        months=_months(visit, results, asking), subkinds=_subkinds(visit, results.hits),
        pictured=_pictured(visit, results.hits),
        place=place, state_group=lambda state: state_group(state, visit.translator),
        next_address=None
        if results.next_offset is None
        else asking.address(offset=results.next_offset),
        previous_address=asking.address(offset=max(offset - PAGE_SIZE, 0) or None) if offset else None,
    )  # fmt: skip


@router.get("/search/suggest")
def suggest(visit: Visiting, q: str = "") -> Response:
    """How the query in the box may go on, for the script; nothing while the engine is down."""
    try:
        found = visit.runtime.get(Searcher).suggest(visit.person, q.replace("\x00", "")[:LONGEST_QUERY])
    except SearchUnavailable:
        found = ()
    shown = [
        {"label": one.label, "field": visit.text(f"search-field-{one.field}"), "query": one.query}
        for one in found
    ]
    return JSONResponse(shown, headers={"Cache-Control": "no-store"})


def _choices(visit: Visit, name: str, results: index.Results, asking: Asking) -> list[dict[str, object]]:
    """The values of one facet: words, how many, and the address with or without it."""
    chosen = asking.filters[name]
    return [
        {
            "label": value_label(visit, name, count),
            "count": count.count,
            "is_chosen": count.value == chosen,
            "address": asking.address(**{name: None if count.value == chosen else count.value}),
        }
        for count in results.facets.get(name, ())
    ]


def value_label(visit: Visit, name: str, count: index.FacetCount) -> str:
    """A facet's value in words: kinds and states are ours to translate, names are people's own."""
    match name:
        case "kind":
            return kind_text(count.value, visit.translator)
        case "state":
            return state_text(count.value, visit.translator)
    return count.label


def _pictured(visit: Visit, hits: Sequence[index.Hit]) -> dict[UUID, tuple[str, int]]:
    """Digest and pages of the documents that have pages: an e-mail or a ZIP has none to show."""
    ids = [hit.id for hit in hits if hit.kind == "document"]
    with visit.runtime.database.read() as session:
        rows = session.execute(
            select(Version.document_id, Version.digest, Version.pages)
            .where(
                Version.document_id.in_(ids),
                Version.media_type == MediaType.PDF.value,
                Version.pages.is_not(None),
            )
            .order_by(Version.number)
        )
        return {document_id: (digest, pages or 0) for document_id, digest, pages in rows}


def _months(visit: Visit, results: index.Results, asking: Asking) -> list[charts.Bar]:
    chosen = (asking.date_from, asking.date_to)

    def address(month: charts.Month) -> str:
        if chosen == (month.first, month.last):
            return asking.address(date_from=None, date_to=None)
        return asking.address(date_from=month.first, date_to=month.last)

    return charts.months(results.months, visit.formats.month, address, chosen)


def _subkinds(visit: Visit, hits: Sequence[index.Hit]) -> dict[tuple[str, str], str]:
    """What the finer kinds of the hits are called, by kind and finer kind."""
    named: dict[tuple[str, str], str] = {}
    flows = {hit.subkind for hit in hits if hit.kind == "case" and hit.subkind}
    if flows:
        with visit.runtime.database.read() as session:
            rows = session.execute(
                select(FlowVersion.key, FlowVersion.definition)
                .where(FlowVersion.key.in_(flows))
                .order_by(FlowVersion.version)
            )
            named = {("case", key): load_flow(text).name.text(visit.language) for key, text in rows}
    for hit in hits:
        group = {"document": "kind", "seal_record": "book-kind"}.get(hit.kind)
        if group and hit.subkind and visit.translator.has(f"{group}-{hit.subkind}"):
            named[hit.kind, hit.subkind] = visit.text(f"{group}-{hit.subkind}")
    return named


def place(kind: str, resource_id: UUID, page_number: int | None = None) -> str:
    """Where a result is looked at."""
    match kind:
        case "document":
            return f"/documents/{resource_id}" + (f"#page={page_number}" if page_number else "")
        case "case":
            return f"/cases/{resource_id}"
    return f"/register/{resource_id}"

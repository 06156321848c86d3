"""``/api/v1/search`` and ``/api/v1/verify``: finding, and checking a signed PDF."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Query, UploadFile
from signing.verification import verify_pdf

from api.limits import read_upload
from api.pagination import Cursor, Limit, decode_number, encode
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Words
from api.schemas_documents import VerifyAnswer
from api.schemas_operation import HitAnswer, Kind, PieceAnswer, SearchAnswer
from core.periods import day_bounds
from search import index
from search.highlight import Piece
from search.service import Searcher
from signing.service import SigningService

MOST_OFFSET = 10_000
search = router("search")
verify = router("verify")


def question(
    runtime: Running,
    q: Annotated[
        Words, Query(max_length=300, description='Keywords; `"several words"` as one; `-word` without it.')
    ] = "",
    kind: Annotated[Kind | None, Query(description="Only one kind of thing.")] = None,
    state: Annotated[Words | None, Query(max_length=20, description="Such as `completed`.")] = None,
    seal: Annotated[UUID | None, Query(description="Id of a seal.")] = None,
    department: Annotated[UUID | None, Query(description="Id of a department.")] = None,
    person: Annotated[UUID | None, Query(description="Id of somebody who takes part.")] = None,
    date_from: Annotated[date | None, Query(description="First day.")] = None,
    date_to: Annotated[date | None, Query(description="Last day, inclusive.")] = None,
    cursor: Cursor = None,
    limit: Limit = 25,
) -> index.Query:
    """What is asked for, from the query."""
    since, until = day_bounds(date_from, date_to, runtime.settings.zone)
    offset = min(decode_number(cursor), MOST_OFFSET)
    return index.Query(
        text=q,
        kind=kind,
        state=state,
        seal=seal,
        department=department,
        person=person,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
    )


@search.get("", summary="Search", response_model=SearchAnswer)
def find(
    caller: Calling, runtime: Running, wanted: Annotated[index.Query, Depends(question)]
) -> SearchAnswer:
    """Documents, cases and seal records that the caller may see; without words the newest come first."""
    results = runtime.get(Searcher).search(caller.principal, wanted)
    following = wanted.offset + wanted.limit
    has_more = following < min(results.total, MOST_OFFSET)
    return SearchAnswer(
        total=results.total,
        items=[_hit(hit) for hit in results.hits],
        facets=results.facets,
        next_cursor=encode(following) if has_more else None,
    )


@verify.post("", summary="Verify a PDF", response_model=VerifyAnswer)
@call(scope="read", takes_files=True)
def verify_file(
    caller: Calling, runtime: Running, file: Annotated[UploadFile, File(description="The PDF.")]
) -> VerifyAnswer:
    """Checks every signature, seal and time-stamp. Nothing that is sent here is kept."""
    data = read_upload(file, runtime.settings)
    with runtime.database.read() as session:
        anchors = runtime.get(SigningService).trust_anchors(session)
    verdict = verify_pdf(data, anchors, runtime.clock.now())
    return VerifyAnswer.model_validate(verdict.to_json(file.filename or "", caller.language))


def _hit(hit: index.Hit) -> HitAnswer:
    return HitAnswer(
        kind=hit.kind,
        id=hit.id,
        number=hit.number,
        title=hit.title,
        title_pieces=[_piece(piece) for piece in hit.title_pieces],
        excerpt=[_piece(piece) for piece in hit.excerpt],
        page=hit.page,
        state=hit.state,
        when=hit.when,
    )


def _piece(piece: Piece) -> PieceAnswer:
    return PieceAnswer(text=piece.text, is_hit=piece.is_hit)

"""``/api/v1/search`` and ``/api/v1/verify``: finding, and checking a signed PDF or OFD."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Query, Response, UploadFile
from sqlalchemy import select

from api.limits import read_upload
from api.pagination import Cursor, Limit, decode_number, encode
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import PersonName, Words
from api.schemas_documents import VerifyAnswer
from api.schemas_operation import FacetAnswer, HitAnswer, Kind, Named, SearchAnswer, SegmentAnswer
from core.models import Organisation
from search import index
from search.language import LONGEST_QUERY
from search.service import Searcher
from signing.attribution import register_entries
from signing.service import SigningService
from signing.verifying import verify_file as judge

search = router("search")
verify = router("verify")


def question(
    q: Annotated[
        Words,
        Query(max_length=LONGEST_QUERY, description='Keywords; `"several words"` as one; `-word` without.'),
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
    return index.Query(
        text=q,
        kind=kind,
        state=state,
        seal=seal,
        department=department,
        person=person,
        date_from=date_from,
        date_to=date_to,
        offset=min(decode_number(cursor), index.DEEPEST - limit),
        limit=limit,
    )


@search.get("", summary="Search", response_model=SearchAnswer)
def find(
    caller: Calling, runtime: Running, wanted: Annotated[index.Query, Depends(question)]
) -> SearchAnswer:
    """Documents, cases and seal records that the caller may see; without words the newest come first."""
    results = runtime.get(Searcher).search(caller.principal, wanted)
    return SearchAnswer(
        total=results.total,
        is_complete=results.is_complete,
        items=[_hit(hit) for hit in results.hits],
        facets={
            name: [FacetAnswer.model_validate(count) for count in counts]
            for name, counts in results.facets.items()
        },
        next_cursor=None if results.next_offset is None else encode(results.next_offset),
    )


@verify.post("", summary="Verify a PDF or OFD", response_model=VerifyAnswer)
@call(scope="read", takes_files=True)
def verify_file(
    caller: Calling, runtime: Running, file: Annotated[UploadFile, File(description="The PDF or OFD.")]
) -> VerifyAnswer:
    """Checks every signature, seal and time-stamp. Nothing that is sent here is kept."""
    data = read_upload(file, runtime.settings)
    with runtime.database.read() as session:
        anchors = runtime.get(SigningService).trust_anchors(session)
    verdict = judge(data, anchors, runtime.clock.now())
    return VerifyAnswer.model_validate(verdict.to_json(file.filename or "", caller.language))


@verify.post(
    "/report",
    summary="Verify a PDF or OFD and get a signed report",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/pdf": {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7"}
            },
            "description": "The report, PDF/A, certified by this installation.",
        }
    },
)
@call(scope="read", takes_files=True)
def verification_report(
    caller: Calling, runtime: Running, file: Annotated[UploadFile, File(description="The PDF or OFD.")]
) -> Response:
    """The findings as a PDF/A in the caller's language, signed by this installation. Nothing is kept."""
    data = read_upload(file, runtime.settings)
    signing = runtime.get(SigningService)
    with runtime.database.read() as session:
        verdict = judge(data, signing.trust_anchors(session), runtime.clock.now())
        entries = register_entries(session, caller.principal, data, verdict)
        organisation = session.scalar(select(Organisation.name)) or ""
    report = signing.verification_report(
        verdict,
        file.filename or "",
        caller.language,
        organisation=organisation,
        entries={number: f"{one.seal_name} {one.number}" for number, one in entries.items()},
    )
    return Response(
        report,
        media_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="verification-report.pdf"'},
    )


def _hit(hit: index.Hit) -> HitAnswer:
    return HitAnswer(
        kind=hit.kind,
        id=hit.id,
        number=hit.number,
        title=hit.title,
        title_segments=_segments(hit.title_segments),
        excerpt=_segments(hit.excerpt.segments if hit.excerpt else ()),
        page=hit.page,
        state=hit.state,
        date=hit.date,
        seal=_name(hit.seal),
        department=_name(hit.department),
        people=[PersonName(id=tag.id, name=tag.name) for tag in hit.people],
        related=dict(hit.related),
    )


def _segments(segments: Sequence[index.Segment]) -> list[SegmentAnswer]:
    return [SegmentAnswer(text=segment.text, is_hit=segment.is_hit) for segment in segments]


def _name(tag: index.Tag | None) -> Named | None:
    return None if tag is None else Named(id=tag.id, name=tag.name)

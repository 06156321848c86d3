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
from api.schemas import Everything, PersonName, Words
from api.schemas_documents import VerifyAnswer
from api.schemas_search import (
    FacetAnswer,
    HitAnswer,
    Kind,
    MistakeAnswer,
    Named,
    SearchAnswer,
    SegmentAnswer,
    SuggestionAnswer,
)
from core.i18n import translator
from core.models import Organisation
from search import index
from search.explaining import explain
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
        Query(
            max_length=LONGEST_QUERY,
            description='Words, `"a phrase"`, `-without`, `a OR b`, `field:value`; see docs/api.md.',
        ),
    ] = "",
    kind: Annotated[Kind | None, Query(description="Only one kind of thing.")] = None,
    state: Annotated[Words | None, Query(max_length=20, description="Such as `completed`.")] = None,
    counterparty: Annotated[Words | None, Query(max_length=200, description="Its whole name.")] = None,
    year: Annotated[str | None, Query(pattern=r"^\d{4}$", description="Such as `2026`.")] = None,
    seal: Annotated[UUID | None, Query(description="Id of a seal.")] = None,
    department: Annotated[UUID | None, Query(description="Id of a department.")] = None,
    person: Annotated[UUID | None, Query(description="Id of somebody who takes part.")] = None,
    date_from: Annotated[date | None, Query(description="First day.")] = None,
    date_to: Annotated[date | None, Query(description="Last day, inclusive.")] = None,
    order: Annotated[index.Order, Query(description="`best` is newest where there are no words.")] = "best",
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
        counterparty=counterparty,
        year=year,
        date_from=date_from,
        date_to=date_to,
        order=order,
        offset=min(decode_number(cursor), index.DEEPEST - limit),
        limit=limit,
    )


@search.get("", summary="Search", response_model=SearchAnswer)
def find(
    caller: Calling, runtime: Running, wanted: Annotated[index.Query, Depends(question)]
) -> SearchAnswer:
    """Documents, cases and seal records that the caller may see; without words the newest come first.

    No query is refused: `mistakes` explain what of it made no sense, and the rest is answered.
    """
    results = runtime.get(Searcher).search(caller.principal, wanted)
    text = translator(caller.language)
    return SearchAnswer(
        total=results.total,
        is_complete=results.is_complete,
        corrected=results.corrected,
        mistakes=[
            MistakeAnswer(code=one.code, text=one.text, known=list(one.known), message=explain(one, text))
            for one in results.mistakes
        ],
        items=[_hit(hit) for hit in results.hits],
        facets={
            name: [FacetAnswer.model_validate(count) for count in counts]
            for name, counts in results.facets.items()
        },
        months=[FacetAnswer.model_validate(count) for count in results.months],
        next_cursor=None if results.next_offset is None else encode(results.next_offset),
    )


@search.get("/suggestions", summary="Suggest", response_model=Everything[SuggestionAnswer])
def suggest(
    caller: Calling,
    runtime: Running,
    q: Annotated[Words, Query(max_length=LONGEST_QUERY, description="What was typed so far.")],
    limit: Annotated[int, Query(ge=1, le=20, description="Most suggestions.")] = 8,
) -> Everything[SuggestionAnswer]:
    """How the last word of a query may go on: names, titles and numbers that the caller may see."""
    found = runtime.get(Searcher).suggest(caller.principal, q, limit)
    return Everything(items=[SuggestionAnswer.model_validate(one) for one in found])


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
        subkind=hit.subkind,
        state=hit.state,
        marks=list(hit.marks),
        date=hit.date,
        seal=_name(hit.seal),
        department=_name(hit.department),
        applicant=None if hit.applicant is None else PersonName(id=hit.applicant.id, name=hit.applicant.name),
        counterparty=hit.counterparty,
        amount=None if hit.amount is None else f"{hit.amount:.2f}",
        people=[PersonName(id=tag.id, name=tag.name) for tag in hit.people],
        related=dict(hit.related),
    )


def _segments(segments: Sequence[index.Segment]) -> list[SegmentAnswer]:
    return [SegmentAnswer(text=segment.text, is_hit=segment.is_hit) for segment in segments]


def _name(tag: index.Tag | None) -> Named | None:
    return None if tag is None else Named(id=tag.id, name=tag.name)

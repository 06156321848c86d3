"""``/api/v1/search`` and ``/api/v1/verify``: finding, and checking a signed PDF or OFD."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Query, Response, UploadFile
from fastapi import Path as PathParameter
from sqlalchemy import select

from api.limits import uploaded
from api.pagination import Cursor, Limit, decode_number, encode
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything, PersonName, Words
from api.schemas_documents import ChangesAnswer, VerifyAnswer
from api.schemas_search import (
    FacetAnswer,
    HitAnswer,
    Kind,
    MarkedNameAnswer,
    MistakeAnswer,
    Named,
    SearchAnswer,
    SegmentAnswer,
    SuggestionAnswer,
)
from core.errors import NotFound
from core.i18n import translator
from core.models import Organisation
from ingest.service import IngestService
from search import index
from search.explaining import explain, known_names
from search.language import LONGEST_QUERY
from search.service import Searcher
from signing.attribution import register_entries, sealed_states
from signing.service import SigningService
from signing.verification.states import state_end, views


def _pdf_answer(description: str) -> dict[int | str, dict[str, Any]]:
    """What the description of a call says of an answer that is a PDF."""
    content = {"application/pdf": {"schema": {"type": "string", "format": "binary"}, "example": "%PDF-1.7"}}
    return {200: {"content": content, "description": description}}


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
            MistakeAnswer(
                code=one.code, text=one.text, known=list(known_names(one, text)), message=explain(one, text)
            )
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
    with uploaded(file, runtime.settings) as source:
        verdict = runtime.get(SigningService).verify(source)
    return VerifyAnswer.model_validate(verdict.to_json(file.filename or "", caller.language))


@verify.post(
    "/report",
    summary="Verify a PDF or OFD and get a signed report",
    response_class=Response,
    responses=_pdf_answer("The report, PDF/A, certified by this installation."),
)
@call(scope="read", takes_files=True)
def verification_report(
    caller: Calling, runtime: Running, file: Annotated[UploadFile, File(description="The PDF or OFD.")]
) -> Response:
    """The findings as a PDF/A in the caller's language, signed by this installation. Nothing is kept."""
    signing = runtime.get(SigningService)
    with uploaded(file, runtime.settings) as source:
        verdict = signing.verify(source)
        states = sealed_states(source, verdict)
    with runtime.database.read() as session:
        entries = register_entries(session, caller.principal, states)
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


@verify.post(
    "/states/{number}",
    summary="Get a file as a signature saw it",
    response_class=Response,
    responses=_pdf_answer("The bytes of the file up to the end of the state that the signature covers."),
)
@call(scope="read", takes_files=True)
def signed_state(
    caller: Calling,
    runtime: Running,
    number: Annotated[int, PathParameter(ge=1, le=500, description="Of the signature, counted from 1.")],
    file: Annotated[UploadFile, File(description="The PDF.")],
) -> Response:
    """The state of the file that was signed, as it was before what came after. Nothing is kept."""
    with uploaded(file, runtime.settings) as source:
        end = state_end(runtime.get(SigningService).verify(source), number - 1)
        if end is None:
            raise NotFound(what="signature")
        state = source.data[:end]
    disposition = f'attachment; filename="state-{number}.pdf"'
    return Response(state, media_type="application/pdf", headers={"Content-Disposition": disposition})


@verify.post("/changes", summary="See what was changed after signing", response_model=ChangesAnswer)
@call(scope="read", takes_files=True)
def changes(
    caller: Calling,
    runtime: Running,
    file: Annotated[UploadFile, File(description="The PDF.")],
    width: Annotated[int, Query(ge=100, le=1600, description="Of the pictures, in pixels.")] = 400,
) -> ChangesAnswer:
    """Every change in words, and pages before and after: first those whose change is refused or doubtful.

    At most four pages are drawn. Nothing is kept.
    """
    with uploaded(file, runtime.settings) as source:
        verdict = runtime.get(SigningService).verify(source)
        drawn = runtime.get(IngestService).before_and_after(source, views(verdict), width)
    facts = verdict.to_json(file.filename or "", caller.language)
    return ChangesAnswer.model_validate(
        {
            "sha256": verdict.sha256,
            "verdict": facts["verdict"],
            "changes": facts["changes"],
            "pictures": [
                {
                    "page": one.page,
                    "revision": one.revision,
                    "is_refused": one.is_refused,
                    "before": b64encode(one.before).decode(),
                    "after": b64encode(one.after).decode(),
                }
                for one in drawn
            ],
        }
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
        marked_names=[
            MarkedNameAnswer(field=name.field, segments=_segments(name.segments)) for name in hit.marked_names
        ],
    )


def _segments(segments: Sequence[index.Segment]) -> list[SegmentAnswer]:
    return [SegmentAnswer(text=segment.text, is_hit=segment.is_hit) for segment in segments]


def _name(tag: index.Tag | None) -> Named | None:
    return None if tag is None else Named(id=tag.id, name=tag.name)

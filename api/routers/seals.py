"""``/api/v1/seals`` and ``/api/v1/seal-records``: the company's seals and the register of their use."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from api import register_csv
from api.pagination import Cursor, Limit, decode_id, split
from api.principals import Calling, Running
from api.routing import router
from api.schemas import Everything, Page, PersonName
from api.schemas_seals import (
    NewSeal,
    NewSealChange,
    RegisterCount,
    SealAnswer,
    SealChangeAnswer,
    SealRecordAnswer,
)
from core.periods import day_bounds
from signing import register
from signing.models import Seal
from signing.register import RegisterEntry, RegisterFilter
from signing.seal_facts import SealFacts
from signing.seal_life import ChangeKind, ChangeLine, Outcome
from signing.service import SigningService

seals = router("seals")
records = router("seal-records")


@seals.get("", summary="List seals", response_model=Everything[SealAnswer])
def list_seals(runtime: Running) -> Everything[SealAnswer]:
    """All seals of all legal entities, by name. Which one may be used is decided by a case."""
    with runtime.database.read() as session:
        rows = session.scalars(select(Seal).order_by(Seal.name, Seal.id)).all()
    return Everything(items=[SealAnswer.model_validate(row) for row in rows])


@seals.post("", summary="Apply for a seal", response_model=SealChangeAnswer, status_code=202)
def apply_for_seal(caller: Calling, runtime: Running, wanted: NewSeal) -> SealChangeAnswer:
    """Somebody else has to agree: `POST /seals/changes/{id}/agree`. Then its keeper takes it over."""
    facts = SealFacts(
        wanted.entity_id,
        wanted.name,
        wanted.kind,
        wanted.keeper_id,
        wanted.code,
        wanted.diameter_mm,
        wanted.height_mm,
        wanted.inscription,
        auditor_id=wanted.auditor_id,
        user_ids=tuple(wanted.user_ids),
    )
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        change = life.apply(session, caller.principal, facts, wanted.reason)
        return _change(life.line(session, caller.principal, change.id))


@seals.get("/changes", summary="List changes of seals", response_model=Everything[SealChangeAnswer])
def list_changes(
    caller: Calling,
    runtime: Running,
    seal: Annotated[UUID | None, Query(description="Id of the seal.")] = None,
    open: Annotated[bool, Query(description="Only those that wait for consent.")] = False,
) -> Everything[SealChangeAnswer]:
    """The steps in the life of seals, newest first; for who governs, keeps or audits seals."""
    with runtime.database.read() as session:
        lines = runtime.get(SigningService).seal_life.lines(
            session, caller.principal, seal_id=seal, is_open=open
        )
    return Everything(items=[_change(line) for line in lines])


@seals.post(
    "/{seal_id}/changes", summary="Ask for a change", response_model=SealChangeAnswer, status_code=202
)
def ask_for_change(
    caller: Calling, runtime: Running, seal_id: UUID, wanted: NewSealChange
) -> SealChangeAnswer:
    """Suspend, use again, report as lost, destroy, hand over, or change users and auditor.

    A seal that is reported as lost rests at once; all else happens when somebody else agrees.
    """
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        change = life.ask(
            session,
            caller.principal,
            seal_id,
            ChangeKind(wanted.kind),
            wanted.reason,
            keeper_id=wanted.keeper_id,
            auditor_id=wanted.auditor_id,
            user_ids=wanted.user_ids,
        )
        return _change(life.line(session, caller.principal, change.id))


@seals.post("/changes/{change_id}/{decision}", summary="Decide a change", response_model=SealChangeAnswer)
def decide_change(
    caller: Calling,
    runtime: Running,
    change_id: UUID,
    decision: Literal["agree", "refuse", "withdraw"],
) -> SealChangeAnswer:
    """Agree to or refuse what somebody else asked for, or take back what the caller asked for."""
    with runtime.database.write() as session:
        life = runtime.get(SigningService).seal_life
        verb = {"agree": life.agree, "refuse": life.refuse, "withdraw": life.withdraw}[decision]
        change = verb(session, caller.principal, change_id)
        return _change(life.line(session, caller.principal, change.id))


def _change(line: ChangeLine) -> SealChangeAnswer:
    change = line.change
    return SealChangeAnswer(
        id=change.id,
        seal_id=change.seal_id,
        seal_name=line.seal_name,
        kind=ChangeKind(change.kind),
        reason=change.reason,
        asked_by=line.asked_by,
        asked_at=change.asked_at,
        decided_by=line.decided_by,
        decided_at=change.decided_at,
        outcome=Outcome(change.outcome) if change.outcome else None,
        may_agree=line.may_agree,
        may_withdraw=line.may_withdraw,
    )


@seals.get(
    "/{seal_id}/picture",
    summary="Get a seal's picture",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}, "example": "<svg/>"}}}},
)
def seal_picture(runtime: Running, seal_id: UUID) -> Response:
    """The seal as SVG in its true size."""
    return Response(
        runtime.get(SigningService).seal_picture(seal_id),
        media_type="image/svg+xml",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "Cache-Control": "private, max-age=3600",
        },
    )


def wanted_records(
    runtime: Running,
    seal: Annotated[UUID | None, Query(description="Id of the seal.")] = None,
    department: Annotated[UUID | None, Query(description="Id of the applicant's department.")] = None,
    person: Annotated[UUID | None, Query(description="Id of the applicant or the keeper.")] = None,
    case: Annotated[UUID | None, Query(description="Id of the case.")] = None,
    document: Annotated[UUID | None, Query(description="Id of the document.")] = None,
    date_from: Annotated[date | None, Query(description="First day, in the organisation's zone.")] = None,
    date_to: Annotated[date | None, Query(description="Last day, inclusive.")] = None,
) -> RegisterFilter:
    """The register's filter, from the query."""
    since, until = day_bounds(date_from, date_to, runtime.settings.zone)
    return RegisterFilter(seal, department, person, case, document, since, until)


Wanted = Annotated[RegisterFilter, Depends(wanted_records)]


@records.get("", summary="Read the register", response_model=Page[SealRecordAnswer])
def list_records(
    caller: Calling, runtime: Running, wanted: Wanted, cursor: Cursor = None, limit: Limit = 50
) -> Page[SealRecordAnswer]:
    """Uses of seals that the caller may see, newest first."""
    before = decode_id(cursor)
    with runtime.database.read() as session:
        rows = runtime.get(SigningService).list_seal_records(
            session, caller.principal, wanted, before=before, limit=limit + 1
        )
    shown, following = split(rows, limit, lambda row: row.record.id)
    return Page(items=[answer(row) for row in shown], next_cursor=following)


@records.get("/count", summary="Count the register's lines", response_model=RegisterCount)
def count_records(caller: Calling, runtime: Running, wanted: Wanted) -> RegisterCount:
    """How many lines the caller may see under this filter."""
    with runtime.database.read() as session:
        return RegisterCount(
            count=runtime.get(SigningService).count_seal_records(session, caller.principal, wanted)
        )


@records.get(
    "/export.csv",
    summary="Export the register as CSV",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "编号,时间,印章\r\n"}}}
    },
)
def export_records(caller: Calling, runtime: Running, wanted: Wanted) -> StreamingResponse:
    """The columns of the paper register, UTF-8 with a byte order mark, so that spreadsheets read it."""
    return StreamingResponse(
        register_csv.export(runtime, caller, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="seal-register.csv"'},
    )


@records.get("/{record_id}", summary="Get a line of the register", response_model=SealRecordAnswer)
def get_record(caller: Calling, runtime: Running, record_id: UUID) -> SealRecordAnswer:
    """One use of one seal."""
    with runtime.database.read() as session:
        return answer(register.entry(session, caller.principal, record_id))


def answer(entry: RegisterEntry) -> SealRecordAnswer:
    """A line as the API shows it."""
    record = entry.record
    return SealRecordAnswer.model_validate(
        {
            **{
                name: getattr(record, name)
                for name in (
                    "id", "sealed_at", "seal_id", "subject", "document_id", "document_title", "copies",
                    "counterparty", "case_id", "case_serial", "digest_before", "digest_after", "placements",
                )
            },
            "number": entry.number,
            "seal_name": entry.seal_name,
            "department": entry.department,
            "applicant": PersonName(id=record.applicant_id, name=entry.applicant),
            "keeper": PersonName(id=record.keeper_id, name=entry.keeper),
            "approvers": list(entry.approvers),
        }
    )  # fmt: skip

"""``/api/v1/seal-records`` and ``/api/v1/seal-loans``: the register of seal uses, and seals lent out."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Query, UploadFile
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api import register_csv, register_xlsx
from api.pagination import Cursor, Limit, decode_id, decode_number, encode, split
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Done, Everything, Page, PersonName, Words
from api.schemas_register import (
    CorrectionAnswer,
    LoanAnswer,
    NewCorrection,
    NewLoan,
    NewReturn,
    NewStamping,
    OpenAuthorisation,
    ProofAnswer,
    RegisterCount,
    RegisterTotals,
    ScanAnswer,
    SealRecordAnswer,
)
from core.models import Person
from core.periods import day_bounds
from core.permissions import Principal
from core.runtime import Runtime
from core.sheets import MEDIA_TYPES
from ingest.models import DocumentKind
from ingest.service import IngestService
from search.index import DEEPEST
from signing import by_hand, corrections, register, transparency
from signing.models import UseKind
from signing.register import RegisterEntry, RegisterFilter
from signing.register_models import SealLoan
from signing.register_search import RegisterSearch
from signing.service import SigningService
from workflow.service import WorkflowService

records = router("seal-records")
loans = router("seal-loans")


def wanted_records(
    runtime: Running,
    seal: Annotated[UUID | None, Query(description="Id of the seal.")] = None,
    department: Annotated[UUID | None, Query(description="Id of the applicant's department.")] = None,
    person: Annotated[UUID | None, Query(description="Id of somebody who takes part.")] = None,
    case: Annotated[UUID | None, Query(description="Id of the case.")] = None,
    document: Annotated[UUID | None, Query(description="Id of the document.")] = None,
    date_from: Annotated[date | None, Query(description="First day, in the organisation's zone.")] = None,
    date_to: Annotated[date | None, Query(description="Last day, inclusive.")] = None,
    kind: Annotated[UseKind | None, Query(description="Electronic, on paper, or a correction.")] = None,
    is_open: Annotated[
        bool, Query(alias="open", description="Only uses on paper whose scan has not come.")
    ] = False,
) -> RegisterFilter:
    """The register's filter, from the query."""
    since, until = day_bounds(date_from, date_to, runtime.settings.zone)
    return RegisterFilter(seal, department, person, case, document, since, until, kind, is_open)


Wanted = Annotated[RegisterFilter, Depends(wanted_records)]
Typed = Annotated[
    Words,
    Query(
        alias="q",
        max_length=400,
        description="Words in the language of `GET /search`; then lines that fit best come first.",
    ),
]


@records.get("", summary="Read the register", response_model=Page[SealRecordAnswer])
def list_records(
    caller: Calling,
    runtime: Running,
    wanted: Wanted,
    text: Typed = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SealRecordAnswer]:
    """Uses of seals that the caller may see, newest first. With `q`, those that it finds."""
    if text.strip():
        offset = min(decode_number(cursor), DEEPEST - limit)
        found = runtime.get(RegisterSearch).find(caller.principal, wanted, text, offset=offset, limit=limit)
        following = None if found.next_offset is None else encode(found.next_offset)
        return Page(items=[answer(row) for row in found.lines], next_cursor=following)
    before = decode_id(cursor)
    with runtime.database.read() as session:
        rows = runtime.get(SigningService).list_seal_records(
            session, caller.principal, wanted, before=before, limit=limit + 1
        )
    shown, following = split(rows, limit, lambda row: row.record.id)
    return Page(items=[answer(row) for row in shown], next_cursor=following)


@records.get("/count", summary="Count the register's lines", response_model=RegisterCount)
def count_records(caller: Calling, runtime: Running, wanted: Wanted, text: Typed = "") -> RegisterCount:
    """How many lines the caller may see under this filter."""
    if text.strip():
        return RegisterCount(count=runtime.get(RegisterSearch).count(caller.principal, wanted, text))
    with runtime.database.read() as session:
        return RegisterCount(
            count=runtime.get(SigningService).count_seal_records(session, caller.principal, wanted)
        )


@records.get("/totals", summary="Count uses of seals", response_model=RegisterTotals)
def total_records(caller: Calling, runtime: Running, wanted: Wanted, text: Typed = "") -> RegisterTotals:
    """Uses by seal, by department and by month, the last two years. Corrections are no uses."""
    found = runtime.get(RegisterSearch).totals(caller.principal, wanted, text)
    return RegisterTotals.model_validate(found)


@records.get(
    "/export.csv",
    summary="Export the register as CSV",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "编号,时间,印章\r\n"}}}
    },
)
def export_records(caller: Calling, runtime: Running, wanted: Wanted, text: Typed = "") -> StreamingResponse:
    """The columns of the paper register, UTF-8 with a byte order mark, so that spreadsheets read it."""
    return StreamingResponse(
        register_csv.export(runtime, caller, wanted, text),
        media_type=MEDIA_TYPES["csv"],
        headers={"Content-Disposition": 'attachment; filename="seal-register.csv"'},
    )


@records.get(
    "/export.xlsx",
    summary="Export the register as a workbook",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {
                MEDIA_TYPES["xlsx"]: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}
            }
        }
    },
)
def export_workbook(caller: Calling, runtime: Running, wanted: Wanted, text: Typed = "") -> StreamingResponse:
    """The same columns as a workbook (Office Open XML)."""
    return StreamingResponse(
        register_xlsx.export(runtime, caller, wanted, text),
        media_type=MEDIA_TYPES["xlsx"],
        headers={"Content-Disposition": 'attachment; filename="seal-register.xlsx"'},
    )


@records.get(
    "/authorisations",
    summary="What the caller can stamp by hand",
    response_model=Everything[OpenAuthorisation],
)
def list_in_hand(caller: Calling, runtime: Running) -> Everything[OpenAuthorisation]:
    """Unused authorisations of the seals that the caller has: as keeper, or as borrower while it is out."""
    with runtime.database.read() as session:
        rows = by_hand.in_hand(session, caller.principal, runtime.clock.now())
    return Everything(
        items=[
            OpenAuthorisation(
                id=row.id,
                seal_id=seal.id,
                seal_name=seal.name,
                case_id=row.case_id,
                case_serial=row.case_serial,
                document_title=row.document_title,
                subject=row.subject,
                copies=row.copies,
                expires_at=row.expires_at,
            )
            for row, seal in rows
        ]
    )


@records.post("", summary="Enter a use by hand", response_model=SealRecordAnswer, status_code=201)
@call(scope="sign")
def create_record(caller: Calling, runtime: Running, wanted: NewStamping) -> SealRecordAnswer:
    """Printouts were stamped with the physical seal: uses the authorisation up. It cannot be undone.

    Then send the photo or scan of the stamped page to `/seal-records/{id}/scans`.
    """
    made = runtime.get(SigningService).by_hand.stamp(
        caller.principal, wanted.pin, wanted.authorisation_id, wanted.copies
    )
    return _line(runtime, caller.principal, made.id)


@records.get("/corrections", summary="Corrections that wait", response_model=Everything[CorrectionAnswer])
def list_corrections(caller: Calling, runtime: Running) -> Everything[CorrectionAnswer]:
    """Corrections that wait for a second person, of lines that the caller may see."""
    with runtime.database.read() as session:
        rows = corrections.open_requests(session, caller.principal)
    return Everything(items=[CorrectionAnswer.model_validate(row) for row in rows])


@records.post(
    "/corrections/{request_id}/confirmation",
    summary="Agree to a correction",
    response_model=SealRecordAnswer,
    status_code=201,
)
def confirm_correction(caller: Calling, runtime: Running, request_id: UUID) -> SealRecordAnswer:
    """As the second person, an auditor or administrator: the correction becomes a line of the register."""
    with runtime.database.write() as session:
        made = runtime.get(SigningService).corrections.confirm(session, caller.principal, request_id)
    return _line(runtime, caller.principal, made.id)


@records.post("/corrections/{request_id}/refusal", summary="Refuse a correction", response_model=Done)
def refuse_correction(caller: Calling, runtime: Running, request_id: UUID) -> Done:
    """As the second person: the register stays as it is."""
    with runtime.database.write() as session:
        runtime.get(SigningService).corrections.refuse(session, caller.principal, request_id)
    return Done()


@records.get("/{record_id}", summary="Get a line of the register", response_model=SealRecordAnswer)
def get_record(caller: Calling, runtime: Running, record_id: UUID) -> SealRecordAnswer:
    """One use of one seal, as it was entered. What corrects it stands in its `corrections`."""
    return _line(runtime, caller.principal, record_id)


@records.get(
    "/{record_id}/corrections",
    summary="A line with its corrections",
    response_model=Everything[SealRecordAnswer],
)
def get_corrections(caller: Calling, runtime: Running, record_id: UUID) -> Everything[SealRecordAnswer]:
    """The line, then the lines that correct it, in their order."""
    with runtime.database.read() as session:
        rows = register.with_corrections(session, caller.principal, record_id)
        return Everything(items=[answer(row) for row in rows])


@records.post(
    "/{record_id}/corrections",
    summary="Ask for a correction",
    response_model=CorrectionAnswer,
    status_code=201,
)
def create_correction(
    caller: Calling, runtime: Running, record_id: UUID, wanted: NewCorrection
) -> CorrectionAnswer:
    """For the seal's keeper and administrators; a second person has to agree."""
    changes = wanted.model_dump(exclude_unset=True, exclude={"reason"})
    with runtime.database.write() as session:
        made = runtime.get(SigningService).corrections.ask(
            session, caller.principal, record_id, changes, wanted.reason
        )
    return CorrectionAnswer.model_validate(made)


@records.post(
    "/{record_id}/scans", summary="Add the scan of a stamped page", response_model=ScanAnswer, status_code=201
)
@call(takes_files=True)
def create_scan(
    caller: Calling, runtime: Running, record_id: UUID, file: Annotated[UploadFile, File()]
) -> ScanAnswer:
    """A photo or PDF; it becomes a document that the people of the line may see."""
    hands = runtime.get(SigningService).by_hand
    with runtime.database.read() as session:
        hands.check_scan(session, caller.principal, record_id)
    taken = runtime.get(IngestService).receive(
        caller.principal, file.file, file.filename or "", DocumentKind.ATTACHMENT
    )
    with runtime.database.write() as session:
        made = hands.add_scan(session, caller.principal, record_id, taken.document_id, taken.digest)
    return ScanAnswer.model_validate(made)


@records.get("/{record_id}/proof", summary="Prove a line of the register", response_model=ProofAnswer)
def get_record_proof(caller: Calling, runtime: Running, record_id: UUID) -> dict[str, Any]:
    """Its audit entry, the way from it to the root of a signed and stamped tree head, and that head.

    A head is made when there is none over the entry yet.
    """
    with runtime.database.read() as session:
        register.entry(session, caller.principal, record_id)
        sequence = transparency.sequence_of_record(session, record_id)
    runtime.get(SigningService).transparency.head_over(sequence)
    with runtime.database.snapshot() as session:
        return transparency.proof(session, sequence).to_json()


@loans.get("", summary="Seals that were lent out", response_model=Everything[LoanAnswer])
def list_loans(
    caller: Calling,
    runtime: Running,
    is_out: Annotated[
        bool | None, Query(alias="out", description="Only those that are out, or back.")
    ] = None,
) -> Everything[LoanAnswer]:
    """Loans of the seals that the caller keeps, and what they borrowed; auditors see all."""
    with runtime.database.read() as session:
        rows = by_hand.loans(session, caller.principal, is_out=is_out)
        return Everything(items=[_loan(session, row) for row in rows])


@loans.post("", summary="Lend a seal", response_model=LoanAnswer, status_code=201)
def create_loan(caller: Calling, runtime: Running, wanted: NewLoan) -> LoanAnswer:
    """The keeper gives the physical seal to somebody, for a case, until a moment."""
    with runtime.database.write() as session:
        made = runtime.get(WorkflowService).lend_seal(
            session,
            caller.principal,
            wanted.seal_id,
            borrower_id=wanted.borrower_id,
            case_serial=wanted.case_serial,
            reason=wanted.reason,
            due_at=wanted.due_at,
        )
        return _loan(session, made)


@loans.post("/{loan_id}/return", summary="Take a seal back", response_model=LoanAnswer)
def return_loan(caller: Calling, runtime: Running, loan_id: UUID, wanted: NewReturn) -> LoanAnswer:
    """The keeper has it back and has looked at it."""
    with runtime.database.write() as session:
        made = runtime.get(SigningService).by_hand.give_back(session, caller.principal, loan_id, wanted.note)
        return _loan(session, made)


def _line(runtime: Runtime, principal: Principal, record_id: UUID) -> SealRecordAnswer:
    with runtime.database.read() as session:
        return answer(register.entry(session, principal, record_id))


def _loan(session: Session, row: SealLoan) -> LoanAnswer:
    person = session.get_one(Person, row.borrower_id)
    return LoanAnswer(
        id=row.id,
        seal_id=row.seal_id,
        borrower=PersonName(id=person.id, name=person.name),
        case_id=row.case_id,
        case_serial=row.case_serial,
        reason=row.reason,
        lent_at=row.lent_at,
        due_at=row.due_at,
        returned_at=row.returned_at,
        return_note=row.return_note,
    )


def answer(entry: RegisterEntry) -> SealRecordAnswer:
    """A line as the API shows it."""
    record = entry.record
    return SealRecordAnswer.model_validate(
        {
            **{
                name: getattr(record, name)
                for name in (
                    "id", "kind", "sealed_at", "seal_id", "subject", "document_id", "document_title",
                    "copies", "counterparty", "case_id", "case_serial", "digest_before", "digest_after",
                    "placements", "corrects_id", "changes", "reason", "scan_due_at",
                )
            },
            "number": entry.number,
            "seal_name": entry.seal_name,
            "department": entry.department,
            "applicant": PersonName(id=record.applicant_id, name=entry.applicant),
            "keeper": PersonName(id=record.keeper_id, name=entry.keeper),
            "approvers": list(entry.approvers),
            "second_person": entry.second,
            "is_corrected": entry.is_corrected,
            "is_open": entry.is_open,
        }
    )  # fmt: skip

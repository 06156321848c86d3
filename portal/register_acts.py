"""Acts in the register: stamping by hand, scans, corrections by two people, seals lent out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import File, Form, Request, Response, UploadFile
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from core.errors import InvalidInput, NotFound, VermilionError
from core.models import Person
from ingest.models import DocumentKind
from portal.case_views import has_pin
from portal.fields import OF_PRESENT_PIN, as_id
from portal.frame import Visiting, page, pages, see_other
from portal.notices import look_at
from portal.register import line_page
from portal.sealing import show_sealing
from portal.second_factor import Factor, ShownFactor, accept, field_of
from portal.uploads import receive
from portal.visit import Visit
from signing import by_hand
from signing.models import Seal, SealAuthorisation
from signing.register_models import SealLoan
from signing.service import SigningService
from workflow.service import WorkflowService

router = pages()
_NOBODYS: Final = "!"  # of who cannot sign in, such as the person behind the command line


@router.get("/register/stamp")
def show_stamp(request: Request, visit: Visiting) -> Response:
    """What the reader can stamp by hand now."""
    return _stamp_page(request, visit)


@router.post("/register/stamp")
def stamp(
    request: Request,
    visit: Visiting,
    factor: Factor,
    authorisation: Annotated[str, Form()] = "",
    copies: Annotated[str, Form()] = "",
    pin: Annotated[str, Form()] = "",
) -> Response:
    """Enter that printouts were stamped."""
    typed = {"authorisation": authorisation, "copies": copies}
    try:
        _accept_factor(visit, factor, authorisation)
        made = visit.runtime.get(SigningService).by_hand.stamp(
            visit.person, pin, _id(authorisation, "authorisation", visit), _number(copies, visit)
        )
    except VermilionError as error:
        errors = {error.field or _pin_field(error): visit.translator.error(error)}
        return _stamp_page(request, visit, errors=errors, typed=typed, status=error.status)
    return see_other(request, f"/register/{made.id}?after=stamped")


@router.post("/tasks/{task_id}/stamping")
async def stamp_task(request: Request, visit: Visiting, task_id: UUID) -> Response:
    """Do a keeper's task by hand: so many printouts of each document."""
    form = await request.form()
    return await run_in_threadpool(_stamp_task, request, visit, task_id, dict(form))


def _stamp_task(request: Request, visit: Visit, task_id: UUID, form: dict[str, Any]) -> Response:
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        task, view = workflow.case_of_task(session, visit.person, task_id)
    try:
        digest = str(form.get("shown_digest", ""))
        accept(visit, ShownFactor(str(form.get("code", ""))), [digest])
        copies = {
            document.id: _number(str(form[f"copies-{document.id}"]), visit)
            for document in view.documents
            if f"copies-{document.id}" in form
        }
        workflow.stamp(visit.person, task_id, str(form.get("pin", "")), digest, copies)
    except VermilionError as error:
        if error.status == 404:
            raise
        errors = {"by-hand": visit.translator.error(error)}
        return show_sealing(request, visit, task, view, errors=errors, status=error.status)
    return see_other(request, f"/register?case={view.case.id}")


@router.post("/register/{record_id}/scans")
def add_scan(
    request: Request, visit: Visiting, record_id: UUID, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """The photo or scan of a stamped page."""
    hands = visit.runtime.get(SigningService).by_hand
    with visit.runtime.database.read() as session:
        hands.check_scan(session, visit.person, record_id)
    if file is None or not file.filename:
        return line_page(
            request, visit, record_id, errors={"scan": visit.text("book-scan-none-chosen")}, status=422
        )
    sent = receive(visit, file, DocumentKind.ATTACHMENT)
    if sent.document is None:
        return line_page(request, visit, record_id, errors={"scan": sent.refusal or ""}, status=422)
    with visit.runtime.database.write() as session:
        hands.add_scan(session, visit.person, record_id, sent.document.id, sent.document.original_digest)
    return see_other(request, f"/register/{record_id}#scans")


@router.post("/register/{record_id}/corrections")
def ask_for_correction(
    request: Request,
    visit: Visiting,
    record_id: UUID,
    subject: Annotated[str, Form()] = "",
    counterparty: Annotated[str, Form()] = "",
    copies: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Ask for a correction; a second person decides."""
    typed = {"subject": subject, "counterparty": counterparty, "copies": copies, "reason": reason}
    try:
        wanted = {"subject": subject, "counterparty": counterparty, "copies": _number(copies, visit)}
        with visit.runtime.database.write() as session:
            visit.runtime.get(SigningService).corrections.ask(
                session, visit.person, record_id, wanted, reason
            )
    except VermilionError as error:
        if error.status == 404:
            raise
        errors = {error.field or "correction": visit.translator.error(error)}
        return line_page(request, visit, record_id, errors=errors, typed=typed, status=error.status)
    return see_other(request, f"/register/{record_id}#corrections")


@router.post("/register/corrections/{request_id}")
def decide_correction(
    request: Request,
    visit: Visiting,
    request_id: UUID,
    decision: Annotated[str, Form()] = "",
    record: Annotated[str, Form()] = "",
) -> Response:
    """Agree to a correction, or refuse it, as the second person."""
    corrections = visit.runtime.get(SigningService).corrections
    record_id = as_id(record)
    if record_id is None or decision not in ("confirm", "refuse"):
        raise NotFound(what="correction")
    try:
        with visit.runtime.database.write() as session:
            if decision == "confirm":
                corrections.confirm(session, visit.person, request_id)
            else:
                corrections.refuse(session, visit.person, request_id)
    except VermilionError as error:
        if error.status == 404:
            raise
        errors = {"decision": visit.translator.error(error)}
        return line_page(request, visit, record_id, errors=errors, status=error.status)
    return see_other(request, f"/register/{record_id}#corrections")


@router.get("/register/loans")
def show_loans(request: Request, visit: Visiting) -> Response:
    """Seals that are out, and those that came back."""
    with visit.runtime.database.read() as session:
        found = [row.seal_id for row in by_hand.loans(session, visit.person, is_out=True)]
    for seal_id in found:
        look_at(visit, "seal", seal_id)
    return _loans_page(request, visit)


@router.post("/register/loans")
def lend(
    request: Request,
    visit: Visiting,
    seal: Annotated[str, Form()] = "",
    borrower: Annotated[str, Form()] = "",
    case: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    due: Annotated[str, Form()] = "",
) -> Response:
    """Give a physical seal to somebody."""
    typed = {"seal": seal, "borrower": borrower, "case": case, "reason": reason, "due": due}
    try:
        with visit.runtime.database.write() as session:
            visit.runtime.get(WorkflowService).lend_seal(
                session,
                visit.person,
                _id(seal, "seal", visit),
                borrower_id=_id(borrower, "borrower", visit),
                case_serial=case,
                reason=reason,
                due_at=_moment(due, visit),
            )
    except VermilionError as error:
        errors = {error.field or "loan": visit.translator.error(error)}
        return _loans_page(request, visit, errors=errors, typed=typed, status=error.status)
    return see_other(request, "/register/loans")


@router.post("/register/loans/{loan_id}/return")
def give_back(
    request: Request, visit: Visiting, loan_id: UUID, note: Annotated[str, Form()] = ""
) -> Response:
    """The keeper has the seal back and has looked at it."""
    try:
        with visit.runtime.database.write() as session:
            visit.runtime.get(SigningService).by_hand.give_back(session, visit.person, loan_id, note)
    except VermilionError as error:
        if error.status == 404:
            raise
        errors = {"loan": visit.translator.error(error)}
        return _loans_page(request, visit, errors=errors, status=error.status)
    return see_other(request, "/register/loans")


def _stamp_page(
    request: Request,
    visit: Visit,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    with visit.runtime.database.read() as session:
        waiting = by_hand.in_hand(session, visit.person, visit.runtime.clock.now())
        can_sign = has_pin(visit, session, visit.person)
    return page(
        request, visit, "register-stamp.html", status=status, waiting=waiting, has_pin=can_sign,
        factor=field_of(visit, _digests(waiting), "seal", (errors or {}).get("code", "")),
        errors=errors or {}, typed=typed or {},
    )  # fmt: skip


def _loans_page(
    request: Request,
    visit: Visit,
    *,
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    now = visit.runtime.clock.now()
    with visit.runtime.database.read() as session:
        rows: list[SealLoan] = list(by_hand.loans(session, visit.person))
        seals = dict(session.execute(select(Seal.id, Seal.name)).all())
        names = dict(session.execute(select(Person.id, Person.name)).all())
        kept = session.execute(
            select(Seal.id, Seal.name).where(Seal.keeper_id == visit.person.person_id).order_by(Seal.name)
        ).all()
        out = {row.seal_id for row in rows if row.returned_at is None}
        people = session.execute(
            select(Person.id, Person.name)
            .where(Person.is_active, Person.id != visit.person.person_id, Person.password_hash != _NOBODYS)
            .order_by(Person.name)
        ).all()
    return page(
        request, visit, "register-loans.html", status=status, loans=rows, seals=seals, names=names,
        kept=[one for one in kept if one.id not in out], keeps={one.id for one in kept}, people=people,
        now=now,
        errors=errors or {}, typed=typed or {},
    )  # fmt: skip


def _accept_factor(visit: Visit, factor: ShownFactor, authorisation: str) -> None:
    """A code is shown for what was chosen; a passkey answered for all that the page offered."""
    with visit.runtime.database.read() as session:
        waiting = by_hand.in_hand(session, visit.person, visit.runtime.clock.now())
    chosen = [row.digest for row, _seal in waiting if str(row.id) == authorisation]
    accept(visit, factor, chosen if factor.code.strip() else _digests(waiting))


def _digests(waiting: Sequence[tuple[SealAuthorisation, Seal]]) -> list[str]:
    return list(dict.fromkeys(row.digest for row, _seal in waiting))


def _id(value: str, field: str, visit: Visit) -> UUID:
    found = as_id(value)
    if found is None:
        raise InvalidInput(field=field, reason=visit.text("book-choose"))
    return found


def _number(value: str, visit: Visit) -> int:
    if not value.strip().isdecimal():
        raise InvalidInput(field="copies", reason=visit.text("error-field-not-understood", kind="number"))
    return int(value)


def _moment(value: str, visit: Visit) -> datetime:
    """A moment as browsers send it (YYYY-MM-DDTHH:MM), in the organisation's zone."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=visit.runtime.settings.zone)
    except ValueError as error:
        raise InvalidInput(field="due", reason=visit.text("book-choose")) from error


def _pin_field(error: VermilionError) -> str:
    return "pin" if error.code in OF_PRESENT_PIN else "authorisation"

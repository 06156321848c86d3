"""The register of seal uses, with the columns of the paper register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import Department, Person, Role
from core.periods import day_bounds
from core.permissions import ResourceType, may_read
from portal.fields import as_day, as_id
from portal.frame import Visiting, page, pages
from portal.notices import look_at
from portal.visit import Visit
from signing import by_hand, corrections, transparency
from signing import register as book
from signing.models import Seal, SealRecord, UseKind
from signing.register import RegisterEntry, RegisterFilter
from signing.service import SigningService

router = pages()

PAGE_SIZES: Final = (25, 50, 100)


@dataclass(frozen=True)
class Asked:
    """The filters of the page, as they stand in its address."""

    seal: UUID | None
    department: UUID | None
    person: UUID | None
    date_from: date | None
    date_to: date | None
    case: UUID | None
    kind: UseKind | None
    open: bool

    def address(self, path: str, **more: object) -> str:
        """``path`` with these filters."""
        values = {**self.__dict__, "open": "true" if self.open else "", **more}
        query = urlencode({name: str(value) for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


@router.get("/register")
def show_register(
    request: Request,
    visit: Visiting,
    seal: str = "",
    department: str = "",
    person: str = "",
    date_from: str = "",
    date_to: str = "",
    case: str = "",
    kind: str = "",
    open: Annotated[str, Query()] = "",
    before: str = "",
    size: str = "",
) -> Response:
    """The lines that the reader may see, newest first, with how many there are."""
    asked = Asked(
        as_id(seal), as_id(department), as_id(person), as_day(date_from), as_day(date_to), as_id(case),
        UseKind(kind) if kind in set(UseKind) else None, open == "true",
    )  # fmt: skip
    most = next((one for one in PAGE_SIZES if str(one) == size), PAGE_SIZES[0])
    wanted = _filter(visit, asked)
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        lines = signing.list_seal_records(session, visit.person, wanted, before=as_id(before), limit=most + 1)
        count = signing.count_seal_records(session, visit.person, wanted)
        choices = _choices(session)
        shown = lines[:most]
        cases = _open_cases(session, visit, shown)
        waiting = [
            (one, book.number_of(session.get_one(SealRecord, one.record_id)))
            for one in corrections.open_requests(session, visit.person)
        ]
        to_stamp = len(by_hand.in_hand(session, visit.person, visit.runtime.clock.now()))
        open_uses = len(by_hand.open_uses(session, visit.person))
    return page(
        request, visit, "register.html", kinds=list(UseKind), waiting=waiting, to_stamp=to_stamp,
        open_uses=open_uses, xlsx_address=asked.address("/api/v1/seal-records/export.xlsx"),
        lines=shown, count=count, asked=asked, size=most, sizes=PAGE_SIZES,
        cases=cases, is_filtered=any(asked.__dict__.values()),
        csv_address=asked.address("/api/v1/seal-records/export.csv"),
        next_address=asked.address("/register", before=shown[-1].record.id, size=most)
        if len(lines) > most
        else None,
        **choices,
    )  # fmt: skip


@router.get("/register/{record_id}")
def show_line(request: Request, visit: Visiting, record_id: UUID, after: str = "") -> Response:
    """One use of one seal: everything that the register holds about it, with its corrections and proof."""
    look_at(visit, ResourceType.SEAL_RECORD.value, record_id)
    return line_page(request, visit, record_id, after=after)


def line_page(
    request: Request,
    visit: Visit,
    record_id: UUID,
    *,
    after: str = "",
    errors: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """The page of a line. ``errors`` by input: what a form on it was sent with and is wrong."""
    me = visit.person.person_id
    with visit.runtime.database.read() as session:
        lines = book.with_corrections(session, visit.person, record_id)
        line = next(one for one in lines if one.record.id == record_id)
        original = lines[0]
        seal = session.get_one(Seal, line.record.seal_id)
        keeper = visit.person.has(Role.ADMINISTRATOR, seal.entity_id) or seal.keeper_id == me
        waiting = corrections.open_requests(session, visit.person, original.record.id)
        people = {one.asked_by for one in waiting}
        scans = by_hand.scans(session, [original.record.id])
        people |= {one.added_by for one in scans}
        context = {
            "cases": _open_cases(session, visit, [line]),
            "may_open_document": may_read(
                session, visit.person, ResourceType.DOCUMENT, line.record.document_id
            ),
            "stands": corrections.effective(session, original.record),
            "names": dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all()),
            "proof": _proof(session, record_id),
        }
    may_agree = corrections.may_agree(visit.person, seal.entity_id)
    return page(
        request, visit, "register-line.html", status=status, line=line, lines=lines, original=original,
        waiting=waiting, scans=scans, after=after, errors=errors or {}, typed=typed or {},
        may_correct=keeper and not waiting, may_agree=may_agree,
        agreeable={one.id for one in waiting if me not in (one.asked_by, original.record.keeper_id)},
        may_scan=original.record.kind == UseKind.PAPER
        and me in (original.record.keeper_id, original.record.applicant_id, seal.keeper_id),
        **context,
    )  # fmt: skip


def _proof(session: Session, record_id: UUID) -> transparency.Proof | None:
    """What proves the line, where a head over its audit entry was made already."""
    try:
        return transparency.proof(session, transparency.sequence_of_record(session, record_id))
    except NotFound:
        return None


def _filter(visit: Visit, asked: Asked) -> RegisterFilter:
    since, until = day_bounds(asked.date_from, asked.date_to, visit.runtime.settings.zone)
    return RegisterFilter(
        seal_id=asked.seal,
        department_id=asked.department,
        person_id=asked.person,
        case_id=asked.case,
        kind=asked.kind,
        is_open=asked.open,
        since=since,
        until=until,
    )


def _choices(session: Session) -> dict[str, Any]:
    """What the filters offer: every seal and department, and the people who stand in the register."""
    applicants = select(SealRecord.applicant_id)
    keepers = select(SealRecord.keeper_id)
    return {
        "seals": session.execute(select(Seal.id, Seal.name).order_by(Seal.name)).all(),
        "departments": session.execute(
            select(Department.id, Department.name).order_by(Department.name)
        ).all(),
        "people": session.execute(
            select(Person.id, Person.name)
            .where(Person.id.in_(applicants.union(keepers)))
            .order_by(Person.name)
        ).all(),
    }


def _open_cases(session: Session, visit: Visit, lines: list[RegisterEntry]) -> set[UUID]:
    """Those of the lines' cases that the reader may open."""
    return {
        line.record.case_id
        for line in lines
        if may_read(session, visit.person, ResourceType.CASE, line.record.case_id)
    }

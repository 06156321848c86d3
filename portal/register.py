"""The register of seal uses, with the columns of the paper register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Department, Person
from core.periods import day_bounds
from core.permissions import ResourceType, may_read
from portal.fields import as_day, as_id
from portal.frame import Visiting, page, pages
from portal.visit import Visit
from signing import register as book
from signing.models import Seal, SealRecord
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

    def address(self, path: str, **more: object) -> str:
        """``path`` with these filters."""
        values = {**self.__dict__, **more}
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
    before: str = "",
    size: str = "",
) -> Response:
    """The lines that the reader may see, newest first, with how many there are."""
    asked = Asked(as_id(seal), as_id(department), as_id(person), as_day(date_from), as_day(date_to))
    most = next((one for one in PAGE_SIZES if str(one) == size), PAGE_SIZES[0])
    wanted = _filter(visit, asked)
    signing = visit.runtime.get(SigningService)
    with visit.runtime.database.read() as session:
        lines = signing.list_seal_records(session, visit.person, wanted, before=as_id(before), limit=most + 1)
        count = signing.count_seal_records(session, visit.person, wanted)
        choices = _choices(session)
        shown = lines[:most]
        cases = _open_cases(session, visit, shown)
    return page(
        request, visit, "register.html", lines=shown, count=count, asked=asked, size=most, sizes=PAGE_SIZES,
        cases=cases, is_filtered=any(asked.__dict__.values()),
        csv_address=asked.address("/api/v1/seal-records/export.csv"),
        next_address=asked.address("/register", before=shown[-1].record.id, size=most)
        if len(lines) > most
        else None,
        **choices,
    )  # fmt: skip


@router.get("/register/{record_id}")
def show_line(request: Request, visit: Visiting, record_id: UUID) -> Response:
    """One use of one seal: everything that the register holds about it."""
    with visit.runtime.database.read() as session:
        line = book.entry(session, visit.person, record_id)
        cases = _open_cases(session, visit, [line])
        may_open = may_read(session, visit.person, ResourceType.DOCUMENT, line.record.document_id)
    return page(request, visit, "register-line.html", line=line, cases=cases, may_open_document=may_open)


def _filter(visit: Visit, asked: Asked) -> RegisterFilter:
    since, until = day_bounds(asked.date_from, asked.date_to, visit.runtime.settings.zone)
    return RegisterFilter(
        seal_id=asked.seal,
        department_id=asked.department,
        person_id=asked.person,
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

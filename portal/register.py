"""The register of seal uses, with the columns of the paper register."""

from __future__ import annotations

from collections.abc import Sequence
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
from portal import charts
from portal.fields import as_day, as_id
from portal.frame import Visiting, is_htmx, page, pages
from portal.notices import look_at
from portal.visit import Visit
from search.errors import SearchUnavailable
from search.explaining import explain
from search.index import DEEPEST, FacetCount
from signing import by_hand, corrections, transparency
from signing import register as book
from signing.models import Seal, SealRecord, UseKind
from signing.register import RegisterEntry, RegisterFilter
from signing.register_search import FoundLines, RegisterSearch
from signing.service import SigningService

router = pages()

PAGE_SIZES: Final = (25, 50, 100)
_MOST_BARS: Final = 12
_LONGEST_WORDS: Final = 400
"""What is typed here; filters stand before it in the query."""


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
    q: str = ""
    all: bool = False

    def address(self, path: str, **more: object) -> str:
        """``path`` with these filters."""
        flags = {name: "true" if getattr(self, name) else "" for name in ("open", "all")}
        values = {**self.__dict__, **flags, **more}
        query = urlencode({name: str(value) for name, value in values.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def is_filtered(self) -> bool:
        return any(value for name, value in self.__dict__.items() if name != "all")


@router.get("/register")
def show_register(
    request: Request,
    visit: Visiting,
    before: str = "",
    size: str = "",
    offset: Annotated[int, Query(ge=0, le=DEEPEST)] = 0,
) -> Response:
    """The lines that the reader may see: those that fit the words best, or all of them, newest first."""
    asked = _asked(request)
    most = next((one for one in PAGE_SIZES if str(one) == size), PAGE_SIZES[0])
    found, is_down = None, False
    if asked.q:
        try:
            found = visit.runtime.get(RegisterSearch).find(
                visit.person, _filter(visit, asked), asked.q, offset=min(offset, DEEPEST - most), limit=most
            )
        except SearchUnavailable:  # the list without the words still works
            is_down = True
    shown = _found(asked, found, most) if found else _listed(visit, asked, as_id(before), most)
    with visit.runtime.database.read() as session:
        choices = _choices(session)
        cases = _open_cases(session, visit, shown.lines)
        waiting = [
            (one, book.number_of(session.get_one(SealRecord, one.record_id)))
            for one in corrections.open_requests(session, visit.person)
        ]
        to_stamp = len(by_hand.in_hand(session, visit.person, visit.runtime.clock.now()))
        open_uses = len(by_hand.open_uses(session, visit.person))
    return page(
        request, visit, "register.html", kinds=list(UseKind), waiting=waiting, to_stamp=to_stamp,
        open_uses=open_uses, shown=shown, asked=asked, size=most, sizes=PAGE_SIZES, cases=cases,
        is_down=is_down, mistakes=[explain(one, visit.translator) for one in found.mistakes] if found else [],
        corrected=found.corrected if found else None,
        corrected_address=asked.address("/register", q=found.corrected) if found else None,
        is_complete=found.is_complete if found else True,
        csv_address=asked.address("/api/v1/seal-records/export.csv", all=""),
        xlsx_address=asked.address("/api/v1/seal-records/export.xlsx", all=""),
        totals_address=asked.address("/register/totals"),
        fields_address=asked.address("/register", all="" if asked.all else "true", size=most),
        **choices,
    )  # fmt: skip


@router.get("/register/totals")
def show_totals(request: Request, visit: Visiting) -> Response:
    """Uses by month, seal and department under the same words and filters."""
    asked = _asked(request)
    is_part = is_htmx(request)
    template = "parts/register-totals.html" if is_part else "register-totals.html"
    context: dict[str, Any] = {"asked": asked, "register_address": asked.address("/register")}
    try:
        totals = visit.runtime.get(RegisterSearch).totals(visit.person, _filter(visit, asked), asked.q)
    except SearchUnavailable:
        return page(request, visit, template, totals=None, **context)
    chosen = (asked.date_from, asked.date_to)

    def narrowed(counts: Sequence[FacetCount], name: str) -> list[charts.Bar]:
        return charts.ranked(counts, lambda value: asked.address("/register", **{name: value}), _MOST_BARS)

    return page(
        request, visit, template, totals=totals,
        months=charts.months(
            totals.months, visit.formats.month,
            lambda month: asked.address("/register", date_from=month.first, date_to=month.last), chosen,
        ),
        seals=narrowed(totals.seals, "seal"), departments=narrowed(totals.departments, "department"),
        more={
            "seals": max(len(totals.seals) - _MOST_BARS, 0),
            "departments": max(len(totals.departments) - _MOST_BARS, 0),
        },
        **context,
    )  # fmt: skip


@dataclass(frozen=True)
class _Shown:
    """A page of lines: how many there are of all, and where the next one is."""

    lines: list[RegisterEntry]
    count: int
    next_address: str | None


def _found(asked: Asked, found: FoundLines, most: int) -> _Shown:
    following = found.next_offset and asked.address("/register", offset=found.next_offset, size=most)
    return _Shown(found.lines, found.total, following or None)


def _listed(visit: Visit, asked: Asked, before: UUID | None, most: int) -> _Shown:
    signing, wanted = visit.runtime.get(SigningService), _filter(visit, asked)
    with visit.runtime.database.read() as session:
        lines = signing.list_seal_records(session, visit.person, wanted, before=before, limit=most + 1)
        count = signing.count_seal_records(session, visit.person, wanted)
    following = None
    if len(lines) > most:
        following = asked.address("/register", before=lines[most - 1].record.id, size=most)
    return _Shown(lines[:most], count, following)


def _asked(request: Request) -> Asked:
    sent = request.query_params
    kind = sent.get("kind", "")
    return Asked(
        as_id(sent.get("seal", "")), as_id(sent.get("department", "")), as_id(sent.get("person", "")),
        as_day(sent.get("date_from", "")), as_day(sent.get("date_to", "")), as_id(sent.get("case", "")),
        UseKind(kind) if kind in set(UseKind) else None, sent.get("open") == "true",
        sent.get("q", "").replace("\x00", "").strip()[:_LONGEST_WORDS], sent.get("all") == "true",
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

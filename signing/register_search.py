"""The register under a query: its lines, how many there are, and totals, found by the index.

The filters of the register are put before the words as clauses of the query language, where the index
has no filter of its own for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.orm import Session

from core.batches import batches
from core.database import Database
from core.errors import InvalidInput
from core.models import Department
from core.permissions import Principal
from search.index import FacetCount, Order, Query
from search.language import Mistake
from search.service import Searcher
from signing import register
from signing.models import Seal, SealRecord, UseKind
from signing.register import RegisterEntry, RegisterFilter, conditions

MONTHS: Final = 24
"""How many months are counted, the last ones."""
_AT_ONCE: Final = 200
_EITHER_FIRST: Final = re.compile(r"^(?:\s*(?:OR|\|\|?|｜|或)(?=\s|$))+")


@dataclass(frozen=True)
class FoundLines:
    """One page of lines that a query finds; ``next_offset`` is None on the last one."""

    lines: list[RegisterEntry]
    total: int
    next_offset: int | None
    mistakes: tuple[Mistake, ...]
    corrected: str | None
    is_complete: bool


@dataclass(frozen=True)
class Totals:
    """How many uses there are; lines that correct others are no uses. Months (``2026-03``) oldest first."""

    uses: int
    seals: tuple[FacetCount, ...]
    departments: tuple[FacetCount, ...]
    months: tuple[FacetCount, ...]


class RegisterSearch:
    """Finds lines of the register."""

    def __init__(self, database: Database, searcher: Searcher, zone: ZoneInfo) -> None:
        self._database = database
        self._searcher = searcher
        self._zone = zone

    def find(
        self,
        principal: Principal,
        wanted: RegisterFilter,
        text: str,
        *,
        order: Order = "best",
        offset: int = 0,
        limit: int = 50,
    ) -> FoundLines:
        """One page of the lines that the person may see. Raises as ``Searcher.search``, and InvalidInput."""
        before, query = self._query(wanted, text)
        asked = replace(query, order=order, offset=offset, limit=limit, facets=False)
        results = self._searcher.search(principal, asked)
        with self._database.read() as session:
            lines = register.entries_of(session, principal, [hit.id for hit in results.hits])
        corrected = results.corrected
        return FoundLines(
            lines,
            results.total,
            results.next_offset,
            results.mistakes,
            corrected.removeprefix(before).strip() if corrected is not None else None,
            results.is_complete,
        )

    def count(self, principal: Principal, wanted: RegisterFilter, text: str) -> int:
        """How many lines there are. Raises as ``find``."""
        _before, query = self._query(wanted, text)
        return self._searcher.search(principal, replace(query, limit=1, facets=False)).total

    def every(self, principal: Principal, wanted: RegisterFilter, text: str) -> Iterator[RegisterEntry]:
        """All lines that it finds, newest first. Raises as ``find``."""
        _before, query = self._query(wanted, text)
        for some in batches(self._searcher.keys(principal, replace(query, order="newest")), _AT_ONCE):
            with self._database.read() as session:
                yield from register.entries_of(session, principal, [key.id for key in some])

    def totals(self, principal: Principal, wanted: RegisterFilter, text: str) -> Totals:
        """Totals of the uses that a query finds, or of those under the filter where there are no words."""
        if not text.strip():
            with self._database.read() as session:
                return totals(session, principal, wanted, self._zone)
        _before, query = self._query(wanted, text, f"-kind:{UseKind.CORRECTION.value}")
        results = self._searcher.search(principal, replace(query, limit=1))
        return Totals(
            results.total,
            _narrowed(results.facets.get("seal", ()), wanted.seal_id),
            _narrowed(results.facets.get("department", ()), wanted.department_id),
            results.months[-MONTHS:],
        )

    def _query(self, wanted: RegisterFilter, text: str, *clauses: str) -> tuple[str, Query]:
        """What is put before the words, and the whole query."""
        if wanted.document_id is not None:
            raise InvalidInput(field="document", reason="q")
        parts = list(clauses)
        if wanted.kind is not None:
            parts.append(f"kind:{wanted.kind.value}")
        if wanted.is_open:
            parts.append("state:scan-missing")
        if wanted.case_id is not None:
            parts.append(f'number:"{self._serial(wanted.case_id)}"')
        before = "".join(f"{part} " for part in parts)
        since, until = wanted.since, wanted.until
        # An OR at the beginning would make a filter one of two choices.
        words = _EITHER_FIRST.sub("", text)
        return before, Query(
            text=before + words,
            kind="seal_record",
            seal=wanted.seal_id,
            department=wanted.department_id,
            person=wanted.person_id,
            date_from=since.astimezone(self._zone).date() if since else None,
            date_to=(until - timedelta(microseconds=1)).astimezone(self._zone).date() if until else None,
        )

    def _serial(self, case_id: UUID) -> str:
        """The serial number of a case, by which its lines are found; what finds nothing for none."""
        with self._database.read() as session:
            serial = session.scalar(
                select(SealRecord.case_serial).where(SealRecord.case_id == case_id).limit(1)
            )
        return serial or str(case_id)


def totals(session: Session, principal: Principal, wanted: RegisterFilter, zone: ZoneInfo) -> Totals:
    """Totals from the rows themselves."""
    where = [*conditions(principal, wanted), SealRecord.kind != UseKind.CORRECTION]
    uses = func.count().label("uses")
    seals = session.execute(
        select(SealRecord.seal_id, Seal.name, uses)
        .join(Seal, Seal.id == SealRecord.seal_id)
        .where(*where)
        .group_by(SealRecord.seal_id, Seal.name)
    ).all()
    departments = session.execute(
        select(SealRecord.department_id, Department.name, uses)
        .join(Department, Department.id == SealRecord.department_id)
        .where(*where)
        .group_by(SealRecord.department_id, Department.name)
    ).all()
    return Totals(
        sum(row.uses for row in seals),
        _ranked(seals),
        _ranked(departments),
        tuple(_months(session, where, zone)),
    )


def _months(session: Session, where: Sequence[ColumnElement[bool]], zone: ZoneInfo) -> Iterator[FacetCount]:
    """Uses by month of the organisation's zone, the last ones. One pass over the rows."""
    newest = session.scalar(select(func.max(SealRecord.sealed_at)).where(*where))
    if newest is None:
        return
    last = newest.astimezone(zone)
    place = last.year * 12 + last.month - 1
    names = {n: f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(place, place - MONTHS, -1)}
    begins = [(SealRecord.sealed_at >= datetime(n // 12, n % 12 + 1, 1, tzinfo=zone), n) for n in names]
    month = case(*begins, else_=None)
    rows = session.execute(select(month.label("month"), func.count()).where(*where).group_by(month)).all()
    counted = {number: count for number, count in rows if number is not None}
    for number in sorted(counted):
        yield FacetCount(names[number], names[number], counted[number])


def _ranked(rows: Sequence[Row[UUID, str, int]]) -> tuple[FacetCount, ...]:
    counts = [FacetCount(str(thing), name, count) for thing, name, count in rows]
    return tuple(sorted(counts, key=lambda one: (-one.count, one.label)))


def _narrowed(counts: Sequence[FacetCount], chosen: UUID | None) -> tuple[FacetCount, ...]:
    """A facet is counted under all filters but its own; a total is counted under that too."""
    return tuple(count for count in counts if chosen is None or count.value == str(chosen))

"""The register of seal uses 用印登记簿: read through permissions, in the order of the paper register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, or_, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import Department, Person
from core.permissions import Principal, ResourceType, readable
from signing import by_hand
from signing.models import Seal, SealRecord, UseKind


@dataclass(frozen=True)
class RegisterFilter:
    """What the register is narrowed by; instants are aware, ``until`` is exclusive.

    ``person_id`` takes part: as applicant, approver, keeper, or second person of a correction.
    """

    seal_id: UUID | None = None
    department_id: UUID | None = None
    person_id: UUID | None = None
    case_id: UUID | None = None
    document_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: UseKind | None = None
    is_open: bool = False  # only uses by hand whose scan has not come


@dataclass(frozen=True)
class RegisterEntry:
    """One line of the register with the names a person reads.

    ``corrects`` is the number of the line that a correction names; ``is_corrected`` tells that later
    lines correct this one; ``is_open`` that the scan of a stamped page has not come.
    """

    record: SealRecord
    seal_name: str
    applicant: str
    keeper: str
    department: str
    approvers: tuple[str, ...]
    second: str | None = None
    corrects: str | None = None
    is_corrected: bool = False
    is_open: bool = False

    @property
    def number(self) -> str:
        """Number within seal and year, such as 2026-0007."""
        return number_of(self.record)

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """What a correction changes: column, before, after."""
        found = self.record.changes or {}
        return [(name, one["before"], one["after"]) for name, one in found.items()]


def number_of(record: SealRecord) -> str:
    """Number within seal and year, such as 2026-0007."""
    return f"{record.year}-{record.number:04d}"


def entries(
    session: Session,
    principal: Principal,
    wanted: RegisterFilter,
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[RegisterEntry]:
    """Register lines, newest first; ``before`` is the id of the last line of the page before."""
    query = select(SealRecord).where(*conditions(principal, wanted))
    if before is not None:
        last = session.get(SealRecord, before)
        if last is not None:
            query = query.where(
                or_(
                    SealRecord.sealed_at < last.sealed_at,
                    (SealRecord.sealed_at == last.sealed_at) & (SealRecord.id < last.id),
                )
            )
    rows = session.scalars(
        query.order_by(SealRecord.sealed_at.desc(), SealRecord.id.desc()).limit(limit)
    ).all()
    return _with_names(session, list(rows))


def entries_of(session: Session, principal: Principal, ids: Sequence[UUID]) -> list[RegisterEntry]:
    """Those of these lines that the person may see, in the order of the ids."""
    condition = readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)
    rows = session.scalars(select(SealRecord).where(SealRecord.id.in_(ids), condition)).all()
    places = {record_id: place for place, record_id in enumerate(ids)}
    return _with_names(session, sorted(rows, key=lambda row: places[row.id]))


def count(session: Session, principal: Principal, wanted: RegisterFilter) -> int:
    """How many lines there are."""
    query = select(func.count()).select_from(SealRecord).where(*conditions(principal, wanted))
    return session.scalar(query) or 0


def entry(session: Session, principal: Principal, record_id: UUID) -> RegisterEntry:
    """One line. Raises NotFound, also when it may not be seen."""
    condition = readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)
    row = session.scalar(select(SealRecord).where(SealRecord.id == record_id, condition))
    if row is None:
        raise NotFound(what="seal_record")
    return _with_names(session, [row])[0]


def with_corrections(session: Session, principal: Principal, record_id: UUID) -> list[RegisterEntry]:
    """A line and its corrections, in their order; for a correction, those of the line that it names.

    Raises NotFound.
    """
    row = entry(session, principal, record_id).record
    original = row if row.corrects_id is None else session.get_one(SealRecord, row.corrects_id)
    condition = readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)
    rows = session.scalars(
        select(SealRecord)
        .where(or_(SealRecord.id == original.id, SealRecord.corrects_id == original.id), condition)
        .order_by(SealRecord.sealed_at, SealRecord.id)
    ).all()
    return _with_names(session, list(rows))


def conditions(principal: Principal, wanted: RegisterFilter) -> list[ColumnElement[bool]]:
    """The SQL conditions of a filter, and of what the person may see."""
    found: list[ColumnElement[bool]] = [readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)]
    for column, value in (
        (SealRecord.seal_id, wanted.seal_id),
        (SealRecord.department_id, wanted.department_id),
        (SealRecord.case_id, wanted.case_id),
        (SealRecord.document_id, wanted.document_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.person_id is not None:
        found.append(
            or_(
                SealRecord.applicant_id == wanted.person_id,
                SealRecord.keeper_id == wanted.person_id,
                SealRecord.second_id == wanted.person_id,
                cast(SealRecord.approver_ids, String).contains(str(wanted.person_id)),
            )
        )
    if wanted.kind is not None:
        found.append(SealRecord.kind == wanted.kind)
    if wanted.is_open:
        found.append(by_hand.is_open())
    if wanted.since is not None:
        found.append(SealRecord.sealed_at >= wanted.since)
    if wanted.until is not None:
        found.append(SealRecord.sealed_at < wanted.until)
    return found


def _with_names(session: Session, rows: list[SealRecord]) -> list[RegisterEntry]:
    people = {row.applicant_id for row in rows} | {row.keeper_id for row in rows}
    people |= {UUID(i) for row in rows for i in row.approver_ids}
    people |= {row.second_id for row in rows if row.second_id is not None}
    names = dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all())
    seals = dict(
        session.execute(select(Seal.id, Seal.name).where(Seal.id.in_({row.seal_id for row in rows}))).all()
    )
    departments = dict(
        session.execute(
            select(Department.id, Department.name).where(
                Department.id.in_({row.department_id for row in rows})
            )
        ).all()
    )
    corrected = _corrected(session, rows)
    scanned = {one.record_id for one in by_hand.scans(session, [row.id for row in rows])}
    numbers = _numbers(session, {row.corrects_id for row in rows if row.corrects_id is not None})
    return [
        RegisterEntry(
            row,
            seals[row.seal_id],
            names[row.applicant_id],
            names[row.keeper_id],
            departments[row.department_id],
            tuple(names[UUID(i)] for i in row.approver_ids),
            names[row.second_id] if row.second_id is not None else None,
            numbers[row.corrects_id] if row.corrects_id is not None else None,
            row.id in corrected,
            row.kind == UseKind.PAPER and row.id not in scanned,
        )
        for row in rows
    ]


def _corrected(session: Session, rows: list[SealRecord]) -> set[UUID | None]:
    """Those of the lines that others correct."""
    query = select(SealRecord.corrects_id).where(SealRecord.corrects_id.in_([row.id for row in rows]))
    return set(session.scalars(query))


def _numbers(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    return {
        row.id: number_of(row) for row in session.scalars(select(SealRecord).where(SealRecord.id.in_(ids)))
    }


def entry_or_none(session: Session, principal: Principal, record_id: UUID) -> RegisterEntry | None:
    """One line, or None when there is none that the person may see."""
    try:
        return entry(session, principal, record_id)
    except NotFound:
        return None

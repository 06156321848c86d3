"""The register of seal uses 用印登记簿: read through permissions, in the order of the paper register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import Department, Person
from core.permissions import Principal, ResourceType, readable
from signing.models import Seal, SealRecord


@dataclass(frozen=True)
class RegisterFilter:
    """What the register is narrowed by; instants are aware, ``until`` is exclusive."""

    seal_id: UUID | None = None
    department_id: UUID | None = None
    person_id: UUID | None = None
    case_id: UUID | None = None
    document_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class RegisterEntry:
    """One line of the register with the names a person reads."""

    record: SealRecord
    seal_name: str
    applicant: str
    keeper: str
    department: str
    approvers: tuple[str, ...]

    @property
    def number(self) -> str:
        """Number within seal and year, such as 2026-0007."""
        return f"{self.record.year}-{self.record.number:04d}"


def entries(
    session: Session,
    principal: Principal,
    wanted: RegisterFilter,
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[RegisterEntry]:
    """Register lines, newest first; ``before`` is the id of the last line of the page before."""
    query = select(SealRecord).where(*_conditions(principal, wanted))
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


def count(session: Session, principal: Principal, wanted: RegisterFilter) -> int:
    """How many lines there are."""
    query = select(func.count()).select_from(SealRecord).where(*_conditions(principal, wanted))
    return session.scalar(query) or 0


def entry(session: Session, principal: Principal, record_id: UUID) -> RegisterEntry:
    """One line. Raises NotFound, also when it may not be seen."""
    condition = readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)
    row = session.scalar(select(SealRecord).where(SealRecord.id == record_id, condition))
    if row is None:
        raise NotFound(what="seal_record")
    return _with_names(session, [row])[0]


def _conditions(principal: Principal, wanted: RegisterFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [readable(principal, ResourceType.SEAL_RECORD, SealRecord.id)]
    for column, value in (
        (SealRecord.seal_id, wanted.seal_id),
        (SealRecord.department_id, wanted.department_id),
        (SealRecord.case_id, wanted.case_id),
        (SealRecord.document_id, wanted.document_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.person_id is not None:
        conditions.append(
            or_(SealRecord.applicant_id == wanted.person_id, SealRecord.keeper_id == wanted.person_id)
        )
    if wanted.since is not None:
        conditions.append(SealRecord.sealed_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(SealRecord.sealed_at < wanted.until)
    return conditions


def _with_names(session: Session, rows: list[SealRecord]) -> list[RegisterEntry]:
    people = {row.applicant_id for row in rows} | {row.keeper_id for row in rows}
    people |= {UUID(i) for row in rows for i in row.approver_ids}
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
    return [
        RegisterEntry(
            row,
            seals[row.seal_id],
            names[row.applicant_id],
            names[row.keeper_id],
            departments[row.department_id],
            tuple(names[UUID(i)] for i in row.approver_ids),
        )
        for row in rows
    ]


def entry_or_none(session: Session, principal: Principal, record_id: UUID) -> RegisterEntry | None:
    """One line, or None when there is none that the person may see."""
    try:
        return entry(session, principal, record_id)
    except NotFound:
        return None

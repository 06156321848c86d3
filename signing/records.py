"""How uses of seals are found: by seal, number, subject, people and counterparty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Department, LegalEntity, Person
from search.index import Record, Tag
from signing.models import Seal, SealRecord, UseKind

_KIND_WORDS: Final = {
    UseKind.ELECTRONIC: "电子用印",
    UseKind.PAPER: "线下盖章 physical stamping",
    UseKind.CORRECTION: "更正 correction",
}
"""What a kind of line is found by, in either language."""


def ids(session: Session) -> Iterator[UUID]:
    """Every line of the register."""
    return iter(session.scalars(select(SealRecord.id).order_by(SealRecord.sealed_at)))


def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
    """The search records of some lines of the register."""
    rows = session.execute(
        select(SealRecord, Seal.name, LegalEntity.name, Department.name)
        .join(Seal, Seal.id == SealRecord.seal_id)
        .join(LegalEntity, LegalEntity.id == Seal.entity_id)
        .join(Department, Department.id == SealRecord.department_id)
        .where(SealRecord.id.in_(wanted))
    ).all()
    people = {person for row, *_ in rows for person in _people(row)}
    names = dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all())
    return [
        Record(
            kind="seal_record",
            id=row.id,
            title=f"{seal} {row.year}-{row.number:04d} {row.subject}",
            date=row.sealed_at,
            texts=(
                row.document_title,
                row.counterparty or "",
                _KIND_WORDS[UseKind(row.kind)],
                row.reason or "",
                f"{entity} {department}",
                "、".join(names[person] for person in _people(row)),
            ),
            number=f"{row.year}-{row.number:04d}",
            other_numbers=tuple(
                one for one in (row.case_serial, row.digest_after, row.digest_before) if one is not None
            ),
            seal=Tag(row.seal_id, seal),
            department=Tag(row.department_id, department),
            people=tuple(Tag(person, names[person]) for person in _people(row)),
            related={"case": row.case_id, "document": row.document_id},
        )
        for row, seal, entity, department in rows
    ]


def _people(row: SealRecord) -> list[UUID]:
    people = [row.applicant_id, row.keeper_id, *(UUID(i) for i in row.approver_ids)]
    return list(dict.fromkeys(people if row.second_id is None else [*people, row.second_id]))

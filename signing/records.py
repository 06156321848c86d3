"""How uses of seals are found: by seal, number, subject, people and counterparty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Department, LegalEntity, Person
from search.index import Record, Tag
from search.language import Vocabulary, vocabulary_of
from signing import by_hand
from signing.models import Seal, SealRecord, UseKind

_KIND_WORDS: Final = {
    UseKind.ELECTRONIC: "电子用印",
    UseKind.PAPER: "线下盖章 physical stamping",
    UseKind.CORRECTION: "更正 correction",
}
"""What a kind of line is found by, in either language."""


_KINDS: Final = {
    "seal_record": ("seal record", "seal use", "用印记录", "用印"),
    UseKind.ELECTRONIC: ("electronic", "电子用印"),
    UseKind.PAPER: ("paper", "physical", "线下盖章"),
    UseKind.CORRECTION: ("correction", "更正"),
}
_STATES: Final = {
    "sealed": ("已用印", "已盖章"),
    "corrected": ("已更正",),
    "stamped": ("stamped by hand", "线下盖章"),
    "scan-missing": ("scan missing", "缺扫描件"),
}


def vocabulary(_session: Session) -> Vocabulary:
    """What kinds and states of uses are called in ``kind:`` and ``state:``."""
    return vocabulary_of(_KINDS, _STATES)


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
    corrected = set(
        session.scalars(select(SealRecord.corrects_id).where(SealRecord.corrects_id.in_(wanted))).all()
    )
    scanned = {scan.record_id for scan in by_hand.scans(session, wanted)}
    return [
        Record(
            kind="seal_record",
            id=row.id,
            title=f"{seal} {row.year}-{row.number:04d} {row.subject}",
            date=row.sealed_at,
            texts=tuple(
                filter(None, (row.document_title, _KIND_WORDS[UseKind(row.kind)], row.reason, entity))
            ),
            number=f"{row.year}-{row.number:04d}",
            other_numbers=tuple(
                one for one in (row.case_serial, row.digest_after, row.digest_before) if one is not None
            ),
            subkind=UseKind(row.kind).value,
            state="corrected" if row.id in corrected else "sealed",
            marks=_marks(row, row.id in scanned),
            seal=Tag(row.seal_id, seal),
            department=Tag(row.department_id, department),
            applicant=Tag(row.applicant_id, names[row.applicant_id]),
            people=tuple(Tag(person, names[person]) for person in _people(row)),
            counterparty=row.counterparty,
            related={"case": row.case_id, "document": row.document_id},
        )
        for row, seal, entity, department in rows
    ]


def _marks(row: SealRecord, is_scanned: bool) -> tuple[str, ...]:
    if row.kind != UseKind.PAPER:
        return ()
    return ("stamped",) if is_scanned else ("stamped", "scan-missing")


def _people(row: SealRecord) -> list[UUID]:
    people = [row.applicant_id, row.keeper_id, *(UUID(i) for i in row.approver_ids)]
    return list(dict.fromkeys(people if row.second_id is None else [*people, row.second_id]))

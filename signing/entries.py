"""How a line gets into the register: numbered, bound into the audit trail, readable, findable.

**Encoding, version 2.** An entry is the canonical JSON (``core.audit.canonical``) of
``["vermilion-register", 2, {column: value}]`` with the columns of ``COLUMNS``: ids as text, instants
in UTC to the microsecond. Its salt keeps anybody who holds one entry's proof from guessing another
entry. The SHA-256 of these bytes stands in the payload of the audit entry that is written with it,
and so in the tree. Entries of version 1 are older: their audit entry names number, case and digest.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.permissions import (
    ResourceType,
    grant_access,
    term_department,
    term_entity,
    term_person,
    term_seal,
)
from search.keeping import announce
from signing.models import Seal, SealRecord, UseKind

ENTRY_VERSION: Final = 2
COLUMNS: Final = (
    "id", "version", "salt", "kind", "seal_id", "year", "number", "authorisation_id", "case_id",
    "case_serial", "document_id", "document_title", "digest_before", "digest_after", "placements",
    "copies", "subject", "counterparty", "applicant_id", "department_id", "approver_ids", "keeper_id",
    "sealed_at", "corrects_id",
    "changes", "reason", "second_id", "scan_due_at",
)  # fmt: skip
"""What version 2 holds. A column that is added later needs a new version: the digests stand."""
ACTIONS: Final = {
    UseKind.ELECTRONIC: "seal.applied",
    UseKind.PAPER: "seal.stamped",
    UseKind.CORRECTION: "register.corrected",
}
"""The audit entry of each kind of line."""


def enter(session: Session, row: SealRecord, actor_id: UUID, now: datetime, zone: ZoneInfo) -> SealRecord:
    """Give a new line its number and write it, with everything that belongs to it.

    The seal's row is the lock under which its numbers are given out, so that there is no gap: a
    number is taken in the transaction that uses it. ``zone`` decides which year it is.
    """
    seal = session.scalars(select(Seal).where(Seal.id == row.seal_id).with_for_update()).one()
    row.sealed_at, row.year = now, now.astimezone(zone).year
    last = session.scalar(
        select(func.max(SealRecord.number)).where(SealRecord.seal_id == seal.id, SealRecord.year == row.year)
    )
    row.number, row.version, row.salt = (last or 0) + 1, ENTRY_VERSION, secrets.token_hex(16)
    session.add(row)
    session.flush()
    people = {row.applicant_id, row.keeper_id, *(UUID(one) for one in row.approver_ids)}
    people |= {row.second_id} if row.second_id else set()
    grant_access(
        session,
        ResourceType.SEAL_RECORD,
        row.id,
        [term_seal(seal.id), term_entity(seal.entity_id), term_department(row.department_id)]
        + [term_person(person) for person in people],
    )
    payload: dict[str, Any] = {
        "seal": str(seal.id),
        "number": f"{row.year}-{row.number}",
        "case": row.case_serial,
        "digest": row.digest_after or row.digest_before,
        "entry": digest(row),
    }
    if row.corrects_id is not None:
        payload["corrects"] = str(row.corrects_id)
    audit.record(session, now, actor_id, ACTIONS[row.kind], "seal_record", row.id, payload)
    announce(session, "seal_record", row.id, now)
    if row.corrects_id is not None:  # that one is found as corrected from now on
        announce(session, "seal_record", row.corrects_id, now)
    return row


def encoded(row: SealRecord) -> bytes:
    """The bytes that stand for a line of the register (version 2)."""
    facts = {name: _plain(getattr(row, name)) for name in COLUMNS}
    return audit.canonical(["vermilion-register", ENTRY_VERSION, facts])


def digest(row: SealRecord) -> str:
    """SHA-256 of ``encoded``, as lower-case hex."""
    return hashlib.sha256(encoded(row)).hexdigest()


def is_told(row: SealRecord, payload: dict[str, Any]) -> bool:
    """Whether an audit entry's payload tells of this line as it stands."""
    if row.version >= ENTRY_VERSION:
        return payload.get("entry") == digest(row)
    told = (payload.get("number"), payload.get("case"), payload.get("digest"), payload.get("seal"))
    return told == (f"{row.year}-{row.number}", row.case_serial, row.digest_after, str(row.seal_id))


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value

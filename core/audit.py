"""The audit trail: entries chained by digests, so that a change anywhere shows.

An entry's payload enters the chain as ``SHA-256(salt ‖ canonical JSON)``. Erasing payload and salt
later (personal data) leaves the digest, and so the chain, whole.

Entries are gathered during a transaction and written just before it commits, so that the one row
they all meet at (the head) is locked for a moment only.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from core.database import BEFORE_COMMIT, insert_unless_there, table_of
from core.models import AuditEntry, AuditHead

FORMAT_VERSION: Final = 1
GENESIS: Final = "0" * 64
_PENDING: Final = "audit_pending"
# Nearly every transaction runs these; building and looking up a statement costs more than running it.
_HEAD: Final = table_of(AuditHead)
_INSERT: Final = insert(table_of(AuditEntry))
_LOCK: Final = (
    update(_HEAD).where(_HEAD.c.id == 1).values(id=1).returning(_HEAD.c.sequence, _HEAD.c.chain_digest)
)
_MOVE: Final = (
    update(_HEAD)
    .where(_HEAD.c.id == 1)
    .values(sequence=bindparam("to_sequence"), chain_digest=bindparam("to_digest"))
)


@dataclass(frozen=True)
class BrokenLink:
    """The first entry that does not fit, and why: ``payload``, ``chain``, ``sequence`` or ``head``."""

    sequence: int
    reason: str


def record(
    session: Session,
    at: datetime,
    actor_id: UUID | None,
    action: str,
    resource_type: str | None = None,
    resource_id: UUID | None = None,
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Note an act in the transaction at hand. ``actor_id`` None is the system itself.

    ``action`` is ``<thing>.<verb>`` such as ``case.submitted``; ``payload`` is plain JSON and never
    holds a secret.
    """
    pending = session.info.setdefault(_PENDING, [])
    if not pending:
        session.info.setdefault(BEFORE_COMMIT, []).append(_write_pending)
    pending.append((at, actor_id, action, resource_type, resource_id, dict(payload or {})))


def _write_pending(session: Session) -> None:
    pending = session.info.pop(_PENDING, [])
    session.flush()
    sequence, chain = _locked_head(session)
    rows = []
    for at, actor_id, action, resource_type, resource_id, payload in pending:
        sequence += 1
        salt = secrets.token_hex(16)
        entry = AuditEntry(
            sequence=sequence, version=FORMAT_VERSION, at=at, actor_id=actor_id, action=action,
            resource_type=resource_type, resource_id=resource_id, salt=salt, payload=payload,
            payload_digest=digest_payload(salt, payload), chain_digest="",
        )  # fmt: skip
        chain = entry.chain_digest = digest_entry(chain, entry)
        rows.append({column.key: getattr(entry, column.key) for column in AuditEntry.__table__.columns})
    session.execute(_INSERT, rows)
    session.execute(_MOVE, {"to_sequence": sequence, "to_digest": chain})


def _locked_head(session: Session) -> tuple[int, str]:
    """Where the chain stands, its row locked."""
    head = session.execute(_LOCK).one_or_none()
    if head is None:  # the first entry there ever is
        insert_unless_there(session, AuditHead, [{"id": 1, "sequence": 0, "chain_digest": GENESIS}])
        head = session.execute(_LOCK).one()
    return head.sequence, head.chain_digest


def digest_payload(salt: str, payload: Mapping[str, Any]) -> str:
    """SHA-256 over the salt and the payload's canonical JSON, as lower-case hex."""
    return hashlib.sha256(salt.encode() + canonical(payload)).hexdigest()


def digest_entry(previous: str, entry: AuditEntry) -> str:
    """The chain digest of an entry, given that of the entry before it."""
    return hashlib.sha256(link(previous, entry)).hexdigest()


def link(previous: str, entry: AuditEntry) -> bytes:
    """The bytes that an entry's chain digest is taken of: also its leaf in the tree (core.audit_tree).

    They hold no payload, only the digest over salt and payload, so that erasing changes nothing.
    """
    facts = [
        entry.version, entry.sequence, previous, entry.at.isoformat(timespec="microseconds"),
        str(entry.actor_id) if entry.actor_id else None, entry.action, entry.resource_type,
        str(entry.resource_id) if entry.resource_id else None, entry.payload_digest,
    ]  # fmt: skip
    return canonical(facts)


def canonical(value: object) -> bytes:
    """One byte form for one JSON value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def verify(session: Session) -> BrokenLink | None:
    """Walk the whole chain; None when every entry fits."""
    previous, expected = GENESIS, 1
    for entry in entries(session):
        if entry.sequence != expected:
            return BrokenLink(expected, "sequence")
        if (
            entry.payload is not None
            and digest_payload(entry.salt or "", entry.payload) != entry.payload_digest
        ):
            return BrokenLink(entry.sequence, "payload")
        if digest_entry(previous, entry) != entry.chain_digest:
            return BrokenLink(entry.sequence, "chain")
        previous, expected = entry.chain_digest, expected + 1
    head = session.get(AuditHead, 1)
    if head is not None and (head.sequence != expected - 1 or head.chain_digest != previous):
        return BrokenLink(expected, "head")
    return None


def entries(session: Session, after: int = 0) -> Iterator[AuditEntry]:
    """All entries in order, read in slices."""
    while True:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.sequence > after).order_by(AuditEntry.sequence).limit(1000)
        ).all()
        yield from rows
        if not rows:
            return
        after = rows[-1].sequence
        session.expunge_all()


def entry_line(entry: AuditEntry) -> str:
    """An entry as one JSON line, with everything that others need to check the chain."""
    facts = {
        "sequence": entry.sequence,
        "version": entry.version,
        "at": entry.at.isoformat(timespec="microseconds"),
        "actor": str(entry.actor_id) if entry.actor_id else None,
        "action": entry.action,
        "resource_type": entry.resource_type,
        "resource_id": str(entry.resource_id) if entry.resource_id else None,
        "salt": entry.salt,
        "payload": entry.payload,
        "payload_digest": entry.payload_digest,
        "chain_digest": entry.chain_digest,
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)

"""The Merkle tree over the audit trail: leaf n is entry n + 1, in the bytes that its link is taken of.

It is kept as tiles (core.merkle) and grows behind the trail: nothing here lies in the way of the
transactions that write entries. What the tree took in once is never taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit, merkle
from core.database import Database, insert_unless_there
from core.errors import VermilionError
from core.models import AuditEntry, AuditTile, AuditTree

LEAF_VERSION: Final = 1
_SLICE: Final = 2048


class AuditTrailBroken(VermilionError):
    """The trail does not hold together, so nothing is stated about it. Context: ``sequence``."""

    code = "audit-trail-broken"
    status = 500


def leaf(previous: str, entry: AuditEntry) -> bytes:
    """Leaf hash of an entry, given the chain digest of the one before it."""
    return merkle.leaf_hash(audit.link(previous, entry))


def size(session: Session) -> int:
    """How many entries the tree holds."""
    return session.scalar(select(AuditTree.size)) or 0


def nodes(session: Session) -> merkle.Nodes:
    """The kept tree."""
    return merkle.nodes_of_tiles(lambda level, position: _tile(session, level, position))


def _tile(session: Session, level: int, position: int) -> bytes:
    found = session.scalar(
        select(AuditTile.hashes).where(AuditTile.level == level, AuditTile.position == position)
    )
    return found or b""


def grow(database: Database) -> int:
    """Take in the entries that came since, a slice at a time. Returns the tree's size.

    Opens its own transactions. Raises AuditTrailBroken at the first entry that does not fit.
    """
    while True:
        with database.read() as session:
            before = size(session)
            leaves = _leaves(session, before)
            changed = merkle.appended(lambda level, at: _tile(session, level, at), before, leaves)
        if not leaves:
            return before
        with database.write() as session:
            _take_in(session, before, before + len(leaves), changed)


def _leaves(session: Session, before: int) -> list[bytes]:
    """Leaf hashes of the next entries, each compared with its chain digest."""
    rows = session.scalars(
        select(AuditEntry).where(AuditEntry.sequence > before).order_by(AuditEntry.sequence).limit(_SLICE)
    ).all()
    previous = audit.GENESIS
    if before and rows:
        last = session.get(AuditEntry, before)
        if last is None:
            raise AuditTrailBroken(sequence=before)
        previous = last.chain_digest
    found = []
    for expected, row in enumerate(rows, start=before + 1):
        data = audit.link(previous, row)
        if row.sequence != expected or hashlib.sha256(data).hexdigest() != row.chain_digest:
            raise AuditTrailBroken(sequence=expected)
        found.append(merkle.leaf_hash(data))
        previous = row.chain_digest
    return found


def _take_in(session: Session, before: int, after: int, changed: Mapping[tuple[int, int], bytes]) -> None:
    """Write the tiles, unless somebody else took the same entries in meanwhile."""
    insert_unless_there(session, AuditTree, [{"id": 1, "size": 0}])
    moved = session.execute(update(AuditTree).where(AuditTree.size == before).values(size=after))
    if not moved.rowcount:  # type: ignore[attr-defined]
        return
    for (level, position), hashes in changed.items():
        tile = {"level": level, "position": position, "hashes": hashes}
        if not insert_unless_there(session, AuditTile, [tile]):
            session.execute(
                update(AuditTile)
                .where(AuditTile.level == level, AuditTile.position == position)
                .values(hashes=hashes)
            )

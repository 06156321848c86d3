"""Tree heads: made every hour when something happened, signed, time-stamped, and handed out.

A head states how many audit entries there were and the root of the tree over them. Once one has
left for a place that the operator cannot rewrite, nobody can change what came before it unseen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, audit_tree, merkle, outbox
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import NotFound
from core.models import AuditEntry
from core.settings import Settings
from signing.authority import Authority
from signing.entries import ACTIONS
from signing.errors import TimestampUnavailable
from signing.heads import NO_PREVIOUS, Head, SignedHead, parse
from signing.register_models import HeadDelivery, TreeHead
from signing.targets import labels
from signing.timestamp import stamped

AT_LEAST_EVERY: Final = timedelta(days=1)
"""A head is made after this even if nothing happened: that the clock went on is a statement too."""
DELIVER: Final = "signing.deliver_head"


@dataclass(frozen=True)
class Inclusion:
    """That an entry is in the tree of a size. Hashes are lower-case hex, the path from the leaf up."""

    sequence: int
    size: int
    leaf: str
    path: tuple[str, ...]
    root: str


@dataclass(frozen=True)
class Consistency:
    """That the tree of one size is the beginning of a later one."""

    first: int
    second: int
    first_root: str
    second_root: str
    path: tuple[str, ...]


class Transparency:
    """Makes heads and proofs. Opens its own transactions where it makes something."""

    def __init__(self, database: Database, authority: Authority, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._authority = authority
        self._clock = clock
        self._settings = settings

    @property
    def origin(self) -> str:
        """How this installation is called in its heads."""
        parts = urlsplit(self._settings.effective_public_url)
        return f"{parts.netloc}{parts.path}".rstrip("/")

    def make_head(self) -> TreeHead | None:
        """Make a head when entries came since the last one, or a day has passed; else None.

        Raises AuditTrailBroken, AuthorityNotReady, TimestampUnavailable: a head is never made without
        its time-stamp.
        """
        size = audit_tree.grow(self._database)
        now = self._clock.now()
        with self._database.read() as session:
            last = newest(session)
            if size == 0 or (last and last.size >= size and now - last.at < AT_LEAST_EVERY):
                return None
            root = merkle.root(audit_tree.nodes(session), size).hex()
        number, previous = (last.number + 1, signed(last).digest) if last else (1, NO_PREVIOUS)
        body = Head(self.origin, number, size, root, now, previous).body()
        key = self._authority.service_key()
        signature = key.template.sign(hashlib.sha256(body.encode()).digest(), at=now)
        stamper = self._authority.timestamper()
        if stamper is None:
            raise TimestampUnavailable(reason="none answers")
        token = stamped(stamper, hashlib.sha256(signature).digest(), "sha256")
        row = {
            "number": number, "size": size, "root": root, "at": now, "body": body, "signature": signature,
            "token": token,
        }  # fmt: skip
        with self._database.write() as session:
            if not insert_unless_there(session, TreeHead, [row]):  # another process was first
                return session.get(TreeHead, number)
            for label in labels(self._settings.head_targets):
                insert_unless_there(
                    session, HeadDelivery, [{"head_number": number, "target": label, "tries": 0}]
                )
                payload = {"head": number, "target": label}
                outbox.enqueue(session, DELIVER, payload, now, key=f"{DELIVER}:{number}:{label}")
            return session.get(TreeHead, number)

    def head_over(self, sequence: int) -> TreeHead:
        """The first head whose tree holds the entry; one is made when there is none yet. Raises NotFound."""
        with self._database.read() as session:
            found = first_over(session, sequence)
        if found is None:
            self.make_head()
            with self._database.read() as session:
                found = first_over(session, sequence)
        if found is None:
            raise NotFound(what="tree_head")
        return found


def signed(row: TreeHead) -> SignedHead:
    """A stored head as it is handed out."""
    return SignedHead(row.body, row.signature, row.token)


def newest(session: Session) -> TreeHead | None:
    """The last head, if there is one."""
    return session.scalar(select(TreeHead).order_by(TreeHead.number.desc()).limit(1))


def first_over(session: Session, sequence: int) -> TreeHead | None:
    """The first head whose tree holds an entry."""
    return session.scalar(
        select(TreeHead).where(TreeHead.size >= sequence).order_by(TreeHead.number).limit(1)
    )


def head(session: Session, number: int) -> TreeHead:
    """A head by its number. Raises NotFound."""
    found = session.get(TreeHead, number)
    if found is None:
        raise NotFound(what="tree_head")
    return found


def heads(session: Session, *, before: int | None = None, limit: int = 50) -> list[TreeHead]:
    """Heads, newest first; ``before`` is the number of the last one of the page before."""
    query = select(TreeHead).order_by(TreeHead.number.desc()).limit(limit)
    return list(session.scalars(query if before is None else query.where(TreeHead.number < before)))


def deliveries(session: Session, number: int) -> list[HeadDelivery]:
    """Where a head was sent, or will be."""
    query = select(HeadDelivery).where(HeadDelivery.head_number == number).order_by(HeadDelivery.target)
    return list(session.scalars(query))


@dataclass(frozen=True)
class DeliveryTrouble:
    """A place that a head did not reach: how many heads wait, since which, and why."""

    target: str
    waiting: int
    first: int
    error: str


def troubles(session: Session, configured: str) -> list[DeliveryTrouble]:
    """The configured places whose newest try failed and that got no later head."""
    found = []
    for label in labels(configured):
        reached = session.scalar(
            select(func.max(HeadDelivery.head_number)).where(
                HeadDelivery.target == label, HeadDelivery.sent_at.is_not(None)
            )
        )
        late = session.scalars(
            select(HeadDelivery)
            .where(
                HeadDelivery.target == label,
                HeadDelivery.sent_at.is_(None),
                HeadDelivery.head_number > (reached or 0),
            )
            .order_by(HeadDelivery.head_number)
        ).all()
        failed = [one for one in late if one.error]
        if failed:
            error = failed[-1].error or ""
            found.append(DeliveryTrouble(label, len(late), late[0].head_number, error))
    return found


def inclusion(session: Session, sequence: int, size: int | None = None) -> Inclusion:
    """Proof that an entry is in the tree of ``size`` entries, else in that of the newest head.

    Raises NotFound for an entry or a size that no head states.
    """
    if size is None:
        last = newest(session)
        size = last.size if last else 0
    if not 0 < sequence <= size or size > audit_tree.size(session):
        raise NotFound(what="tree_head")
    nodes = audit_tree.nodes(session)
    path = merkle.inclusion_proof(nodes, sequence - 1, size)
    return Inclusion(
        sequence, size, leaf_of(session, sequence).hex(), _hex(path), merkle.root(nodes, size).hex()
    )


def consistency(session: Session, first: int, second: int) -> Consistency:
    """Proof that the tree of ``first`` entries begins that of ``second``. Raises NotFound."""
    if not 0 < first <= second or second > audit_tree.size(session):
        raise NotFound(what="tree_head")
    nodes = audit_tree.nodes(session)
    path = merkle.consistency_proof(nodes, first, second)
    before, after = (merkle.root(nodes, one).hex() for one in (first, second))
    return Consistency(first, second, before, after, _hex(path))


def leaf_of(session: Session, sequence: int) -> bytes:
    """Leaf hash of an entry as it stands in the trail now. Raises NotFound."""
    return merkle.leaf_hash(link_of(session, sequence))


def link_of(session: Session, sequence: int) -> bytes:
    """The leaf itself: the bytes of ``core.audit.link``. Raises NotFound."""
    entry = session.get(AuditEntry, sequence)
    before = session.get(AuditEntry, sequence - 1) if sequence > 1 else None
    if entry is None or (sequence > 1 and before is None):
        raise NotFound(what="audit_entry")
    return audit.link(before.chain_digest if before else audit.GENESIS, entry)


def _hex(path: list[bytes]) -> tuple[str, ...]:
    return tuple(step.hex() for step in path)


def sequence_of_record(session: Session, record_id: UUID) -> int:
    """The audit entry that tells of a line of the register. Raises NotFound."""
    found = session.scalar(
        select(AuditEntry.sequence)
        .where(
            AuditEntry.resource_type == "seal_record",
            AuditEntry.resource_id == record_id,
            AuditEntry.action.in_(sorted(set(ACTIONS.values()))),
        )
        .order_by(AuditEntry.sequence)
        .limit(1)
    )
    if found is None:
        raise NotFound(what="audit_entry")
    return found


@dataclass(frozen=True)
class Proof:
    """Everything that shows an entry to have stood in the trail when a head was made.

    ``link`` is the leaf itself; ``consistency`` leads from the head before, where there is one.
    """

    entry: AuditEntry
    link: bytes
    head: TreeHead
    inclusion: Inclusion
    previous: TreeHead | None
    consistency: Consistency | None

    def to_json(self) -> dict[str, Any]:
        """Plain values, for the command line and the API."""
        inclusion, consistency = self.inclusion, self.consistency
        return {
            "entry": json.loads(audit.entry_line(self.entry)),
            "leaf_data": self.link.decode(),
            "leaf_hash": inclusion.leaf,
            "leaf_index": inclusion.sequence - 1,
            "inclusion": list(inclusion.path),
            "head": json.loads(signed(self.head).to_file()),
            "previous_head": json.loads(signed(self.previous).to_file()) if self.previous else None,
            "consistency": list(consistency.path) if consistency else None,
        }


def proof(session: Session, sequence: int) -> Proof:
    """The proof of an entry against the first head over it. Raises NotFound where there is none yet."""
    over = first_over(session, sequence)
    entry = session.get(AuditEntry, sequence)
    if over is None or entry is None:
        raise NotFound(what="tree_head")
    before = session.get(TreeHead, over.number - 1)
    return Proof(
        entry,
        link_of(session, sequence),
        over,
        inclusion(session, sequence, over.size),
        before,
        consistency(session, before.size, over.size) if before else None,
    )


def stated(row: TreeHead) -> Head:
    """What a stored head states."""
    return parse(row.body)


class Proofs:
    """Many inclusion proofs against one tree; each tile is read once."""

    def __init__(self, session: Session, size: int) -> None:
        self._nodes = audit_tree.nodes(session)
        self._size = size

    def inclusion(self, sequence: int) -> list[bytes]:
        """The path of an entry, from the leaf up."""
        return merkle.inclusion_proof(self._nodes, sequence - 1, self._size)

"""What was signed while no time-stamp authority answered, until it has its time-stamp.

A row names the signed state by its digest; the room that keeps versions finds the document by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database, insert_unless_there
from signing.models import WaitingTimestamp

ABANDONED: Final = timedelta(days=2)
"""A signed state that no version keeps by then was given up by whoever made it."""


@dataclass(frozen=True)
class Waiting:
    """How many signed states wait, since when, and what the authorities said last."""

    count: int
    since: datetime | None
    reason: str | None


class WaitingTimestamps:
    """The list."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, digest: str, field: str, reason: str) -> None:
        """List a signed PDF, by its SHA-256, that has no time-stamp. Opens its own transaction."""
        row = {
            "digest": digest,
            "since": self._clock.now(),
            "field": field[:200],
            "reason": reason[:300],
            "tries": 0,
        }
        with self._database.write() as session:
            insert_unless_there(session, WaitingTimestamp, [row])

    def open(self, session: Session, limit: int = 200) -> Sequence[WaitingTimestamp]:
        """What waits, oldest first."""
        return session.scalars(
            select(WaitingTimestamp)
            .where(WaitingTimestamp.finished_at.is_(None))
            .order_by(WaitingTimestamp.since, WaitingTimestamp.digest)
            .limit(limit)
        ).all()

    def summary(self, session: Session) -> Waiting:
        """What the health page says."""
        count, since = session.execute(
            select(func.count(), func.min(WaitingTimestamp.since)).where(
                WaitingTimestamp.finished_at.is_(None)
            )
        ).one()
        last = session.scalar(
            select(WaitingTimestamp.reason)
            .where(WaitingTimestamp.finished_at.is_(None))
            .order_by(WaitingTimestamp.since.desc())
            .limit(1)
        )
        return Waiting(count, since, last)

    def finish(self, session: Session, digests: Sequence[str], by: str | None) -> None:
        """These have their time-stamp now, in the state of digest ``by``; None: nobody kept them."""
        now = self._clock.now()
        for row in session.scalars(
            select(WaitingTimestamp)
            .where(WaitingTimestamp.digest.in_(digests), WaitingTimestamp.finished_at.is_(None))
            .with_for_update()
        ):
            row.finished_at, row.finished_digest = now, by
            audit.record(
                session, now, None, "timestamp.finished" if by else "timestamp.abandoned", None, None,
                {"signed": row.digest, "stamped": by, "waited_since": row.since.isoformat()},
            )  # fmt: skip

    def failed(self, session: Session, digests: Sequence[str], reason: str) -> None:
        """Another try that no authority answered."""
        for row in session.scalars(
            select(WaitingTimestamp).where(WaitingTimestamp.digest.in_(digests)).with_for_update()
        ):
            row.tries += 1
            row.reason = reason[:300]


def digest_of(pdf: bytes | Path) -> str:
    """SHA-256 of a PDF in memory or in a file, hex."""
    if isinstance(pdf, bytes):
        return hashlib.sha256(pdf).hexdigest()
    with pdf.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

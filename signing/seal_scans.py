"""Photos and scans of seals: the print is taken out, kept, and a seal may be applied for with it.

What was uploaded and the print both become objects. A print that nobody applied with is given up after a
day; one that somebody did apply with stays, as the application does.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.permissions import Principal
from signing import prints
from signing.drawing import Picture
from signing.models import SealScan
from storage.service import ObjectStore

GIVEN_UP_AFTER: Final = timedelta(days=1)
_HELD: Final = 8
"""Pictures that are held in memory: at most 6 MB each."""


class SealScans:
    """Takes prints in and reads them."""

    def __init__(self, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self.picture = lru_cache(maxsize=_HELD)(self._read)
        """The pixels of a print, by its digest."""

    def take(self, actor: Principal, original: bytes, plain: bytes) -> SealScan:
        """Keep an uploaded file and the print that is in it, in transactions of its own.

        ``plain`` is the file as an upright sRGB PNG. The caller has checked that the actor may apply for
        seals. Raises PrintMissing, SeveralPrints, StorageFull, StorageUnavailable.
        """
        from signing.print_taking import take  # numpy is only for who takes a print in

        found = take(plain)
        kept, first = self._store.keep(found.png), self._store.keep(original)
        now = self._clock.now()
        row = SealScan(
            digest=kept.digest,
            original_digest=first.digest,
            width=found.width,
            height=found.height,
            made_by=actor.person_id,
            made_at=now,
        )
        with self._database.write() as session:
            self._store.adopt(session, kept.digest)
            self._store.adopt(session, first.digest)
            session.add(row)
            session.flush()
            facts = {"digest": kept.digest, "original": first.digest}
            audit.record(session, now, actor.person_id, "seal.scanned", "seal_scan", row.id, facts)
        return row

    def own(self, session: Session, actor: Principal, digest: str) -> SealScan:
        """The newest print of this digest that the actor took in. Raises NotFound."""
        found = session.scalars(
            select(SealScan)
            .where(SealScan.digest == digest, SealScan.made_by == actor.person_id)
            .order_by(SealScan.id.desc())
            .limit(1)
        ).one_or_none()
        if found is None:
            raise NotFound(what="seal_scan")
        return found

    def tidy(self, session: Session) -> int:
        """Give up the prints that nobody applied with. Returns how many there were."""
        before = self._clock.now() - GIVEN_UP_AFTER
        rows = session.scalars(
            select(SealScan).where(SealScan.change_id.is_(None), SealScan.made_at < before)
        ).all()
        for row in rows:
            self._store.release(session, row.digest)
            self._store.release(session, row.original_digest)
            session.delete(row)
        return len(rows)

    def _read(self, digest: str) -> Picture:
        return prints.picture(self._store.read(digest))


def size_of(session: Session, digest: str) -> tuple[int, int]:
    """Width and height of a print in pixels. Raises NotFound."""
    found = session.execute(
        select(SealScan.width, SealScan.height).where(SealScan.digest == digest).limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound(what="seal_scan")
    return found.width, found.height


def used_with(session: Session, scan_id: UUID, change_id: UUID) -> None:
    """Somebody applied with the print: it stays."""
    row = session.get_one(SealScan, scan_id)
    row.change_id = row.change_id or change_id

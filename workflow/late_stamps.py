"""Time-stamps that come late: for what was signed while no time-stamp authority answered.

The document time-stamp over the newest state covers all signatures below it. It is a version of its
own, added by compare-and-swap; whoever looks at the sheet meanwhile need not look again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database
from core.errors import VermilionError
from ingest.errors import VersionConflict
from ingest.models import Version, VersionReason
from ingest.service import IngestService
from search.keeping import announce
from signing.errors import TimestampUnavailable
from signing.models import SealAuthorisation, SealRecord
from signing.service import SigningService
from signing.timestamps.waiting import ABANDONED
from storage.service import ObjectStore

log = structlog.get_logger()
_AT_ONCE: Final = 200


@dataclass(frozen=True)
class _Wanted:
    document_id: UUID
    number: int
    digest: str
    waiting: tuple[str, ...]  # the signed states that the time-stamp settles


class LateStamps:
    """Finishes what waits. Harmless when repeated."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._signing = signing
        self._clock = clock

    def run(self) -> int:
        """Stamp what waits, until an authority fails again. Returns how many documents were stamped."""
        wanted = self._wanted()
        if wanted:
            self._signing.authority.stampers.outside.wake()
        done = 0
        for one in wanted:
            try:
                pdf = self._signing.add_evidence(self._store.read(one.digest))
            except TimestampUnavailable as error:
                self._note_failure(one, str(error.context.get("reason", "")))
                break  # the others would fail the same way, each after its time-out
            except VermilionError as error:
                self._note_failure(one, error.code)
                log.warning("late_timestamp_failed", document=str(one.document_id), code=error.code)
                continue
            done += self._keep(one, pdf)
        return done

    def _wanted(self) -> list[_Wanted]:
        """The documents whose newest state is, or follows, one that waits."""
        now, found = self._clock.now(), []
        with self._database.write() as session:
            rows = self._signing.waiting.open(session, _AT_ONCE)
            waiting = {row.digest for row in rows}
            documents = session.execute(
                select(Version.document_id, Version.digest).where(Version.digest.in_(waiting))
            ).all()
            kept = {row.digest for row in documents}
            lost = [row.digest for row in rows if row.digest not in kept and now - row.since > ABANDONED]
            self._signing.waiting.finish(session, lost, None)
            by_document: dict[UUID, set[str]] = {}
            for document_id, digest in documents:
                by_document.setdefault(document_id, set()).add(digest)
            for document_id, digests in sorted(by_document.items()):
                current = self._ingest.current(session, document_id)
                if current.reason == VersionReason.TIMESTAMPED:
                    self._signing.waiting.finish(session, sorted(digests), current.digest)
                elif not self._awaits_its_seal(session, current.digest):
                    found.append(_Wanted(document_id, current.number, current.digest, tuple(sorted(digests))))
        return found

    def _awaits_its_seal(self, session: Session, digest: str) -> bool:
        """Whether a seal was authorised for exactly this state: another one would undo that."""
        used = exists().where(SealRecord.authorisation_id == SealAuthorisation.id)
        found = session.scalar(
            select(SealAuthorisation.id)
            .where(
                SealAuthorisation.digest == digest,
                SealAuthorisation.revoked_at.is_(None),
                SealAuthorisation.expires_at > self._clock.now(),
                ~used,
            )
            .limit(1)
        )
        return found is not None

    def _keep(self, one: _Wanted, pdf: bytes) -> int:
        kept = self._store.keep(pdf)
        try:
            with self._database.write() as session:
                self._ingest.add_version(
                    session,
                    one.document_id,
                    expected=one.number,
                    kept=kept,
                    reason=VersionReason.TIMESTAMPED,
                    made_by=None,
                )
                announce(session, "document", one.document_id, self._clock.now())
                self._signing.waiting.finish(session, one.waiting, kept.digest)
        except VersionConflict:  # somebody signed meanwhile; the next round stamps that
            return 0
        return 1

    def _note_failure(self, one: _Wanted, reason: str) -> None:
        with self._database.write() as session:
            self._signing.waiting.failed(session, one.waiting, reason)

"""Evidence is renewed before it ends: a new document time-stamp over the last, as long as papers are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.errors import VermilionError
from core.outbox import Job
from core.settings import Settings
from ingest.models import Document, Version, VersionReason
from ingest.service import IngestService
from signing.lasting import newest_stamp
from storage.service import ObjectStore
from workflow.evidence import Evidence, note_stamp
from workflow.models import LastingPaper

_AT_ONCE: Final = 500
"""Papers that one look gives out; the next look finds the rest."""


@dataclass(frozen=True)
class Outlook:
    """How the archive's evidence stands: papers, the first end, and how many need a later authority."""

    papers: int
    ends_first: datetime | None
    due: int
    stuck: int


class Renewal:
    """Finds papers whose time-stamp nears its end, and stamps them anew. Harmless when repeated."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        evidence: Evidence,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._evidence = evidence
        self._clock = clock
        self._early = timedelta(days=settings.renew_evidence_days)

    def find(self) -> int:
        """Give out the renewals that are due; how many. Papers of an older release are looked at first."""
        self._look_at_unknown()
        now = self._clock.now()
        with self._database.write() as session:
            due = session.scalars(
                select(LastingPaper.document_id)
                .where(LastingPaper.holds_until < now + self._early)
                .order_by(LastingPaper.holds_until)
                .limit(_AT_ONCE)
            ).all()
            for document_id in due:
                outbox.enqueue(
                    session,
                    "workflow.renew_evidence",
                    {"document_id": str(document_id)},
                    now,
                    key=f"workflow.renew_evidence:{document_id}",
                )
        return len(due)

    def _look_at_unknown(self) -> None:
        newest = (
            select(Version.document_id, func.max(Version.number).label("number"))
            .group_by(Version.document_id)
            .subquery()
        )
        with self._database.read() as session:
            unknown = session.execute(
                select(Version.document_id, Version.digest)
                .join(
                    newest,
                    (newest.c.document_id == Version.document_id) & (newest.c.number == Version.number),
                )
                .join(Document, Document.id == Version.document_id)
                .outerjoin(LastingPaper, LastingPaper.document_id == Version.document_id)
                .where(Version.reason == VersionReason.TIMESTAMPED, LastingPaper.document_id.is_(None))
                .limit(_AT_ONCE)
            ).all()
        for document_id, digest in unknown:
            with self._store.copied(digest) as path:
                stamped = newest_stamp(path)
            if stamped is not None:
                with self._database.write() as session:
                    note_stamp(session, document_id, digest, stamped)

    def renew(self, document_id: UUID, job: Job | None = None) -> bool:
        """Put a new time-stamp over a paper. False when the authority's own certificate ends no later.

        Then nothing is changed but the note that says so. Raises SigningRefused, AuthorityNotReady.
        """
        with self._database.read() as session:
            row = session.get_one(LastingPaper, document_id)
            if row.holds_until >= self._clock.now() + self._early:
                return True  # a job that came twice
            current = self._ingest.current(session, document_id)
        try:
            kept, stamped = self._evidence.lasting(current.digest)
        except VermilionError as error:
            self._note(document_id, str(error))
            raise
        if stamped.holds_until <= row.holds_until:
            self._note(document_id, "no-later-authority")
            return False
        with self._database.write() as session:
            self._evidence.enter(session, document_id, current.number, kept, stamped)
            audit.record(
                session,
                self._clock.now(),
                None,
                "document.evidence_renewed",
                "document",
                document_id,
                {"before": row.holds_until.isoformat(), "until": stamped.holds_until.isoformat()},
            )
            if job is not None:
                job.finish(session)
        return True

    def _note(self, document_id: UUID, problem: str) -> None:
        with self._database.write() as session:
            session.get_one(LastingPaper, document_id).problem = problem[:300]

    def outlook(self, session: Session) -> Outlook:
        """Figures for the health page."""
        soon = self._clock.now() + self._early
        papers, first = session.execute(
            select(func.count(), func.min(LastingPaper.holds_until)).select_from(LastingPaper)
        ).one()
        due = session.scalar(select(func.count()).where(LastingPaper.holds_until < soon)) or 0
        stuck = session.scalar(select(func.count()).where(LastingPaper.problem.is_not(None))) or 0
        return Outlook(papers, first, due, stuck)

"""Completion: validation material and a document time-stamp for every paper of a case (B-LTA)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.errors import NotFound, VermilionError
from core.failpoints import reach
from core.models import Role
from core.outbox import Job
from core.permissions import Principal, ResourceType, readable
from ingest.models import VersionReason
from ingest.service import IngestService
from search.keeping import announce
from signing.errors import TimestampUnavailable
from signing.lasting import Stamped, newest_stamp
from signing.service import SigningService
from storage.service import Kept, ObjectStore
from workflow.models import Case, CaseDocument, EvidenceState, LastingPaper
from workflow.states import FINISHED


class Evidence:
    """Makes the papers of finished cases last. Harmless when repeated."""

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

    def add(self, case_id: UUID, job: Job | None = None) -> None:
        """Add what is missing. A failure is noted at the case, where people see it, and raised."""
        reach("evidence.start")
        try:
            made = [(paper, *self.lasting(digest)) for paper, digest in self._papers(case_id)]
        except VermilionError as error:
            self._note_failure(case_id, str(error))
            raise
        except Exception as error:
            self._note_failure(case_id, type(error).__name__)
            raise
        with self._database.write() as session:
            for (document_id, number), kept, stamped in made:
                self.enter(session, document_id, number, kept, stamped)
            self._finish(session, case_id, [document_id for (document_id, _number), *_rest in made])
            if job is not None:
                job.finish(session)
            reach("evidence.before_commit")
        reach("evidence.after_commit")

    def lasting(self, digest: str) -> tuple[Kept, Stamped]:
        """A stored PDF with new evidence, kept but in no version yet. Raises SigningRefused."""
        with self._store.copied(digest) as path:
            self._signing.add_evidence_to_file(path)
            stamped = newest_stamp(path)
            assert stamped is not None, "it was just made"
            return self._store.keep(path), stamped

    def enter(self, session: Session, document_id: UUID, number: int, kept: Kept, stamped: Stamped) -> None:
        """Make a PDF with new evidence the version after ``number``. Raises VersionConflict."""
        self._ingest.add_version(
            session,
            document_id,
            expected=number,
            kept=kept,
            reason=VersionReason.TIMESTAMPED,
            made_by=None,
        )
        note_stamp(session, document_id, kept.digest, stamped)
        announce(session, "document", document_id, self._clock.now())

    def _papers(self, case_id: UUID) -> list[tuple[tuple[UUID, int], str]]:
        """Sheets, and documents signed or sealed in place, whose newest version lacks evidence."""
        with self._database.read() as session:
            case = session.get(Case, case_id)
            # A time-stamp that came late is no evidence yet; that of a finished case is.
            wanted_reasons = {VersionReason.CERTIFIED, VersionReason.SIGNED, VersionReason.SEALED}
            if case is not None and case.evidence_state != EvidenceState.DONE:
                wanted_reasons.add(VersionReason.TIMESTAMPED)
            ids = session.scalars(
                select(CaseDocument.document_id).where(
                    CaseDocument.case_id == case_id, CaseDocument.is_signed_in_place
                )
            ).all()
            wanted = []
            for document_id in sorted(set(ids)):
                current = self._ingest.current(session, document_id)
                if current.reason in wanted_reasons:
                    wanted.append((document_id, current.number, current.digest))
        return [((document_id, number), digest) for document_id, number, digest in wanted]

    def _finish(self, session: Session, case_id: UUID, made: list[UUID]) -> None:
        case = session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one()
        case.evidence_state, case.evidence_error = EvidenceState.DONE, None
        case.revision += 1
        audit.record(
            session,
            self._clock.now(),
            None,
            "case.evidence_added",
            "case",
            case_id,
            {"documents": [str(document_id) for document_id in made]},
        )

    def _note_failure(self, case_id: UUID, reason: str) -> None:
        with self._database.write() as session:
            case = session.get_one(Case, case_id)
            case.evidence_state, case.evidence_error = EvidenceState.FAILED, reason[:500]
            case.revision += 1

    def retry_stamps(self, session: Session) -> int:
        """Try the cases again whose evidence failed for want of a time-stamp. Returns how many."""
        ids = session.scalars(
            select(Case.id).where(
                Case.state.in_(tuple(FINISHED)),
                Case.evidence_state == EvidenceState.FAILED,
                Case.evidence_error.contains(TimestampUnavailable.code),
            )
        ).all()
        now = self._clock.now()
        for case_id in ids:
            outbox.enqueue(
                session,
                "workflow.add_evidence",
                {"case_id": str(case_id)},
                now,
                key=f"workflow.add_evidence:{case_id}",
            )
        return len(ids)

    def failures(self, session: Session, principal: Principal) -> list[Case]:
        """The finished cases whose papers lack evidence, oldest first, of those the person may see."""
        return list(
            session.scalars(
                select(Case)
                .where(
                    Case.state.in_(tuple(FINISHED)),
                    Case.evidence_state.in_((EvidenceState.FAILED, EvidenceState.PENDING)),
                    readable(principal, ResourceType.CASE, Case.id),
                )
                .order_by(Case.finished_at)
            )
        )

    def retry(self, session: Session, actor: Principal, case_id: UUID) -> None:
        """Try again now; for administrators and archivists."""
        actor.require(Role.ADMINISTRATOR, Role.ARCHIVIST)
        case = session.get(Case, case_id)
        if case is None or case.state not in FINISHED:
            raise NotFound(what="case")
        if case.evidence_state == EvidenceState.FAILED:
            case.evidence_state, case.evidence_error = EvidenceState.PENDING, None
        now = self._clock.now()
        outbox.enqueue(
            session,
            "workflow.add_evidence",
            {"case_id": str(case_id)},
            now,
            key=f"workflow.add_evidence:{case_id}",
        )
        audit.record(session, now, actor.person_id, "case.evidence_retried", "case", case_id)


def note_stamp(session: Session, document_id: UUID, digest: str, stamped: Stamped) -> None:
    """Write down until when a paper's newest document time-stamp holds."""
    row = session.get(LastingPaper, document_id)
    if row is None:
        row = LastingPaper(document_id=document_id)
        session.add(row)
    row.digest, row.stamped_at, row.holds_until = digest, stamped.at, stamped.holds_until
    row.problem = None

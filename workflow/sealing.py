"""The verb *seal*: a keeper's task. All documents of the case are sealed, or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database
from core.errors import NotFound, VermilionError
from core.permissions import Principal
from ingest.errors import VersionConflict
from ingest.models import VersionReason
from ingest.service import IngestService
from ingest.words import Place
from search.keeping import announce
from signing.errors import PlacementMissing
from signing.fields import LooseWish
from signing.models import SealAuthorisation, SealRecord
from signing.placing import MOST_PLACEMENTS, Spot
from signing.sealing import SealedPdf
from signing.service import SigningService
from storage.service import Kept, ObjectStore
from workflow.advancing import Advancing
from workflow.deciding import Deciding, DecisionResult, Ground, check_comment
from workflow.errors import OutcomeNotPossible, StalePage
from workflow.models import CaseState, Outcome
from workflow.places import Places


@dataclass(frozen=True)
class SealPreview:
    """How a sealed document will look (an unsigned PDF), and the areas that the seal takes."""

    pdf: bytes
    spots: tuple[Spot, ...]


@contextmanager
def naming(document_id: UUID) -> Iterator[None]:
    """Say in an error about places which document it is about."""
    try:
        yield
    except VermilionError as error:
        if error.field == "placements":
            error.context.setdefault("document", document_id)
        raise


class CaseSealing:
    """Seals the documents of a case. Opens its own transactions."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        advancing: Advancing,
        deciding: Deciding,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._signing = signing
        self._clock = clock
        self._advancing = advancing
        self._deciding = deciding
        self.places = Places(ingest, signing)

    def seal(
        self,
        principal: Principal,
        task_id: UUID,
        pin: str,
        shown_digest: str,
        placements: Mapping[UUID, Sequence[LooseWish]],
        comment: str = "",
    ) -> DecisionResult:
        """Put the seal on every document that the step names, and sign the sheet as its keeper.

        ``placements`` has the places for each document. Raises what ``decide`` and
        ``SigningService.prepare_seal`` raise; then nothing was changed.
        """
        comment = check_comment(Outcome.SEALED, comment)
        with self._database.read() as session:
            ground = self._deciding.read_ground(session, principal, task_id, shown_digest)
            if ground.step.kind != "seal":
                raise OutcomeNotPossible(field="outcome")
            authorisations = open_authorisations(session, ground.case.id)
            sizes = {
                one.seal_id: self._signing.seal_drawing(session, one.seal_id).size_mm
                for one in authorisations
            }
        for authorisation in authorisations:
            if not placements.get(authorisation.document_id):
                raise PlacementMissing(
                    field="placements", document=authorisation.document_id, most=MOST_PLACEMENTS
                )
        sealed: list[tuple[SealAuthorisation, SealedPdf, Kept]] = []
        for authorisation in authorisations:
            pdf, document_id = self._store.read(authorisation.digest), authorisation.document_id
            with naming(document_id):
                places = self.places.resolve(
                    authorisation.digest, pdf, sizes[authorisation.seal_id], placements[document_id]
                )
                done = self._signing.prepare_seal(
                    principal, pin, authorisation.id, authorisation.digest, pdf, places
                )
            sealed.append((authorisation, done, self._store.keep(done.pdf)))
        signatory = self._signing.unlock(principal.person_id, pin, [shown_digest], "seal")
        sheet = self._store.keep(self._deciding.sign_sheet(ground, signatory, Outcome.SEALED, comment))
        try:
            return self._commit(principal, ground, comment, shown_digest, sealed, sheet)
        except VersionConflict as error:
            raise StalePage() from error

    def authorised(
        self, session: Session, principal: Principal, task_id: UUID, document_id: UUID
    ) -> SealAuthorisation:
        """The unused authorisation for a document of one's own sealing task. Raises NotFound, NotYourTask."""
        ground = self._deciding.read_ground(session, principal, task_id, None)
        for one in open_authorisations(session, ground.case.id):
            if ground.step.kind == "seal" and one.document_id == document_id:
                return one
        raise NotFound(what="document")

    def preview(
        self,
        principal: Principal,
        task_id: UUID,
        document_id: UUID,
        wishes: Sequence[LooseWish],
    ) -> SealPreview:
        """A document of one's own sealing task as it will look, and where the seal goes; nothing is kept.

        Raises NotFound, NotYourTask, and what placing raises.
        """
        with self._database.read() as session:
            authorisation = self.authorised(session, principal, task_id, document_id)
            drawing = self._signing.seal_drawing(session, authorisation.seal_id)
        pdf = self._store.read(authorisation.digest)
        places = self.places.resolve(authorisation.digest, pdf, drawing.size_mm, wishes)
        return SealPreview(
            self._signing.preview_sealed(pdf, drawing, places),
            self._signing.seal_spots(pdf, drawing.size_mm, places),
        )

    def hits(self, principal: Principal, task_id: UUID, document_id: UUID, keyword: str) -> list[Place]:
        """Where words stand in a document of one's own sealing task. Raises NotFound, NotYourTask."""
        with self._database.read() as session:
            authorisation = self.authorised(session, principal, task_id, document_id)
        return self.places.hits(authorisation.digest, keyword)

    def stamp(
        self,
        principal: Principal,
        task_id: UUID,
        pin: str,
        shown_digest: str,
        copies: Mapping[UUID, int],
        comment: str = "",
    ) -> DecisionResult:
        """Do a keeper's task by hand: so many printouts of each document were stamped.

        ``copies`` has a number for each document. The sheet is signed as it is for an electronic use;
        the register says that it was done by hand. Raises what ``decide`` and ``ByHand.record`` raise;
        then nothing was changed.
        """
        comment = check_comment(Outcome.SEALED, comment)
        with self._database.read() as session:
            ground = self._deciding.read_ground(session, principal, task_id, shown_digest)
            if ground.step.kind != "seal":
                raise OutcomeNotPossible(field="outcome")
            self._signing.check_ready(session)
            authorisations = open_authorisations(session, ground.case.id)
        signatory = self._signing.unlock(principal.person_id, pin, [shown_digest], "seal")
        sheet = self._store.keep(self._deciding.sign_sheet(ground, signatory, Outcome.SEALED, comment))
        try:
            with self._database.write() as session:
                case, task = self._deciding.lock(session, ground)
                for one in authorisations:
                    wanted = copies.get(one.document_id, one.copies)
                    self._signing.by_hand.record(session, principal, one.id, wanted)
                decision = self._deciding.record(
                    session, principal, case, task, ground, Outcome.SEALED, comment, shown_digest, sheet
                )
                self._advancing.open_next(session, case, ground.flow, decision.decided_at)
                self._advancing.touch(session, case, decision.decided_at)
                return DecisionResult(decision.id, case.id, CaseState(case.state), sheet.digest)
        except VersionConflict as error:
            raise StalePage() from error

    def _commit(
        self,
        principal: Principal,
        ground: Ground,
        comment: str,
        shown_digest: str,
        sealed: Sequence[tuple[SealAuthorisation, SealedPdf, Kept]],
        sheet: Kept,
    ) -> DecisionResult:
        with self._database.write() as session:
            case, task = self._deciding.lock(session, ground)
            now = self._clock.now()
            for authorisation, done, kept in sealed:
                current = self._ingest.current(session, authorisation.document_id)
                if current.digest != authorisation.digest:
                    raise StalePage()
                self._ingest.add_version(
                    session,
                    authorisation.document_id,
                    expected=current.number,
                    kept=kept,
                    reason=VersionReason.SEALED,
                    made_by=principal.person_id,
                )
                self._signing.record_seal(session, done, kept.digest)
                announce(session, "document", authorisation.document_id, now)
            decision = self._deciding.record(
                session, principal, case, task, ground, Outcome.SEALED, comment, shown_digest, sheet
            )
            self._advancing.open_next(session, case, ground.flow, now)
            self._advancing.touch(session, case, now)
            return DecisionResult(decision.id, case.id, CaseState(case.state), sheet.digest)


def open_authorisations(session: Session, case_id: UUID) -> list[SealAuthorisation]:
    """The unused seal authorisations of a case, in the order of their documents."""
    used = select(SealRecord.authorisation_id).where(SealRecord.case_id == case_id)
    return list(
        session.scalars(
            select(SealAuthorisation)
            .where(
                SealAuthorisation.case_id == case_id,
                SealAuthorisation.revoked_at.is_(None),
                SealAuthorisation.id.not_in(used),
            )
            .order_by(SealAuthorisation.created_at, SealAuthorisation.id)
        )
    )

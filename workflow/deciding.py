"""The verb *decide*: sign outside any transaction, then commit everything together or nothing.

Two people may decide at the same moment. Each signs upon the newest version; the commit compares
and swaps. Who loses signs again on top of the other's signature, as long as nothing but other
people's decision signatures came between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.failpoints import reach
from core.i18n import translator
from core.permissions import Principal, ResourceType, require_read
from core.settings import Settings
from ingest.errors import VersionConflict
from ingest.models import VersionReason
from ingest.service import IngestService
from search.keeping import announce
from signing.enrolment import Signatory
from signing.fields import SignatureBlock
from signing.service import SigningService
from storage.service import Kept, ObjectStore
from workflow.advancing import Advancing
from workflow.errors import (
    CommentNeeded,
    NotYourTask,
    OutcomeNotPossible,
    StalePage,
    TaskFinished,
    TextTooLong,
)
from workflow.flows import Flow, Step, load_flow
from workflow.models import (
    Case,
    CaseDocument,
    CaseState,
    Decision,
    FlowVersion,
    Outcome,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.states import Event
from workflow.submitted import document_field_name

MOST_TRIES: Final = 100
"""How often a signature is made anew because somebody else was quicker."""
LONGEST_COMMENT: Final = 1000


@dataclass(frozen=True)
class DecisionResult:
    """What a decision led to."""

    decision_id: UUID
    case_id: UUID
    state: CaseState
    signed_digest: str


Also = Callable[[Session, DecisionResult], None]
"""What is written in the same transaction as a decision."""


def nothing_more(_session: Session, _result: DecisionResult) -> None:
    """No more than the decision itself."""


@dataclass(frozen=True)
class Paper:
    """A document that a decision signs: its newest PDF and the field for this signature."""

    document_id: UUID
    version: int
    digest: str
    field_name: str


@dataclass(frozen=True)
class Ground:
    """What a decision stands on, read in one go."""

    task: Task
    case: Case
    flow: Flow
    step: Step
    sheet: Paper
    documents: tuple[Paper, ...]


@dataclass
class Signed:
    """New bytes of the papers, kept but not yet versions."""

    sheet: Kept
    documents: dict[UUID, Kept] = field(default_factory=dict)


class Deciding:
    """Decides tasks. Opens its own transactions."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        settings: Settings,
        advancing: Advancing,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._signing = signing
        self._clock = clock
        self._settings = settings
        self._advancing = advancing

    def decide(
        self,
        principal: Principal,
        task_id: UUID,
        outcome: Outcome,
        comment: str,
        pin: str,
        shown_digest: str,
    ) -> DecisionResult:
        """Approve, return or reject, signed with the person's own key.

        ``shown_digest`` is the digest of the sheet that was on the screen. Raises NotFound,
        NotYourTask, TaskFinished, OutcomeNotPossible, CommentNeeded, TextTooLong, StalePage, and
        what unlocking and signing raise; then nothing was changed.
        """
        return self.decide_with(
            principal,
            task_id,
            outcome,
            comment,
            shown_digest,
            lambda: self._signing.unlock(principal.person_id, pin, [shown_digest]),
        )

    def decide_with(
        self,
        principal: Principal,
        task_id: UUID,
        outcome: Outcome,
        comment: str,
        shown_digest: str,
        unlock: Callable[[], Signatory],
        also: Also = nothing_more,
    ) -> DecisionResult:
        """As ``decide``, with the key from ``unlock``, which is called once all else is found good.

        ``also`` belongs to the transaction that commits the decision.
        """
        reach("decide.start")
        comment = check_comment(outcome, comment)
        with self._database.read() as session:
            ground = self.read_ground(session, principal, task_id, shown_digest)
            check_outcome(ground.step, outcome)
            self._signing.check_ready(session)
        signatory = unlock()
        reach("decide.unlocked")
        for _ in range(MOST_TRIES):
            signed = self._sign(ground, signatory, outcome, comment)
            reach("decide.documents_signed")
            try:
                result = self._commit(principal, ground, outcome, comment, shown_digest, signed, also)
            except VersionConflict:
                with self._database.read() as session:
                    ground = self.read_ground(session, principal, task_id, shown_digest)
                continue
            reach("decide.after_commit")
            return result
        raise StalePage()

    def read_ground(
        self, session: Session, principal: Principal, task_id: UUID, shown_digest: str | None
    ) -> Ground:
        """Read task, case and papers, and check that the person may act on what they saw.

        ``shown_digest`` is None for looking, which decides nothing.
        """
        task = session.get(Task, task_id)
        if task is None:
            raise NotYourTask()
        require_read(session, principal, ResourceType.CASE, task.case_id)
        if session.get(TaskCandidate, (task_id, principal.person_id)) is None:
            raise NotYourTask()
        case = session.get_one(Case, task.case_id)
        if task.state != TaskState.OPEN or case.state != CaseState.RUNNING or task.round != case.round:
            raise TaskFinished()
        flow = load_flow(session.get_one(FlowVersion, case.flow_version_id).definition)
        step = flow.step(task.step_key)
        current = self._ingest.current(session, case.sheet_id)
        if shown_digest is not None:
            self._check_shown(session, case, shown_digest)
        sheet = Paper(case.sheet_id, current.number, current.digest, task.field_name or "")
        return Ground(task, case, flow, step, sheet, tuple(self._papers(session, case, step)))

    def _check_shown(self, session: Session, case: Case, shown_digest: str) -> None:
        """The page is good when all that was added since is other people's decision signatures,
        and time-stamps over them that came late."""
        added: list[VersionReason] = []
        for version in reversed(self._ingest.versions(session, case.sheet_id)):
            if version.digest == shown_digest:
                if all(reason in (VersionReason.SIGNED, VersionReason.TIMESTAMPED) for reason in added):
                    return
                break
            added.append(version.reason)
        raise StalePage()

    def _papers(self, session: Session, case: Case, step: Step) -> Sequence[Paper]:
        if not step.signs_documents:
            return []
        rows = session.scalars(
            select(CaseDocument.document_id).where(
                CaseDocument.case_id == case.id, CaseDocument.field.in_(step.signs_documents)
            )
        )
        chosen = {one for key in step.signs_documents for one in case.form.get(key) or ()}
        papers = []
        for document_id in sorted(rows):
            if str(document_id) in chosen:
                current = self._ingest.current(session, document_id)
                name = document_field_name(case.id, case.round, step.key)
                papers.append(Paper(document_id, current.number, current.digest, name))
        return papers

    def _sign(self, ground: Ground, signatory: Signatory, outcome: Outcome, comment: str) -> Signed:
        """Sign the papers and keep the new bytes. No transaction is open."""
        sheet = self.sign_sheet(ground, signatory, outcome, comment)
        reach("decide.signed")
        signed = Signed(self._store.keep(sheet))
        reach("decide.object_kept")
        if outcome is Outcome.APPROVED:
            reason = reason_of(outcome, comment)
            for paper in ground.documents:
                with self._store.copied(paper.digest) as path:
                    self._signing.sign_file(path, paper.field_name, signatory, reason=reason)
                    signed.documents[paper.document_id] = self._store.keep(path)
        return signed

    def sign_sheet(self, ground: Ground, signatory: Signatory, outcome: Outcome, comment: str) -> bytes:
        """The sheet with the person's visible signature in the field of their step."""
        block = SignatureBlock(
            name=signatory.name,
            position=signatory.position,
            decision=translator("zh-CN").text(f"decision-{outcome.value}"),
            comment=" ".join(comment.split()),
            signed_at=self._clock.now().astimezone(self._settings.zone),
        )
        pdf = self._store.read(ground.sheet.digest)
        return self._signing.sign(
            pdf, ground.sheet.field_name, signatory, reason=reason_of(outcome, comment), block=block
        )

    def _commit(
        self,
        principal: Principal,
        ground: Ground,
        outcome: Outcome,
        comment: str,
        shown_digest: str,
        signed: Signed,
        also: Also,
    ) -> DecisionResult:
        with self._database.write() as session:
            case, task = self.lock(session, ground)
            for paper in ground.documents:
                if paper.document_id in signed.documents:
                    self._ingest.add_version(
                        session,
                        paper.document_id,
                        expected=paper.version,
                        kept=signed.documents[paper.document_id],
                        reason=VersionReason.SIGNED,
                        made_by=principal.person_id,
                    )
                    announce(session, "document", paper.document_id, self._clock.now())
            decision = self.record(
                session, principal, case, task, ground, outcome, comment, shown_digest, signed.sheet
            )
            now = decision.decided_at
            if outcome is Outcome.APPROVED:
                self._advancing.open_next(session, case, ground.flow, now)
            else:
                event = Event.RETURN if outcome is Outcome.RETURNED else Event.REJECT
                self._advancing.change_state(session, case, event, principal.person_id, now)
            self._advancing.touch(session, case, now)
            result = DecisionResult(decision.id, case.id, CaseState(case.state), signed.sheet.digest)
            also(session, result)
            reach("decide.before_commit")
        return result

    def lock(self, session: Session, ground: Ground) -> tuple[Case, Task]:
        """The case's row is the lock under which its tasks change. Raises TaskFinished."""
        case = session.scalars(select(Case).where(Case.id == ground.case.id).with_for_update()).one()
        task = session.get_one(Task, ground.task.id)
        if task.state != TaskState.OPEN or case.state != CaseState.RUNNING or task.round != case.round:
            raise TaskFinished()
        return case, task

    def record(
        self,
        session: Session,
        principal: Principal,
        case: Case,
        task: Task,
        ground: Ground,
        outcome: Outcome,
        comment: str,
        shown_digest: str,
        sheet: Kept,
    ) -> Decision:
        """Make the signed sheet current and enter the decision. Raises VersionConflict."""
        now = self._clock.now()
        self._ingest.add_version(
            session,
            ground.sheet.document_id,
            expected=ground.sheet.version,
            kept=sheet,
            reason=VersionReason.SIGNED,
            made_by=principal.person_id,
        )
        task.state, task.finished_at = TaskState.DONE, now
        decision = Decision(
            task_id=task.id,
            case_id=case.id,
            person_id=principal.person_id,
            outcome=outcome,
            comment=comment,
            shown_digest=shown_digest,
            signed_digest=sheet.digest,
            decided_at=now,
        )
        session.add(decision)
        session.flush()
        audit.record(
            session,
            now,
            principal.person_id,
            f"task.{outcome.value}",
            "case",
            case.id,
            {"step": task.step_key, "round": task.round, "sheet": sheet.digest},
        )
        return decision


def check_comment(outcome: Outcome, comment: str) -> str:
    """The comment as it is kept. Raises CommentNeeded, TextTooLong."""
    kept = "".join(letter for letter in comment if letter.isprintable() or letter == "\n").strip()
    if len(kept) > LONGEST_COMMENT:
        raise TextTooLong(field="comment", longest=LONGEST_COMMENT)
    if not kept and outcome in (Outcome.RETURNED, Outcome.REJECTED):
        raise CommentNeeded(field="comment")
    return kept


def check_outcome(step: Step, outcome: Outcome) -> None:
    """A seal task is not approved but sealed, and nothing else is sealed. Raises OutcomeNotPossible."""
    possible = {Outcome.RETURNED, Outcome.REJECTED}
    if step.kind == "approve":
        possible.add(Outcome.APPROVED)
    if outcome not in possible:
        raise OutcomeNotPossible(field="outcome")


def reason_of(outcome: Outcome, comment: str) -> str:
    """What stands in the signature itself: the decision and the comment."""
    word = translator("zh-CN").text(f"decision-{outcome.value}")
    return f"{word}：{comment}" if comment else word

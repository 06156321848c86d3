"""The door of workflow: what API, portal and command line call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, NotFound
from core.models import Role
from core.permissions import Principal, ResourceType, readable, require_read
from core.settings import Settings
from ingest.invoices.service import InvoiceService
from ingest.invoices.views import InvoiceFilter
from ingest.service import IngestService
from ingest.words import Place
from signing.fields import LooseWish
from signing.register_models import SealLoan
from signing.service import SigningService
from storage.service import ObjectStore
from workflow import cases, folder, one_case
from workflow.adding import Adding
from workflow.advancing import Advancing
from workflow.batches import Batches
from workflow.cases import CaseFilter, CaseRow, CaseView, TaskRow
from workflow.claims import Claims
from workflow.continuing import Continuing
from workflow.deciding import Deciding, DecisionResult
from workflow.errors import FieldMissing, TextTooLong
from workflow.evidence import Evidence
from workflow.flows import Flow, load_flow, parse_flow, shipped_flows
from workflow.folder import ClaimView, FolderFilter, FolderRow, FolderState, FolderTotal
from workflow.form_reading import active_version
from workflow.late_stamps import LateStamps
from workflow.models import Case, CaseState, Comment, Draft, FlowVersion, Outcome, Task
from workflow.renewal import Renewal
from workflow.sealing import CaseSealing, SealPreview
from workflow.sheets import Sheets
from workflow.states import Event
from workflow.submission import Submitting

LONGEST_REMARK = 2000


@dataclass(frozen=True)
class ActiveFlow:
    """A flow that new cases can take."""

    id: UUID
    key: str
    version: int
    flow: Flow


class WorkflowService:
    """Flows, cases, tasks and decisions.

    ``submit``, ``decide``, ``seal`` and ``withdraw`` open their own transactions, because slow work
    happens between them; everything else belongs to the caller's.
    """

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._signing = signing
        self._claims = Claims(InvoiceService(clock, settings), clock, settings)
        self._advancing = Advancing(ingest, signing, self._claims, settings)
        self.sheets = sheets = Sheets(ingest, signing, store, settings)
        continuing = Continuing(sheets, self._advancing, clock, settings)
        self._submitting = Submitting(
            database, store, ingest, signing, clock, settings, self._advancing, self._claims, sheets
        )
        self._deciding = Deciding(
            database, store, ingest, signing, clock, settings, self._advancing, continuing
        )
        self.adding = Adding(database, signing, clock, self._advancing, self._deciding, continuing)
        self._sealing = CaseSealing(database, store, ingest, signing, clock, self._advancing, self._deciding)
        self.batches = Batches(database, clock, settings, signing, self._deciding)
        self.evidence = Evidence(database, store, ingest, signing, clock)
        self.renewal = Renewal(database, store, ingest, self.evidence, clock, settings)
        self.late_stamps = LateStamps(database, store, ingest, signing, clock)

    # flows

    def install_shipped(self) -> None:
        """Add the flows that come with the product, where none of their key is there."""
        with self._database.write() as session:
            present = set(session.scalars(select(FlowVersion.key)))
            for flow in shipped_flows():
                if flow.key not in present:
                    self._add(session, flow, None)

    def add_flow(self, session: Session, actor: Principal, yaml_text: str) -> FlowVersion:
        """Add a flow or a new version of one. Running cases keep theirs. Raises FlowInvalid, Forbidden."""
        actor.require(Role.ADMINISTRATOR)
        return self._add(session, parse_flow(yaml_text), actor.person_id)

    def _add(self, session: Session, flow: Flow, actor_id: UUID | None) -> FlowVersion:
        now = self._clock.now()
        last = session.scalar(select(func.max(FlowVersion.version)).where(FlowVersion.key == flow.key)) or 0
        session.execute(update(FlowVersion).where(FlowVersion.key == flow.key).values(is_active=False))
        row = FlowVersion(
            key=flow.key,
            version=last + 1,
            definition=flow.model_dump(mode="json", by_alias=True),
            is_active=True,
            created_at=now,
        )
        session.add(row)
        session.flush()
        audit.record(
            session, now, actor_id, "flow.added", "flow", row.id, {"key": flow.key, "version": row.version}
        )
        return row

    def flows(self, session: Session) -> list[ActiveFlow]:
        """The flows that new cases can take, by key."""
        rows = session.scalars(select(FlowVersion).where(FlowVersion.is_active).order_by(FlowVersion.key))
        return [ActiveFlow(row.id, row.key, row.version, load_flow(row.definition)) for row in rows]

    def flow(self, session: Session, key: str) -> ActiveFlow:
        """The newest version of a flow. Raises NotFound."""
        row = active_version(session, key)
        return ActiveFlow(row.id, row.key, row.version, load_flow(row.definition))

    # cases

    def submit(
        self, principal: Principal, flow_key: str, form: Mapping[str, Any], resubmit: UUID | None = None
    ) -> UUID:
        """Submit a form; see ``Submitting.submit``."""
        return self._submitting.submit(principal, flow_key, form, resubmit)

    def decide(
        self,
        principal: Principal,
        task_id: UUID,
        outcome: Outcome,
        comment: str,
        pin: str,
        shown_digest: str,
    ) -> DecisionResult:
        """Approve, return or reject; see ``Deciding.decide``."""
        return self._deciding.decide(principal, task_id, outcome, comment, pin, shown_digest)

    def seal(
        self,
        principal: Principal,
        task_id: UUID,
        pin: str,
        shown_digest: str,
        placements: Mapping[UUID, Sequence[LooseWish]],
        comment: str = "",
    ) -> DecisionResult:
        """Do a keeper's task; see ``CaseSealing.seal``."""
        return self._sealing.seal(principal, task_id, pin, shown_digest, placements, comment)

    def previewed_seal(
        self, principal: Principal, task_id: UUID, document_id: UUID, wishes: Sequence[LooseWish]
    ) -> AbstractContextManager[SealPreview]:
        """A document as it will look sealed; see ``CaseSealing.previewed``."""
        return self._sealing.previewed(principal, task_id, document_id, wishes)

    def find_words(self, principal: Principal, task_id: UUID, document_id: UUID, keyword: str) -> list[Place]:
        """Where words stand in a document that waits for its seal; see ``CaseSealing.hits``."""
        return self._sealing.hits(principal, task_id, document_id, keyword)

    def hand_over_tasks(self, session: Session, seal_id: UUID, from_id: UUID, to_id: UUID) -> None:
        """A seal has another keeper: they do its open tasks. Repeating it is harmless."""
        self._advancing.hand_over(session, seal_id, from_id, to_id, self._clock.now())

    def stamp(
        self,
        principal: Principal,
        task_id: UUID,
        pin: str,
        shown_digest: str,
        copies: Mapping[UUID, int],
        comment: str = "",
    ) -> DecisionResult:
        """Do a keeper's task by hand; see ``CaseSealing.stamp``."""
        return self._sealing.stamp(principal, task_id, pin, shown_digest, copies, comment)

    def lend_seal(
        self,
        session: Session,
        principal: Principal,
        seal_id: UUID,
        *,
        borrower_id: UUID,
        case_serial: str,
        reason: str,
        due_at: datetime,
    ) -> SealLoan:
        """Lend a physical seal for a case that runs or is completed; see ``ByHand.lend``."""
        case = session.scalar(
            select(Case).where(
                Case.serial_number == case_serial.strip(),
                readable(principal, ResourceType.CASE, Case.id),
                Case.state.in_((CaseState.RUNNING, CaseState.COMPLETED)),
            )
        )
        if case is None:
            raise InvalidInput(field="case", reason=case_serial.strip() or "–")
        return self._signing.by_hand.lend(
            session,
            principal,
            seal_id,
            borrower_id=borrower_id,
            case_id=case.id,
            case_serial=case.serial_number,
            reason=reason,
            due_at=due_at,
        )

    def withdraw(self, principal: Principal, case_id: UUID) -> None:
        """Take one's own case back. Opens its own transaction. Raises NotFound, TransitionNotAllowed."""
        now = self._clock.now()
        with self._database.write() as session:
            require_read(session, principal, ResourceType.CASE, case_id)
            case = session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
            if case is None or case.applicant_id != principal.person_id:
                raise NotFound(what="case")
            self._advancing.change_state(session, case, Event.WITHDRAW, principal.person_id, now)
            self._advancing.touch(session, case, now)

    def comment(self, session: Session, principal: Principal, case_id: UUID, text: str) -> Comment:
        """Remark on a case that the person may see. Raises NotFound, FieldMissing, TextTooLong."""
        require_read(session, principal, ResourceType.CASE, case_id)
        case = session.get(Case, case_id)
        if case is None:
            raise NotFound(what="case")
        text = "".join(letter for letter in text if letter.isprintable() or letter == "\n").strip()
        if not text:
            raise FieldMissing(field="text")
        if len(text) > LONGEST_REMARK:
            raise TextTooLong(field="text", longest=LONGEST_REMARK)
        now = self._clock.now()
        row = Comment(case_id=case_id, person_id=principal.person_id, text=text, created_at=now)
        session.add(row)
        session.flush()
        audit.record(session, now, principal.person_id, "case.commented", "case", case_id)
        self._advancing.touch(session, case, now)
        return row

    # claims

    def claim_state(
        self, session: Session, principal: Principal, document_ids: Iterable[UUID]
    ) -> dict[UUID, ClaimView]:
        """How far the claims of some invoices have come; those the person may not see are left out."""
        return folder.claim_state(session, principal, document_ids)

    def release_claim(self, session: Session, principal: Principal, document_id: UUID, reason: str) -> None:
        """Undo the claim on an invoice; finance only, with a reason. See ``Claims.release``."""
        self._claims.release(session, principal, document_id, reason)

    def folder(
        self,
        session: Session,
        principal: Principal,
        wanted: FolderFilter | None = None,
        *,
        before: UUID | None = None,
        limit: int = 25,
    ) -> list[FolderRow]:
        """Invoices the person may see with the states of their claims, newest first."""
        return folder.folder(session, principal, wanted, before=before, limit=limit)

    def folder_totals(
        self, session: Session, principal: Principal, wanted: InvoiceFilter | None = None
    ) -> dict[FolderState, FolderTotal]:
        """Count and sum of each state of the folder."""
        return folder.folder_totals(session, principal, wanted)

    # drafts

    def save_draft(
        self, session: Session, principal: Principal, flow_key: str, form: Mapping[str, Any]
    ) -> None:
        """Keep what was typed so far; the last one counts."""
        row = session.get(Draft, (principal.person_id, flow_key))
        now = self._clock.now()
        if row is None:
            session.add(
                Draft(person_id=principal.person_id, flow_key=flow_key, form=dict(form), updated_at=now)
            )
        else:
            row.form, row.updated_at = dict(form), now

    def load_draft(self, session: Session, principal: Principal, flow_key: str) -> dict[str, Any] | None:
        """What was kept, or None."""
        row = session.get(Draft, (principal.person_id, flow_key))
        return dict(row.form) if row is not None else None

    def discard_draft(self, session: Session, principal: Principal, flow_key: str) -> None:
        """Forget what was kept."""
        row = session.get(Draft, (principal.person_id, flow_key))
        if row is not None:
            session.delete(row)

    def drafts(self, session: Session, principal: Principal) -> set[str]:
        """Keys of the flows that the person has a draft of."""
        return set(session.scalars(select(Draft.flow_key).where(Draft.person_id == principal.person_id)))

    # reading

    def inbox(self, session: Session, principal: Principal) -> list[TaskRow]:
        """The open tasks the person may do, oldest first."""
        return cases.inbox(session, principal)

    def count_inbox(self, session: Session, principal: Principal) -> int:
        """How many open tasks the person may do."""
        return cases.count_inbox(session, principal)

    def my_cases(self, session: Session, principal: Principal, limit: int = 25) -> list[CaseRow]:
        """The person's own applications, newest first."""
        return cases.list_cases(session, principal, CaseFilter(applicant_id=principal.person_id), limit=limit)

    def list_cases(
        self,
        session: Session,
        principal: Principal,
        wanted: CaseFilter | None = None,
        *,
        before: UUID | None = None,
        limit: int = 25,
    ) -> list[CaseRow]:
        """Cases the person may see, newest first."""
        return cases.list_cases(session, principal, wanted, before=before, limit=limit)

    def count_cases(self, session: Session, principal: Principal, wanted: CaseFilter | None = None) -> int:
        """How many cases the person may see."""
        return cases.count_cases(session, principal, wanted)

    def get_case(self, session: Session, principal: Principal, case_id: UUID) -> CaseView:
        """The whole picture of a case. Raises NotFound."""
        return one_case.get_case(session, principal, case_id)

    def case_of_task(self, session: Session, principal: Principal, task_id: UUID) -> tuple[Task, CaseView]:
        """A task with its case. Raises NotFound."""
        return one_case.case_of_task(session, principal, task_id)

    def evidence_failures(self, session: Session, principal: Principal) -> list[Case]:
        """Finished cases whose papers lack evidence."""
        return self.evidence.failures(session, principal)

    def retry_evidence(self, session: Session, actor: Principal, case_id: UUID) -> None:
        """Try to add the evidence of a case again. Raises Forbidden, NotFound."""
        self.evidence.retry(session, actor, case_id)

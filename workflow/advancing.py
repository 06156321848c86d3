"""What follows from a decision: tasks, states, access, background work. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core import audit, outbox
from core.models import Person
from core.permissions import (
    ResourceType,
    grant_access,
    term_department,
    term_entity,
    term_person,
    term_seal,
)
from core.settings import Settings
from ingest.models import Document
from ingest.service import IngestService
from search.keeping import announce
from signing.models import SealAuthorisation, SealRecord
from signing.service import SigningService
from workflow.claims import Claims
from workflow.flows import Flow, Step
from workflow.models import (
    Case,
    CaseDocument,
    CaseState,
    Decision,
    EvidenceState,
    Outcome,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.people import candidates
from workflow.routing import is_complete, next_steps
from workflow.sheet import field_name
from workflow.states import FINISHED, Event, after

AUTHORISATION_LASTS: Final = timedelta(days=30)
REVISE: Final = "revise"


class Advancing:
    """Moves cases on. Every method belongs to the transaction that commits the decision."""

    def __init__(
        self, ingest: IngestService, signing: SigningService, claims: Claims, settings: Settings
    ) -> None:
        self._ingest = ingest
        self._signing = signing
        self._claims = claims
        self._settings = settings

    def open_next(self, session: Session, case: Case, flow: Flow, now: datetime) -> None:
        """Open the tasks of the next steps, or complete the case when there are none left."""
        rows = session.execute(
            select(Task.step_key, Task.state).where(Task.case_id == case.id, Task.round == case.round)
        ).all()
        done = {key for key, state in rows if state == TaskState.DONE}
        opened = {key for key, state in rows if state == TaskState.OPEN}
        if is_complete(flow, done):
            self.change_state(session, case, Event.COMPLETE, None, now)
            return
        for step in next_steps(flow, done, opened):
            self._open_task(session, case, step, now)

    def _open_task(self, session: Session, case: Case, step: Step, now: datetime) -> None:
        applicant = session.get_one(Person, case.applicant_id)
        day = now.astimezone(self._settings.zone).date()
        people = candidates(session, step, applicant, case.entity_id, case.form, day)
        self.add_task(session, case, step.key, step.kind, people, now, field_name(step.key, case.round))
        if step.kind == "seal":
            self._authorise_seals(session, case, step, now)

    def add_task(
        self,
        session: Session,
        case: Case,
        step_key: str,
        kind: str,
        people: Iterable[UUID],
        now: datetime,
        field: str | None,
    ) -> Task:
        """Make an open task and let its candidates see the case."""
        task = Task(
            case_id=case.id,
            step_key=step_key,
            kind=kind,
            round=case.round,
            state=TaskState.OPEN,
            field_name=field,
            created_at=now,
        )
        session.add(task)
        session.flush()
        candidates_ = list(dict.fromkeys(people))
        session.add_all(TaskCandidate(task_id=task.id, person_id=person) for person in candidates_)
        session.flush()
        self.grant(session, case, [term_person(person) for person in candidates_])
        return task

    def _authorise_seals(self, session: Session, case: Case, step: Step, now: datetime) -> None:
        seal_id = UUID(case.form[step.who.keeper_of])  # type: ignore[union-attr]
        approvers = session.scalars(
            select(Decision.person_id)
            .join(Task, Task.id == Decision.task_id)
            .where(
                Decision.case_id == case.id, Task.round == case.round, Decision.outcome == Outcome.APPROVED
            )
            .order_by(Decision.decided_at)
        ).all()
        copies = case.form.get(step.copies) if step.copies else None
        documents = session.execute(
            select(CaseDocument.document_id, Document.title)
            .join(Document, Document.id == CaseDocument.document_id)
            .where(CaseDocument.case_id == case.id, CaseDocument.field == step.seals)
        ).all()
        chosen = set(case.form.get(step.seals or "") or ())
        for document_id, title in documents:
            if str(document_id) not in chosen:
                continue
            self._signing.authorise_seal(
                session,
                seal_id=seal_id,
                case_id=case.id,
                case_serial=case.serial_number,
                document_id=document_id,
                document_title=title,
                digest=self._ingest.pdf_version(session, document_id).digest,
                copies=int(copies or 1),
                subject=case.subject,
                counterparty=case.counterparty,
                applicant_id=case.applicant_id,
                department_id=case.department_id,
                approver_ids=list(dict.fromkeys(approvers)),
                expires_at=now + AUTHORISATION_LASTS,
            )
        self.grant(session, case, [term_seal(seal_id)])

    def hand_over(self, session: Session, seal_id: UUID, from_id: UUID, to_id: UUID, now: datetime) -> None:
        """Give the open sealing tasks of a seal from one keeper to another."""
        rows = session.execute(
            select(Task.id, Task.case_id)
            .join(TaskCandidate, TaskCandidate.task_id == Task.id)
            .join(SealAuthorisation, SealAuthorisation.case_id == Task.case_id)
            .where(
                Task.state == TaskState.OPEN,
                Task.kind == "seal",
                TaskCandidate.person_id == from_id,
                SealAuthorisation.seal_id == seal_id,
                SealAuthorisation.revoked_at.is_(None),
            )
            .distinct()
        ).all()
        for task_id, case_id in rows:
            case = session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one()
            session.execute(
                delete(TaskCandidate).where(
                    TaskCandidate.task_id == task_id, TaskCandidate.person_id == from_id
                )
            )
            if session.get(TaskCandidate, (task_id, to_id)) is None:
                session.add(TaskCandidate(task_id=task_id, person_id=to_id))
            self.grant(session, case, [term_person(to_id)])
            self.touch(session, case, now)

    def grant(self, session: Session, case: Case, terms: Iterable[str]) -> None:
        """Let more principals see the case, its sheets and its documents."""
        terms = list(terms)
        grant_access(session, ResourceType.CASE, case.id, terms)
        documents = session.scalars(select(CaseDocument.document_id).where(CaseDocument.case_id == case.id))
        for document_id in documents.all():
            grant_access(session, ResourceType.DOCUMENT, document_id, terms)
            announce(session, "document", document_id, case.submitted_at)

    def standard_terms(self, case: Case) -> list[str]:
        """Who sees every case: its applicant, their department's head, the entity's readers."""
        return [
            term_person(case.applicant_id),
            term_department(case.department_id),
            term_entity(case.entity_id),
        ]

    def change_state(
        self, session: Session, case: Case, event: Event, actor_id: UUID | None, now: datetime
    ) -> None:
        """Move the case along the table of states and do what the new state brings with it."""
        case.state = after(case.state, event)
        if case.state in (CaseState.RETURNED, *FINISHED):
            self._cancel_tasks(session, case, now)
            self._revoke_authorisations(session, case, now)
        if case.state == CaseState.RETURNED:
            self._claims.reopen(session, case)
            self.add_task(session, case, REVISE, REVISE, [case.applicant_id], now, None)
        if case.state in FINISHED:
            case.finished_at = now
            self._claims.end(session, case, actor_id, now)
            case.evidence_state = EvidenceState.PENDING
            outbox.enqueue(session, "workflow.add_evidence", {"case_id": str(case.id)}, now)
            outbox.enqueue(session, "retention.classify", {"case_id": str(case.id)}, now)
        audit.record(
            session,
            now,
            actor_id,
            f"case.{case.state.value}",
            "case",
            case.id,
            {"serial_number": case.serial_number},
        )

    def _cancel_tasks(self, session: Session, case: Case, now: datetime) -> None:
        session.execute(
            update(Task)
            .where(Task.case_id == case.id, Task.state == TaskState.OPEN)
            .values(state=TaskState.CANCELLED, finished_at=now)
        )

    def _revoke_authorisations(self, session: Session, case: Case, now: datetime) -> None:
        used = select(SealRecord.authorisation_id).where(SealRecord.case_id == case.id)
        session.execute(
            update(SealAuthorisation)
            .where(
                SealAuthorisation.case_id == case.id,
                SealAuthorisation.revoked_at.is_(None),
                SealAuthorisation.id.not_in(used),
            )
            .values(revoked_at=now)
        )

    def touch(self, session: Session, case: Case, now: datetime) -> None:
        """Note that the case changed: its revision rises, and the index hears of it."""
        case.revision += 1
        announce(session, "case", case.id, now)

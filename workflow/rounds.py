"""Rounds of a case: what is written when a form is submitted, and when a returned one is again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import insert_unless_there
from core.i18n import translator
from core.permissions import term_person
from ingest.models import Document, DocumentKind, VersionReason
from ingest.service import IngestService
from search.keeping import announce
from storage.service import Kept
from workflow.advancing import REVISE, Advancing
from workflow.errors import TransitionNotAllowed
from workflow.form_reading import check_free
from workflow.models import (
    Case,
    CaseDocument,
    CaseState,
    Draft,
    EvidenceState,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.states import Event, after
from workflow.submitted import SHEET_FIELD, Submission


class Rounds:
    """Writes the rows of a round. Every method belongs to the caller's transaction."""

    def __init__(self, ingest: IngestService, clock: Clock, advancing: Advancing) -> None:
        self._ingest = ingest
        self._clock = clock
        self._advancing = advancing

    def create(self, session: Session, submission: Submission, kept: Kept, pages: int) -> Case:
        now = self._clock.now()
        document = self._new_sheet(session, submission, kept, pages)
        amount = submission.values.get(submission.flow.amount) if submission.flow.amount else None
        counterparty = (
            submission.values.get(submission.flow.counterparty) if submission.flow.counterparty else None
        )
        case = Case(
            id=submission.case_id,
            serial_number=submission.serial_number,
            flow_version_id=submission.flow_version_id,
            flow_key=submission.flow.key,
            subject=submission.subject,
            amount=Decimal(amount) if amount else None,
            counterparty=counterparty,
            form=submission.values,
            applicant_id=submission.applicant.id,
            entity_id=submission.entity.id,
            department_id=submission.department.id,
            state=CaseState.RUNNING,
            round=1,
            sheet_id=document.id,
            verify_token=submission.verify_token,
            evidence_state=EvidenceState.NONE,
            submitted_at=submission.submitted_at,
            revision=0,
        )
        session.add(case)
        session.flush()
        self._start_round(session, case, submission, document.id, kept)
        session.execute(
            delete(Draft).where(
                Draft.person_id == submission.applicant.id, Draft.flow_key == submission.flow.key
            )
        )
        audit.record(
            session,
            now,
            submission.applicant.id,
            "case.submitted",
            "case",
            case.id,
            {"serial_number": case.serial_number, "flow": case.flow_key},
        )
        return case

    def renew(self, session: Session, submission: Submission, kept: Kept, pages: int) -> Case:
        now = self._clock.now()
        case = session.scalars(select(Case).where(Case.id == submission.case_id).with_for_update()).one()
        case.state = after(case.state, Event.RESUBMIT)
        if case.round != submission.round - 1:
            raise TransitionNotAllowed(state=case.state.value)
        case.round = submission.round
        case.form = submission.values
        case.subject = submission.subject
        amount = submission.values.get(submission.flow.amount) if submission.flow.amount else None
        case.amount = Decimal(amount) if amount else None
        if submission.flow.counterparty:
            case.counterparty = submission.values.get(submission.flow.counterparty)
        document = self._new_sheet(session, submission, kept, pages)
        case.sheet_id = document.id
        for task in session.scalars(
            select(Task).where(Task.case_id == case.id, Task.step_key == REVISE, Task.state == TaskState.OPEN)
        ):
            task.state, task.finished_at = TaskState.DONE, now
        session.flush()
        self._start_round(session, case, submission, document.id, kept)
        audit.record(
            session,
            now,
            submission.applicant.id,
            "case.resubmitted",
            "case",
            case.id,
            {"serial_number": case.serial_number, "round": case.round},
        )
        return case

    def _new_sheet(self, session: Session, submission: Submission, kept: Kept, pages: int) -> Document:
        code = "sheet-title" if submission.round == 1 else "sheet-title-round"
        title = translator("zh-CN").text(code, serial=submission.serial_number, round=str(submission.round))
        return self._ingest.new_document(
            session,
            kind=DocumentKind.FORM,
            title=title,
            owner_id=submission.applicant.id,
            entity_id=submission.entity.id,
            department_id=submission.department.id,
            kept=kept,
            media_type="application/pdf",
            pages=pages,
            reason=VersionReason.CERTIFIED,
            made_by=None,
        )

    def _start_round(
        self, session: Session, case: Case, submission: Submission, sheet_id: UUID, kept: Kept
    ) -> None:
        now = self._clock.now()
        insert_unless_there(
            session,
            CaseDocument,
            [_row(case, sheet_id, SHEET_FIELD, kept.digest, True)]
            + [
                _row(case, one.document_id, one.field.key, one.digest, one.is_signed_in_place)
                for one in submission.attached
            ],
        )
        for attached in submission.attached:
            if attached.is_signed_in_place:
                check_free(session, session.get_one(Document, attached.document_id), case.id)
            if attached.prepared is not None:
                self._ingest.add_version(
                    session,
                    attached.document_id,
                    expected=attached.version.number,
                    kept=attached.prepared,
                    reason=VersionReason.PREPARED,
                    made_by=submission.applicant.id,
                )
        self._advancing.grant(session, case, self._advancing.standard_terms(case))
        # Whoever had a task in an earlier round keeps seeing what the case became.
        earlier = session.scalars(
            select(TaskCandidate.person_id)
            .join(Task, Task.id == TaskCandidate.task_id)
            .where(Task.case_id == case.id, Task.round < case.round)
        ).all()
        self._advancing.grant(session, case, [term_person(person) for person in set(earlier)])
        self._advancing.open_next(session, case, submission.flow, now)
        announce(session, "document", sheet_id, now)
        self._advancing.touch(session, case, now)


def _row(case: Case, document_id: UUID, field_key: str, digest: str, in_place: bool) -> dict[str, Any]:
    return {
        "case_id": case.id,
        "document_id": document_id,
        "field": field_key,
        "round": case.round,
        "digest_at_submit": digest,
        "is_signed_in_place": in_place,
    }

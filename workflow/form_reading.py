"""Reading a form that is submitted: what it names is there, usable, free, and somebody can decide it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import NotFound, VermilionError
from core.ids import new_id
from core.models import Department, LegalEntity, Organisation, Person
from core.permissions import Principal, ResourceType, may_read, require_read
from core.settings import Settings
from ingest.errors import NotReady
from ingest.models import Document, DocumentKind, DocumentState
from ingest.service import IngestService
from signing.models import Seal, SealState
from signing.seal_powers import may_apply
from signing.service import SigningService
from workflow import forms
from workflow.claims import Claims
from workflow.errors import DocumentBusy, DocumentNotUsable, FormInvalid, SealNotChosen, SealNotForYou
from workflow.flows import DocumentsField, InvoicesField, SealField, load_flow
from workflow.models import Case, CaseDocument, CaseState, FlowVersion, SerialCounter
from workflow.people import candidates
from workflow.states import Event, after
from workflow.submitted import Attached, Submission, documents_in


class FormReading:
    """Makes a submission of a form. Opens its own transactions."""

    def __init__(
        self,
        database: Database,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        settings: Settings,
        claims: Claims,
    ) -> None:
        self._database = database
        self._ingest = ingest
        self._signing = signing
        self._clock = clock
        self._settings = settings
        self._claims = claims

    def read(
        self, principal: Principal, flow_key: str, form: Mapping[str, Any], resubmit: UUID | None
    ) -> Submission:
        now = self._clock.now()
        with self._database.read() as session:
            case = self._returned_case(session, principal, resubmit) if resubmit else None
            row = (
                active_version(session, flow_key)
                if case is None
                else session.get_one(FlowVersion, case.flow_version_id)
            )
            flow = load_flow(row.definition)
            values = forms.check(flow, form)
            self._signing.check_ready(session)
            applicant = session.get_one(Person, principal.person_id)
            department = session.get_one(Department, applicant.department_id)
            submission = Submission(
                flow=flow,
                flow_version_id=row.id,
                values=values,
                applicant=applicant,
                department=department,
                entity=session.get_one(LegalEntity, department.entity_id),
                is_demo=bool(session.scalar(select(Organisation.is_demo))),
                case_id=case.id if case else new_id(),
                serial_number=case.serial_number if case else "",
                verify_token=case.verify_token if case else secrets.token_urlsafe(16),
                round=case.round + 1 if case else 1,
                submitted_at=now,
                seal_names={},
            )
            self._check_references(session, principal, submission)
            day = now.astimezone(self._settings.zone).date()
            for step in flow.all_steps():
                candidates(session, step, applicant, department.entity_id, values, day)
        if not submission.serial_number:
            submission.serial_number = self._next_serial(flow.serial_prefix, now)
        return submission

    def _returned_case(self, session: Session, principal: Principal, case_id: UUID) -> Case:
        require_read(session, principal, ResourceType.CASE, case_id)
        case = session.get(Case, case_id)
        if case is None or case.applicant_id != principal.person_id:
            raise NotFound(what="case")
        after(case.state, Event.RESUBMIT)
        return case

    def _check_references(self, session: Session, principal: Principal, submission: Submission) -> None:
        """Documents and seals that the form names: there, usable, and not in use elsewhere."""
        problems: dict[str, VermilionError] = {}
        in_place = submission.flow.signed_in_place()
        for form_field in submission.flow.fields:
            try:
                if isinstance(form_field, SealField):
                    self._check_seal(session, submission, form_field)
                elif isinstance(form_field, DocumentsField | InvoicesField):
                    for document_id in documents_in(form_field, submission.values[form_field.key]):
                        submission.attached.append(
                            self._attach(session, principal, submission, form_field, document_id, in_place)
                        )
            except VermilionError as problem:
                problems[form_field.key] = problem
        if problems:
            raise FormInvalid(problems)
        submission.claim = self._claims.check(
            session, principal, submission.flow, submission.values, submission.case_id
        )

    def _check_seal(self, session: Session, submission: Submission, form_field: SealField) -> None:
        value = submission.values[form_field.key]
        if value is None:
            return
        seal = session.get(Seal, UUID(value))
        if seal is None or seal.state != SealState.ACTIVE or seal.entity_id != submission.entity.id:
            raise SealNotChosen(field=form_field.key)
        if not may_apply(seal, submission.applicant.id):
            raise SealNotForYou(field=form_field.key, seal=seal.name)
        submission.seal_names[value] = seal.name

    def _attach(
        self,
        session: Session,
        principal: Principal,
        submission: Submission,
        form_field: DocumentsField | InvoicesField,
        document_id: UUID,
        in_place: set[str],
    ) -> Attached:
        document = session.get(Document, document_id)
        if document is None or not may_read(session, principal, ResourceType.DOCUMENT, document_id):
            raise DocumentNotUsable(field=form_field.key, title="?")
        if document.state != DocumentState.READY or document.kind == DocumentKind.FORM:
            raise DocumentNotUsable(field=form_field.key, title=document.title)
        try:
            version = self._ingest.pdf_version(session, document_id)
        except NotReady as error:
            raise DocumentNotUsable(field=form_field.key, title=document.title) from error
        signed = form_field.key in in_place
        if signed:
            if document.owner_id != principal.person_id:
                raise DocumentNotUsable(field=form_field.key, title=document.title)
            check_free(session, document, submission.case_id)
        return Attached(form_field, document_id, document.title, version, signed)

    def _next_serial(self, prefix: str, now: datetime) -> str:
        """Such as HT-2026-00012. A submission that fails later leaves a gap; no number is given twice."""
        year = now.astimezone(self._settings.zone).year
        with self._database.write() as session:
            insert_unless_there(session, SerialCounter, [{"prefix": prefix, "year": year, "last": 0}])
            row = session.scalars(
                select(SerialCounter)
                .where(SerialCounter.prefix == prefix, SerialCounter.year == year)
                .with_for_update()
            ).one()
            row.last += 1
            return f"{prefix}-{year}-{row.last:05d}"


def check_free(session: Session, document: Document, case_id: UUID) -> None:
    """Raise DocumentBusy for a document that is being signed in another case."""
    busy = session.scalar(
        select(Case.serial_number)
        .join(CaseDocument, CaseDocument.case_id == Case.id)
        .where(
            CaseDocument.document_id == document.id,
            CaseDocument.is_signed_in_place,
            Case.id != case_id,
            Case.state.in_((CaseState.RUNNING, CaseState.RETURNED)),
        )
    )
    if busy is not None:
        raise DocumentBusy(title=document.title, serial=busy)


def active_version(session: Session, flow_key: str) -> FlowVersion:
    """The version of a flow that new cases take. Raises NotFound."""
    row = session.scalar(
        select(FlowVersion)
        .where(FlowVersion.key == flow_key, FlowVersion.is_active)
        .order_by(FlowVersion.version.desc())
        .limit(1)
    )
    if row is None:
        raise NotFound(what="flow")
    return row

"""Submitting a form: the case, its certified sheet, its prepared documents, its first tasks."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import NotFound, VermilionError
from core.i18n import translator
from core.ids import new_id
from core.models import Department, LegalEntity, Organisation, Person
from core.permissions import Principal, ResourceType, may_read, require_read, term_person
from core.settings import Settings
from ingest.errors import ActiveContent, FileRefused, NotReady
from ingest.models import Document, DocumentKind, DocumentState, Version, VersionReason
from ingest.service import IngestService
from search.service import announce
from signing.errors import SigningRefused
from signing.fields import FieldSpec
from signing.models import Seal, SealState
from signing.service import SigningService
from storage.service import Kept, ObjectStore
from workflow import claim_sheet, forms, sheet
from workflow.advancing import REVISE, Advancing
from workflow.claims import Claim, Claims
from workflow.errors import DocumentBusy, DocumentNotUsable, FormInvalid, SealNotChosen, TransitionNotAllowed
from workflow.flows import DocumentsField, Flow, InvoicesField, SealField, load_flow, subject_of
from workflow.models import (
    Case,
    CaseDocument,
    CaseState,
    Draft,
    EvidenceState,
    FlowVersion,
    SerialCounter,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.people import candidates
from workflow.states import Event, after

SHEET_FIELD = "sheet"


@dataclass
class _Attached:
    """A document of the form, as it is when the case is submitted."""

    field: DocumentsField | InvoicesField
    document_id: UUID
    title: str
    version: Version
    is_signed_in_place: bool
    prepared: Kept | None = None

    @property
    def digest(self) -> str:
        return self.prepared.digest if self.prepared else self.version.digest


@dataclass
class _Submission:
    """Everything that is known before the slow work begins."""

    flow: Flow
    flow_version_id: UUID
    values: forms.Values
    applicant: Person
    department: Department
    entity: LegalEntity
    is_demo: bool
    case_id: UUID
    serial_number: str
    verify_token: str
    round: int
    submitted_at: datetime
    earlier_digest: str | None
    seal_names: dict[str, str]
    attached: list[_Attached] = field(default_factory=list)
    claim: Claim | None = None

    @property
    def subject(self) -> str:
        return subject_of(self.flow, self.values)


class Submitting:
    """The verb *submit*. Opens its own transactions: typesetting and signing happen outside them."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        ingest: IngestService,
        signing: SigningService,
        clock: Clock,
        settings: Settings,
        advancing: Advancing,
        claims: Claims,
    ) -> None:
        self._database = database
        self._store = store
        self._ingest = ingest
        self._signing = signing
        self._clock = clock
        self._settings = settings
        self._advancing = advancing
        self._claims = claims

    def submit(
        self, principal: Principal, flow_key: str, form: Mapping[str, Any], resubmit: UUID | None = None
    ) -> UUID:
        """Submit a form, or with ``resubmit`` a returned case again. Returns the case's id.

        Raises FormInvalid (a problem for each field), NoApprover, AuthorityNotReady, NotFound,
        TransitionNotAllowed.
        """
        submission = self._read(principal, flow_key, form, resubmit)
        self._prepare_documents(submission)
        parts, heads = self._appendix(submission)
        typeset = sheet.typeset(self._sheet_data(submission, heads))
        whole = self._ingest.archiving.attach(typeset.pdf, parts) if parts else typeset.pdf
        pdf = self._signing.add_fields(whole, typeset.fields)
        certified = self._signing.certify(pdf, f"{submission.serial_number} {submission.subject}")
        kept = self._store.keep(certified)
        with self._database.write() as session:
            if resubmit is None:
                case = self._create(session, submission, kept, typeset.pages)
            else:
                case = self._renew(session, submission, kept, typeset.pages)
            if submission.claim is not None:
                self._claims.write(session, principal, case, submission.claim)
        return submission.case_id

    # reading

    def _read(
        self, principal: Principal, flow_key: str, form: Mapping[str, Any], resubmit: UUID | None
    ) -> _Submission:
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
            submission = _Submission(
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
                earlier_digest=self._ingest.current(session, case.sheet_id).digest if case else None,
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

    def _check_references(self, session: Session, principal: Principal, submission: _Submission) -> None:
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

    def _check_seal(self, session: Session, submission: _Submission, form_field: SealField) -> None:
        value = submission.values[form_field.key]
        if value is None:
            return
        seal = session.get(Seal, UUID(value))
        if seal is None or seal.state != SealState.ACTIVE or seal.entity_id != submission.entity.id:
            raise SealNotChosen(field=form_field.key)
        submission.seal_names[value] = seal.name

    def _attach(
        self,
        session: Session,
        principal: Principal,
        submission: _Submission,
        form_field: DocumentsField | InvoicesField,
        document_id: UUID,
        in_place: set[str],
    ) -> _Attached:
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
            self._check_free(session, document, submission.case_id)
        return _Attached(form_field, document_id, document.title, version, signed)

    def _check_free(self, session: Session, document: Document, case_id: UUID) -> None:
        """A document is signed in one case at a time."""
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

    # slow work

    def _prepare_documents(self, submission: _Submission) -> None:
        """Give documents that are signed in place an invisible field for each who will sign them."""
        problems: dict[str, VermilionError] = {}
        for attached in submission.attached:
            if not attached.is_signed_in_place:
                continue
            try:
                pdf = self._store.read(attached.version.digest)
                self._ingest.signable(pdf)
                fields = document_fields(
                    submission.flow, attached.field.key, submission.case_id, submission.round
                )
                if fields:
                    attached.prepared = self._store.keep(self._signing.add_fields(pdf, fields))
            except (ActiveContent, FileRefused, SigningRefused) as problem:
                problems[attached.field.key] = problem
        if problems:
            raise FormInvalid(problems)

    def _appendix(self, submission: _Submission) -> tuple[list[tuple[str, int]], tuple[tuple[str, str], ...]]:
        """The archival copies that are drawn behind the sheet, and what stands above each page."""
        claim = submission.claim
        if claim is None or not claim.lines:
            return [], ()
        versions = {one.document_id: one.version for one in submission.attached}
        copies = {}
        for line in claim.lines:
            document_id = line.invoice.document_id
            try:
                copies[document_id] = self._ingest.archiving.archival(versions[document_id].id)
            except FileRefused as problem:
                raise FormInvalid({claim.field.key: problem}) from problem
        appendices, heads = claim_sheet.appendix(claim.lines, copies)
        return [(one.digest, one.pages) for one in appendices], heads

    def _sheet_data(self, submission: _Submission, heads: tuple[tuple[str, str], ...]) -> sheet.SheetData:
        flow, zone = submission.flow, self._settings.zone
        return sheet.SheetData(
            entity=submission.entity.name,
            heading=sheet.heading_of(flow),
            serial_number=submission.serial_number,
            round=submission.round,
            applicant=submission.applicant.name,
            position=submission.applicant.position or "",
            department=submission.department.name,
            subject=submission.subject,
            submitted_at=submission.submitted_at.astimezone(zone),
            facts=sheet.facts_of(flow, submission.values, submission.seal_names),
            documents=tuple(
                sheet.ListedDocument(
                    attached.title, attached.field.label.zh, attached.version.pages or 0, attached.digest
                )
                for attached in submission.attached
            ),
            boxes=tuple(sheet.boxes_for(flow, submission.round)),
            verify_url=f"{self._settings.effective_public_url}/verify/{submission.verify_token}",
            earlier_digest=submission.earlier_digest,
            is_demo=submission.is_demo,
            claim=claim_sheet.table(submission.claim) if submission.claim else None,
            appendix=heads,
        )

    # writing

    def _create(self, session: Session, submission: _Submission, kept: Kept, pages: int) -> Case:
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

    def _renew(self, session: Session, submission: _Submission, kept: Kept, pages: int) -> Case:
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

    def _new_sheet(self, session: Session, submission: _Submission, kept: Kept, pages: int) -> Document:
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
        self, session: Session, case: Case, submission: _Submission, sheet_id: UUID, kept: Kept
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
                self._check_free(session, session.get_one(Document, attached.document_id), case.id)
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


def documents_in(form_field: DocumentsField | InvoicesField, value: Any) -> list[UUID]:
    """The documents that a checked value names."""
    if isinstance(form_field, InvoicesField):
        return [UUID(line["document"]) for line in value]
    return [UUID(document_id) for document_id in value]


def document_fields(flow: Flow, field_key: str, case_id: UUID, round_number: int) -> list[FieldSpec]:
    """The invisible fields for those who sign the documents of a form field in place."""
    return [
        FieldSpec(document_field_name(case_id, round_number, step.key))
        for step in flow.all_steps()
        if field_key in step.signs_documents
    ]


def document_field_name(case_id: UUID, round_number: int, step_key: str) -> str:
    """Name of a signature field in a document that is signed in place."""
    return f"Vermilion_{case_id.hex[-12:]}_{round_number}_{step_key}"

"""The whole picture of one case: its form, steps, papers and acts, through permissions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from core.errors import NotFound
from core.models import Department, Person
from core.permissions import Principal, ResourceType, require_read
from ingest.invoices.listing import row_of
from ingest.invoices.models import Invoice
from ingest.models import Document, Version
from signing.models import Seal
from workflow import additions
from workflow.advancing import duties
from workflow.cases import (
    ActView,
    AddedView,
    CaseView,
    ClaimLineView,
    DocumentView,
    FactView,
    RequestView,
    StepStatus,
    StepView,
)
from workflow.flows import DocumentsField, Flow, FormField, InvoicesField, SealField, load_flow
from workflow.models import (
    AddedKind,
    AddedTask,
    Case,
    CaseDocument,
    CaseState,
    Comment,
    Decision,
    FlowVersion,
    Outcome,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.sheets import continued
from workflow.submitted import SHEET_FIELD

_GOING_ON: Final = frozenset({CaseState.RUNNING, CaseState.COMPLETED})


def get_case(session: Session, principal: Principal, case_id: UUID) -> CaseView:
    """The whole picture of a case. Raises NotFound."""
    require_read(session, principal, ResourceType.CASE, case_id)
    case = session.get(Case, case_id)
    if case is None:
        raise NotFound(what="case")
    flow = load_flow(session.get_one(FlowVersion, case.flow_version_id).definition)
    applicant = session.get_one(Person, case.applicant_id)
    papers = _documents(session, case)
    documents = tuple(one for one in papers if one.field != SHEET_FIELD)
    mine = session.scalar(
        select(Task)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .where(
            Task.case_id == case_id,
            Task.state == TaskState.OPEN,
            TaskCandidate.person_id == principal.person_id,
        )
        .order_by(Task.created_at)
        .limit(1)
    )
    is_mine = case.applicant_id == principal.person_id
    return CaseView(
        case=case,
        flow=flow,
        applicant=applicant.name,
        position=applicant.position or "",
        department=session.get_one(Department, case.department_id).name,
        steps=tuple(_steps(session, principal, case, flow)),
        facts=tuple(_facts(session, case, flow, documents)),
        sheets=tuple(one for one in papers if one.field == SHEET_FIELD),
        documents=documents,
        acts=tuple(_acts(session, case, flow)),
        my_task=mine,
        may_withdraw=is_mine and case.state in (CaseState.RUNNING, CaseState.RETURNED),
        may_resubmit=is_mine and case.state == CaseState.RETURNED,
        request=_request(session, mine) if mine is not None and mine.place else None,
    )


def _request(session: Session, task: Task) -> RequestView:
    row, name = session.execute(
        select(AddedTask, Person.name)
        .join(Person, Person.id == AddedTask.added_by)
        .where(AddedTask.task_id == task.id)
    ).one()
    return RequestView(name, AddedKind(row.kind), row.reason)


def case_of_task(session: Session, principal: Principal, task_id: UUID) -> tuple[Task, CaseView]:
    """A task with its case. Raises NotFound, also when the case may not be seen."""
    task = session.get(Task, task_id)
    if task is None:
        raise NotFound(what="task")
    return task, get_case(session, principal, task.case_id)


def _documents(session: Session, case: Case) -> list[DocumentView]:
    newest = (
        select(Version.document_id, func.max(Version.number).label("number"))
        .where(Version.media_type == "application/pdf")
        .group_by(Version.document_id)
        .subquery()
    )
    rows = session.execute(
        select(CaseDocument, Document, Version)
        .join(Document, Document.id == CaseDocument.document_id)
        .join(newest, newest.c.document_id == Document.id)
        .join(Version, (Version.document_id == Document.id) & (Version.number == newest.c.number))
        .where(CaseDocument.case_id == case.id)
        .order_by(CaseDocument.round, Document.created_at, Document.id)
    ).all()
    continues = continued(session, case.id)
    return [
        DocumentView(
            id=document.id,
            title=document.title,
            kind=document.kind,
            field=attached.field,
            digest=version.digest,
            version=version.number,
            pages=version.pages or 0,
            size=version.size,
            reason=version.reason,
            round=attached.round,
            is_signed_in_place=attached.is_signed_in_place,
            continues=tuple(continues[document.id]),
        )
        for attached, document, version in rows
    ]


def _steps(session: Session, principal: Principal, case: Case, flow: Flow) -> Iterable[StepView]:
    tasks = {
        task.id: task
        for task in session.scalars(select(Task).where(Task.case_id == case.id, Task.round == case.round))
    }
    decided = {
        task_id: (Outcome(outcome), name)
        for task_id, outcome, name in session.execute(
            select(Decision.task_id, Decision.outcome, Person.name)
            .join(Person, Person.id == Decision.person_id)
            .where(Decision.case_id == case.id)
        )
    }
    names, mine = _candidates(session, principal, case)
    all_duties = duties(session, case)
    for step in flow.all_steps():
        own = next((one for one in all_duties if one.step_key == step.key and one.holder is None), None)
        if own is None:
            yield StepView(step.key, step.name, step.kind, _status(case, None, None), (), None, None, None)
            continue
        for duty in additions.subtree(all_duties, own):
            task = tasks[duty.id]
            outcome, decider = decided.get(duty.id, (None, None))
            if task.state == TaskState.CANCELLED and duty.holder is not None and case.state in _GOING_ON:
                continue  # taken back
            is_waiting = task.state == TaskState.WAITING
            yield StepView(
                step.key,
                step.name,
                step.kind,
                _status(case, task, outcome),
                (decider,) if decider else tuple(names[duty.id]),
                None if is_waiting else task.created_at,
                task.finished_at,
                outcome,
                duty.kind,
                duty.id,
                task.state in additions.UNFINISHED and duty.holder in mine,
            )


def _candidates(
    session: Session, principal: Principal, case: Case
) -> tuple[dict[UUID, list[str]], set[UUID]]:
    """Names of those who may do each task, and the tasks that the reader may do or could have done."""
    names: dict[UUID, list[str]] = defaultdict(list)
    mine = set()
    for task_id, person_id, name in session.execute(
        select(TaskCandidate.task_id, Person.id, Person.name)
        .join(Person, Person.id == TaskCandidate.person_id)
        .join(Task, Task.id == TaskCandidate.task_id)
        .where(Task.case_id == case.id)
        .order_by(Person.name)
    ):
        names[task_id].append(name)
        if person_id == principal.person_id:
            mine.add(task_id)
    return names, mine


def _status(case: Case, task: Task | None, outcome: str | None) -> StepStatus:
    if task is None:
        return "todo" if case.state == CaseState.RUNNING else "stopped"
    if outcome in (Outcome.RETURNED, Outcome.REJECTED) or task.state == TaskState.CANCELLED:
        return "stopped"
    if task.state == TaskState.WAITING:
        return "todo"
    return "done" if task.state == TaskState.DONE else "now"


def _facts(session: Session, case: Case, flow: Flow, documents: Sequence[DocumentView]) -> Iterable[FactView]:
    for field in flow.fields:
        value = case.form.get(field.key)
        if value is None or value in ("", []):
            continue
        yield FactView(field.key, field.label, field.type, _fact_value(session, field, value, documents))


def _fact_value(
    session: Session, field: FormField, value: Any, documents: Sequence[DocumentView]
) -> str | Decimal | tuple[DocumentView, ...] | tuple[ClaimLineView, ...]:
    if isinstance(field, InvoicesField):
        return tuple(_claim_lines(session, field, value, documents))
    if isinstance(field, DocumentsField):
        return tuple(one for one in documents if str(one.id) in value)
    if isinstance(field, SealField):
        return session.scalar(select(Seal.name).where(Seal.id == UUID(value))) or ""
    if field.type == "money":
        return Decimal(value)
    if field.type == "choice":
        return next((option.label.zh for option in field.options if option.value == value), str(value))
    return str(value)


def _claim_lines(
    session: Session, field: InvoicesField, lines: Sequence[dict[str, Any]], documents: Sequence[DocumentView]
) -> Iterable[ClaimLineView]:
    shown = {one.id: one for one in documents}
    ids = [UUID(line["document"]) for line in lines]
    rows = session.execute(
        select(Document, Invoice, Person.name)
        .join(Person, Person.id == Document.owner_id)
        .join(Invoice, Invoice.document_id == Document.id, isouter=True)
        .where(Document.id.in_(ids))
    )
    invoices = {document.id: row_of(invoice, document, owner) for document, invoice, owner in rows}
    labels = {one.value: one.label for one in field.categories}
    for document_id, line in zip(ids, lines, strict=True):
        yield ClaimLineView(
            document=shown[document_id],
            invoice=invoices[document_id],
            category=labels.get(line["category"] or ""),
            amount=Decimal(line["amount"]),
            tax=Decimal(line["tax"]) if line["tax"] else None,
            note=line["note"] or "",
        )


def _acts(session: Session, case: Case, flow: Flow) -> list[ActView]:
    acts = list(_additions(session, case, flow))
    acts += [
        ActView(
            person.name,
            person.position or "",
            flow.step(task.step_key).name,
            Outcome(decision.outcome),
            decision.comment,
            decision.decided_at,
            is_by_added=task.place > 0,
        )
        for decision, task, person in session.execute(
            select(Decision, Task, Person)
            .join(Task, Task.id == Decision.task_id)
            .join(Person, Person.id == Decision.person_id)
            .where(Decision.case_id == case.id)
        )
    ]
    acts += [
        ActView(person.name, person.position or "", None, None, comment.text, comment.created_at)
        for comment, person in session.execute(
            select(Comment, Person)
            .join(Person, Person.id == Comment.person_id)
            .where(Comment.case_id == case.id)
        )
    ]
    return sorted(acts, key=lambda act: act.at)


def _additions(session: Session, case: Case, flow: Flow) -> Iterable[ActView]:
    """One act for all who were added together."""
    adder, added = aliased(Person), aliased(Person)
    rows = session.execute(
        select(AddedTask, Task.step_key, adder, added.name)
        .join(Task, Task.id == AddedTask.task_id)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .join(adder, adder.id == AddedTask.added_by)
        .join(added, added.id == TaskCandidate.person_id)
        .where(Task.case_id == case.id)
        .order_by(AddedTask.at, Task.step_key, Task.place)
    ).all()
    for _, group in groupby(rows, lambda row: (row[0].at, row[0].holder_task_id)):
        together = list(group)
        row, step_key, person, _name = together[0]
        people = tuple(name for *_rest, name in together)
        yield ActView(
            person.name,
            person.position or "",
            flow.step(step_key).name,
            None,
            row.reason,
            row.at,
            added=AddedView(AddedKind(row.kind), people),
        )

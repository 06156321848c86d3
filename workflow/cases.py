"""What is shown of cases and tasks, and lists of them, always through permissions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from core.models import Person
from core.permissions import Principal, ResourceType, readable
from ingest.invoices.views import InvoiceRow
from workflow.advancing import REVISE
from workflow.flows import Flow, Text, load_flow
from workflow.models import (
    AddedKind,
    Case,
    CaseState,
    FlowVersion,
    Outcome,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.sheets import NamedState

StepStatus = Literal["done", "now", "todo", "stopped"]


@dataclass(frozen=True)
class TaskRow:
    """An open task of somebody's inbox."""

    id: UUID
    case_id: UUID
    serial_number: str
    subject: str
    flow_key: str
    flow_name: Text
    step_name: Text
    kind: str
    amount: Decimal | None
    applicant: str
    since: datetime
    is_added: bool = False


@dataclass(frozen=True)
class CaseRow:
    """A case in a list."""

    id: UUID
    serial_number: str
    subject: str
    flow_key: str
    flow_name: Text
    applicant: str
    amount: Decimal | None
    counterparty: str | None
    state: CaseState
    submitted_at: datetime
    finished_at: datetime | None
    waiting_for: tuple[str, ...]


@dataclass(frozen=True)
class StepView:
    """A step of the current round on the progress line. ``people`` decided, or may decide.

    ``added`` is set for an approver who was added to the step; ``task_id`` is their task.
    """

    key: str
    name: Text
    kind: str
    status: StepStatus
    people: tuple[str, ...]
    since: datetime | None
    finished_at: datetime | None
    outcome: Outcome | None
    added: AddedKind | None = None
    task_id: UUID | None = None
    may_take_back: bool = False


@dataclass(frozen=True)
class DocumentView:
    """A document of a case with its newest PDF version. ``field`` is ``sheet`` for sheets.

    ``continues`` are the earlier sheets that a continuation sheet names.
    """

    id: UUID
    title: str
    kind: str
    field: str
    digest: str
    version: int
    pages: int
    size: int
    reason: str
    round: int
    is_signed_in_place: bool
    continues: tuple[NamedState, ...] = ()


@dataclass(frozen=True)
class ClaimLineView:
    """A line of a claim: its invoice as it reads now, and what was claimed. Amounts in yuan."""

    document: DocumentView
    invoice: InvoiceRow
    category: Text | None
    amount: Decimal
    tax: Decimal | None
    note: str


@dataclass(frozen=True)
class FactView:
    """A filled form field. ``value`` is text, a Decimal for money, documents, or lines of a claim."""

    key: str
    label: Text
    kind: str
    value: str | Decimal | tuple[DocumentView, ...] | tuple[ClaimLineView, ...]


@dataclass(frozen=True)
class AddedView:
    """That approvers were added to a step: when they decide, and their names."""

    kind: AddedKind
    people: tuple[str, ...]


@dataclass(frozen=True)
class ActView:
    """A decision, an addition of approvers, or a comment.

    ``outcome`` is None for what is no decision; ``added`` is set for an addition, ``text`` its reason.
    """

    name: str
    position: str
    step: Text | None
    outcome: Outcome | None
    text: str
    at: datetime
    is_by_added: bool = False  # a decision of an added approver
    added: AddedView | None = None


@dataclass(frozen=True)
class RequestView:
    """Who added the reader as an approver, when they decide, and why."""

    name: str
    kind: AddedKind
    reason: str


@dataclass(frozen=True)
class CaseView:
    """Everything about one case that its page shows. ``request``: why the reader's task was added."""

    case: Case
    flow: Flow
    applicant: str
    position: str
    department: str
    steps: tuple[StepView, ...]
    facts: tuple[FactView, ...]
    sheets: tuple[DocumentView, ...]
    documents: tuple[DocumentView, ...]
    acts: tuple[ActView, ...]
    my_task: Task | None
    may_withdraw: bool
    may_resubmit: bool
    request: RequestView | None = None

    @property
    def may_add_approvers(self) -> bool:
        """Whether the reader may add approvers to their task."""
        task = self.my_task
        return task is not None and task.kind == "approve" and self.flow.step(task.step_key).may_add

    @property
    def sheet(self) -> DocumentView:
        """The sheet that the current round began with."""
        return next(one for one in self.sheets if one.id == self.case.sheet_id)

    def sheet_of(self, task: Task | None) -> DocumentView:
        """The sheet that a task's decision signs: the round's, or a continuation sheet."""
        wanted = task.sheet_id if task is not None else None
        return next((one for one in self.sheets if one.id == wanted), self.sheet)


@dataclass(frozen=True)
class CaseFilter:
    """What a list of cases is narrowed by; instants are aware, ``until`` is exclusive."""

    state: CaseState | None = None
    flow_key: str | None = None
    applicant_id: UUID | None = None
    department_id: UUID | None = None
    serial_number: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def inbox(session: Session, principal: Principal) -> list[TaskRow]:
    """The open tasks the person may do, oldest first."""
    rows = session.execute(
        select(Task, Case, Person.name)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .join(Case, Case.id == Task.case_id)
        .join(Person, Person.id == Case.applicant_id)
        .where(TaskCandidate.person_id == principal.person_id, Task.state == TaskState.OPEN)
        .order_by(Task.created_at, Task.id)
    ).all()
    flows = _flows(session, [case.flow_version_id for _task, case, _name in rows])
    return [_task_row(task, case, name, flows[case.flow_version_id]) for task, case, name in rows]


def count_inbox(session: Session, principal: Principal) -> int:
    """How many open tasks the person may do."""
    query = (
        select(func.count())
        .select_from(TaskCandidate)
        .join(Task, Task.id == TaskCandidate.task_id)
        .where(TaskCandidate.person_id == principal.person_id, Task.state == TaskState.OPEN)
    )
    return session.scalar(query) or 0


def list_cases(
    session: Session,
    principal: Principal,
    wanted: CaseFilter | None = None,
    *,
    before: UUID | None = None,
    limit: int = 25,
) -> list[CaseRow]:
    """Cases the person may see, newest first; ``before`` is the last one of the page before."""
    query = (
        select(Case, Person.name)
        .join(Person, Person.id == Case.applicant_id)
        .where(*_conditions(principal, wanted or CaseFilter()))
    )
    last = session.get(Case, before) if before is not None else None
    if last is not None:
        query = query.where(
            or_(
                Case.submitted_at < last.submitted_at,
                (Case.submitted_at == last.submitted_at) & (Case.id < last.id),
            )
        )
    rows = session.execute(query.order_by(Case.submitted_at.desc(), Case.id.desc()).limit(limit)).all()
    flows = _flows(session, [case.flow_version_id for case, _name in rows])
    waiting = _waiting(session, [case.id for case, _name in rows])
    return [
        CaseRow(
            id=case.id,
            serial_number=case.serial_number,
            subject=case.subject,
            flow_key=case.flow_key,
            flow_name=flows[case.flow_version_id].name,
            applicant=name,
            amount=case.amount,
            counterparty=case.counterparty,
            state=CaseState(case.state),
            submitted_at=case.submitted_at,
            finished_at=case.finished_at,
            waiting_for=tuple(waiting[case.id]),
        )
        for case, name in rows
    ]


def count_cases(session: Session, principal: Principal, wanted: CaseFilter | None = None) -> int:
    """How many cases the person may see."""
    query = select(func.count()).select_from(Case).where(*_conditions(principal, wanted or CaseFilter()))
    return session.scalar(query) or 0


def _conditions(principal: Principal, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [readable(principal, ResourceType.CASE, Case.id)]
    equal: tuple[tuple[Any, Any], ...] = (
        (Case.state, wanted.state),
        (Case.flow_key, wanted.flow_key),
        (Case.applicant_id, wanted.applicant_id),
        (Case.department_id, wanted.department_id),
        (Case.serial_number, wanted.serial_number),
    )
    conditions += [column == value for column, value in equal if value is not None]
    if wanted.since is not None:
        conditions.append(Case.submitted_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Case.submitted_at < wanted.until)
    return conditions


def _flows(session: Session, ids: Iterable[UUID]) -> dict[UUID, Flow]:
    rows = session.execute(select(FlowVersion.id, FlowVersion.definition).where(FlowVersion.id.in_(set(ids))))
    return {version_id: load_flow(definition) for version_id, definition in rows}


def _task_row(task: Task, case: Case, applicant: str, flow: Flow) -> TaskRow:
    name = flow.name if task.step_key == REVISE else flow.step(task.step_key).name
    return TaskRow(
        id=task.id,
        case_id=case.id,
        serial_number=case.serial_number,
        subject=case.subject,
        flow_key=case.flow_key,
        flow_name=flow.name,
        step_name=name,
        kind=task.kind,
        amount=case.amount,
        applicant=applicant,
        since=task.created_at,
        is_added=task.place > 0,
    )


def _waiting(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Names of those at whom open tasks wait, by case."""
    found: dict[UUID, list[str]] = defaultdict(list)
    rows = session.execute(
        select(Task.case_id, Person.name)
        .join(TaskCandidate, TaskCandidate.task_id == Task.id)
        .join(Person, Person.id == TaskCandidate.person_id)
        .where(Task.case_id.in_(case_ids), Task.state == TaskState.OPEN)
        .order_by(Task.created_at, Person.name)
    )
    for case_id, name in rows:
        if name not in found[case_id]:
            found[case_id].append(name)
    return found

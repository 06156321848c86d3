"""How cases are put before a reader: words in their language, and nothing decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session

from core.permissions import Principal
from portal.fields import as_id
from portal.visit import Visit
from signing.service import SigningService
from workflow.cases import CaseRow, CaseView, ClaimLineView, DocumentView, StepView, TaskRow
from workflow.flows import Text
from workflow.models import CaseState, Outcome
from workflow.service import WorkflowService

URGENT_AFTER: Final = timedelta(days=3)
_STATUS: Final = {"done": "done", "now": "now", "todo": "later"}


@dataclass(frozen=True)
class Step:
    """A step of the progress line."""

    name: str
    status: str
    people: tuple[str, ...]
    since: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class AddedLine:
    """An added approver who has not decided yet: their task, name, and whether before or after."""

    task_id: UUID
    name: str
    kind: str


@dataclass(frozen=True)
class Fact:
    """A filled form field."""

    label: str
    kind: str
    value: str | Decimal | Sequence[DocumentView] | Sequence[ClaimLineView]


@dataclass(frozen=True)
class Act:
    """A decision or comment, as a line of the timeline."""

    name: str
    at: datetime
    group: str | None
    value: str | None
    text: str
    note: str


@dataclass(frozen=True)
class TaskCard:
    """A to-do in a list."""

    id: UUID
    subject: str
    flow_title: str
    serial_number: str
    applicant: str
    since: datetime
    amount: Decimal | None
    is_urgent: bool
    kind: str
    is_added: bool = False


@dataclass(frozen=True)
class CaseLine:
    """A case in a list, with its progress where it is shown."""

    id: UUID
    serial_number: str
    subject: str
    flow_title: str
    applicant: str
    amount: Decimal | None
    submitted_at: datetime
    state: CaseState
    steps: tuple[Step, ...] = ()


def steps(visit: Visit, view: CaseView) -> tuple[Step, ...]:
    """The progress line of a case."""
    return tuple(_step(visit, step, CaseState(view.case.state)) for step in view.steps)


def _step(visit: Visit, step: StepView, state: CaseState) -> Step:
    name = step_name(visit, step.name, step.added is not None)
    return Step(name, step_status(step, state), step.people, step.since, step.finished_at)


def step_name(visit: Visit, name: Text, is_added: bool) -> str:
    """A step's name; where an approver was added to it, so marked."""
    words = name.text(visit.language)
    return visit.text("step-added", step=words) if is_added else words


def taken_back(visit: Visit, view: CaseView) -> list[AddedLine]:
    """The added approvers whom the reader may still take back."""
    return [
        AddedLine(step.task_id, visit.text("list-separator").join(step.people), step.added.value)
        for step in view.steps
        if step.may_take_back and step.task_id is not None and step.added is not None
    ]


def step_status(step: StepView, state: CaseState) -> str:
    """How a step stands on the progress line: only where a case ended does it bear a cross.

    One that a returned case has still to pass is still to come; one that it will never reach is skipped.
    """
    if step.status != "stopped":
        return _STATUS[step.status]
    if step.outcome == Outcome.RETURNED:
        return "returned"
    if state == CaseState.RETURNED:
        return "later"
    return "skipped" if step.since is None else "stopped"


def facts(visit: Visit, view: CaseView) -> list[Fact]:
    """What the applicant filled in."""
    shown = []
    for fact in view.facts:
        value = fact.value
        if fact.kind == "choice" and isinstance(value, str):
            value = _option(visit, view, fact.key, value)
        elif fact.kind == "date" and isinstance(value, str):
            value = visit.formats.day(datetime.fromisoformat(f"{value}T12:00:00+00:00"))
        shown.append(Fact(fact.label.text(visit.language), fact.kind, value))
    return shown


def _option(visit: Visit, view: CaseView, key: str, value: str) -> str:
    field = next(field for field in view.flow.fields if field.key == key)
    options = getattr(field, "options", ())
    return next((one.label.text(visit.language) for one in options if one.label.zh == value), value)


def acts(visit: Visit, view: CaseView) -> list[Act]:
    """Decisions and comments, oldest first, led by the application itself."""
    lines = [Act(view.applicant, view.case.submitted_at, None, None, "", visit.text("case-applied"))]
    for act in view.acts:
        outcome = act.outcome.value if act.outcome else None
        note = step_name(visit, act.step, act.is_by_added) if act.step else visit.text("case-commented")
        if act.added is not None:
            people = visit.text("list-separator").join(act.added.people)
            note = visit.text(f"case-added-{act.added.kind.value}", people=people)
        lines.append(Act(act.name, act.at, "outcome" if outcome else None, outcome, act.text, note))
    return lines


def papers(visit: Visit, view: CaseView) -> list[DocumentView]:
    """The sheets, newest first, then the documents, with titles for the tabs."""
    return [*sorted(view.sheets, key=lambda one: -one.round), *view.documents]


def shown_paper(request: Request, view: CaseView, among: Sequence[DocumentView]) -> DocumentView:
    """The paper that the address asks for; else what is decided about, else the sheet."""
    wanted = as_id(request.query_params.get("document", ""))
    for paper in among:
        if paper.id == wanted:
            return paper
    first = next((one for one in view.documents if one.is_signed_in_place), None)
    return first or view.sheet


def task_card(visit: Visit, row: TaskRow) -> TaskCard:
    """A task of the inbox."""
    return TaskCard(
        row.id,
        row.subject,
        row.flow_name.text(visit.language),
        row.serial_number,
        row.applicant,
        row.since,
        row.amount,
        visit.runtime.clock.now() - row.since > URGENT_AFTER,
        row.kind,
        row.is_added,
    )


def case_line(visit: Visit, row: CaseRow, line: tuple[Step, ...] = ()) -> CaseLine:
    """A case of a list."""
    return CaseLine(
        row.id,
        row.serial_number,
        row.subject,
        row.flow_name.text(visit.language),
        row.applicant,
        row.amount,
        row.submitted_at,
        row.state,
        line,
    )


def case_context(request: Request, visit: Visit, view: CaseView) -> dict[str, Any]:
    """What case page, task page and sealing page share."""
    documents = papers(visit, view)
    return {
        "case": view.case,
        "flow_title": view.flow.name.text(visit.language),
        "applicant": view.applicant,
        "facts": facts(visit, view),
        "acts": acts(visit, view),
        "documents": documents,
        "shown": shown_paper(request, view, documents),
        "added": taken_back(visit, view),
    }


def has_pin(visit: Visit, session: Session, principal: Principal) -> bool:
    """Whether the reader can sign."""
    return visit.runtime.get(SigningService).has_credential(session, principal.person_id)


def way(visit: Visit, key: str) -> str:
    """The steps of a flow in a line."""
    with visit.runtime.database.read() as session:
        flow = visit.runtime.get(WorkflowService).flow(session, key).flow
    groups = [" + ".join(step.name.text(visit.language) for step in group) for group in flow.groups]
    return " → ".join(groups)

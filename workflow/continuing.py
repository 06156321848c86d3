"""Continuation sheets for added approvers: one for all whose tasks open at the same moment.

An added approver has no field on a sheet that is certified already, so they decide on a sheet of their
own, with a field for each of them. It names every sheet of the case in its newest state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.i18n import translator
from core.models import Department, LegalEntity, Organisation, Person
from core.permissions import term_person
from core.settings import Settings
from workflow import sheet
from workflow.advancing import Advancing
from workflow.flows import load_flow
from workflow.models import AddedKind, AddedTask, Case, FlowVersion, Task, TaskCandidate, TaskState
from workflow.sheets import MadeSheet, Sheets, SheetState


@dataclass(frozen=True)
class Added:
    """An approver who was added, and by whom, why and when."""

    person: Person
    kind: AddedKind
    by: Person
    reason: str
    at: datetime


@dataclass(frozen=True)
class Following:
    """A continuation sheet that is to be made for added approvers, in their order."""

    data: sheet.SheetData
    earlier: tuple[SheetState, ...]
    tasks: tuple[UUID, ...] = ()

    def naming(self, document_id: UUID, digest: str) -> Following:
        """The same, with another state of one of the earlier sheets."""
        earlier = (
            replace(one, digest=digest) if one.document_id == document_id else one for one in self.earlier
        )
        return replace(self, earlier=tuple(earlier))


class Continuing:
    """Prepares and enters continuation sheets; ``make`` belongs outside of any transaction."""

    def __init__(self, sheets: Sheets, advancing: Advancing, clock: Clock, settings: Settings) -> None:
        self._sheets = sheets
        self._advancing = advancing
        self._clock = clock
        self._settings = settings

    def following(self, session: Session, case: Case, task: Task) -> Following | None:
        """The sheet for those who were added after a task, or None when nobody was."""
        rows = session.execute(
            select(Task.id, AddedTask, Person)
            .join(AddedTask, AddedTask.task_id == Task.id)
            .join(TaskCandidate, TaskCandidate.task_id == Task.id)
            .join(Person, Person.id == TaskCandidate.person_id)
            .where(
                AddedTask.holder_task_id == task.id,
                AddedTask.kind == AddedKind.AFTER,
                Task.state == TaskState.WAITING,
            )
            .order_by(Task.place)
        ).all()
        if not rows:
            return None
        people = [
            Added(person, AddedKind(row.kind), session.get_one(Person, row.added_by), row.reason, row.at)
            for _id, row, person in rows
        ]
        prepared = self.prepare(session, case, task.step_key, people)
        return replace(prepared, tasks=tuple(task_id for task_id, _row, _person in rows))

    def prepare(self, session: Session, case: Case, step_key: str, people: Sequence[Added]) -> Following:
        """What the sheet for added approvers will say."""
        flow = load_flow(session.get_one(FlowVersion, case.flow_version_id).definition)
        applicant = session.get_one(Person, case.applicant_id)
        earlier = self._sheets.states(session, case.id)
        zone = self._settings.zone
        text = translator("zh-CN")
        boxes = tuple(
            sheet.Box(
                sheet.added_field_name(step_key, case.round, len(earlier), number),
                text.text("sheet-added-box", name=one.person.name),
            )
            for number, one in enumerate(people, start=1)
        )
        data = sheet.SheetData(
            entity=session.get_one(LegalEntity, case.entity_id).name,
            heading=sheet.heading_of(flow),
            serial_number=case.serial_number,
            round=case.round,
            applicant=applicant.name,
            position=applicant.position or "",
            department=session.get_one(Department, case.department_id).name,
            subject=case.subject,
            submitted_at=case.submitted_at.astimezone(zone),
            made_at=self._clock.now().astimezone(zone),
            facts=(),
            documents=(),
            boxes=boxes,
            verify_url=self._sheets.verify_url(case.verify_token, earlier),
            is_demo=bool(session.scalar(select(Organisation.is_demo))),
            added=((text.text("sheet-added-step"), flow.step(step_key).name.zh), *self._facts(people)),
        )
        return Following(data, earlier)

    def _facts(self, people: Sequence[Added]) -> list[tuple[str, str]]:
        """Who added whom, how, why and when: once for all who were added together."""
        text = translator("zh-CN")
        facts: list[tuple[str, str]] = []
        for _, group in groupby(people, lambda one: (one.by.id, one.kind, one.reason, one.at)):
            together = list(group)
            first = together[0]
            facts += [
                (text.text("sheet-added-by"), _named(first.by)),
                (text.text("sheet-added-kind"), text.text(f"sheet-added-{first.kind.value}")),
                (text.text("sheet-added-whom"), "、".join(_named(one.person) for one in together)),
                (text.text("sheet-added-reason"), first.reason),
                (text.text("sheet-added-at"), sheet.moment(first.at.astimezone(self._settings.zone))),
            ]
        return facts

    def make(self, following: Following) -> MadeSheet:
        """Typeset and certify the sheet. No transaction is open."""
        return self._sheets.make(following.data, following.earlier)

    def enter(self, session: Session, case: Case, following: Following, made: MadeSheet) -> None:
        """Put the sheet behind those of the case and open its approvers' tasks. Raises SheetsMoved."""
        document = self._sheets.new_document(
            session,
            made,
            case.serial_number,
            owner_id=case.applicant_id,
            entity_id=case.entity_id,
            department_id=case.department_id,
        )
        self._sheets.enter(session, case, document.id, made)
        now = self._clock.now()
        for task_id, box in zip(following.tasks, following.data.boxes, strict=True):
            task = session.get_one(Task, task_id)
            task.state, task.created_at = TaskState.OPEN, now
            task.sheet_id, task.field_name = document.id, box.name
        people = session.scalars(
            select(TaskCandidate.person_id).where(TaskCandidate.task_id.in_(following.tasks))
        ).all()
        self._advancing.grant(session, case, [term_person(person) for person in people])


def _named(person: Person) -> str:
    return f"{person.name}（{person.position}）" if person.position else person.name

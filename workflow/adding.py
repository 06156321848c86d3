"""The verb *add approvers* 加签: the holder of a task has others decide before them, or after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.models import Department, LegalEntity, Person
from core.permissions import Principal, ResourceType, require_read
from signing.service import SigningService
from workflow import additions
from workflow.advancing import Advancing, duties
from workflow.continuing import Added, Continuing
from workflow.deciding import Deciding, Ground
from workflow.errors import (
    AddingNotAllowed,
    CannotApprove,
    FieldMissing,
    NobodyAdded,
    NotYourTask,
    StalePage,
    TaskFinished,
    TextTooLong,
)
from workflow.flows import load_flow
from workflow.models import (
    AddedKind,
    AddedTask,
    Case,
    CaseState,
    Decision,
    FlowVersion,
    Task,
    TaskCandidate,
    TaskState,
)
from workflow.sheets import MOST_TRIES, SheetsMoved

MOST_ADDED: Final = 20
"""How many approvers can be added at once."""
LONGEST_REASON: Final = 500


@dataclass(frozen=True)
class Colleague:
    """Somebody who could be added as an approver."""

    id: UUID
    name: str
    position: str
    department: str


class Adding:
    """Adds approvers to tasks. Opens its own transactions: a sheet is made between them."""

    def __init__(
        self,
        database: Database,
        signing: SigningService,
        clock: Clock,
        advancing: Advancing,
        deciding: Deciding,
        continuing: Continuing,
    ) -> None:
        self._database = database
        self._signing = signing
        self._clock = clock
        self._advancing = advancing
        self._deciding = deciding
        self._continuing = continuing

    def colleagues(
        self,
        session: Session,
        principal: Principal,
        task_id: UUID,
        text: str = "",
        *,
        among: Collection[UUID] | None = None,
        limit: int = 50,
    ) -> list[Colleague]:
        """Who the holder of a task may add to it, their own department first; with ``among`` of these.

        ``text`` is part of a name, user name, position or department. Raises what looking at the task
        for a decision raises, and AddingNotAllowed.
        """
        ground = self._ground(session, principal, task_id)
        own_first = Person.department_id != principal.department_id
        query = (
            select(Person, Department.name)
            .join(Department, Department.id == Person.department_id)
            .join(LegalEntity, LegalEntity.id == Department.entity_id)
            .where(
                Person.is_active,
                LegalEntity.is_active,
                Person.id != ground.case.applicant_id,
                Person.id.not_in(_taking_part(ground.case)),
            )
            .order_by(own_first, Department.name, Person.name, Person.id)
            .limit(limit)
        )
        if among is not None:
            query = query.where(Person.id.in_(among))
        for word in text.split():
            like = f"%{_literally(word)}%"
            columns = (Person.name, Person.username, Person.position, Department.name)
            query = query.where(or_(*(column.ilike(like, escape="\\") for column in columns)))
        return [
            Colleague(person.id, person.name, person.position or "", department)
            for person, department in session.execute(query)
        ]

    def add(
        self,
        principal: Principal,
        task_id: UUID,
        kind: AddedKind,
        person_ids: Sequence[UUID],
        reason: str,
    ) -> None:
        """Have others decide before the holder of the task 前加签, or after they approved 后加签.

        All of them decide, in any order, on one continuation sheet. Raises what looking at the task for
        a decision raises, AddingNotAllowed, NobodyAdded, CannotApprove, FieldMissing, TextTooLong,
        AuthorityNotReady; then nothing was changed.
        """
        reason = _reason(reason)
        wanted = list(dict.fromkeys(person_ids))
        if not 1 <= len(wanted) <= MOST_ADDED:
            raise NobodyAdded(field="people", most=MOST_ADDED)
        for _ in range(MOST_TRIES):
            try:
                if kind is AddedKind.BEFORE:
                    self._add_before(principal, task_id, wanted, reason)
                else:
                    self._add_after(principal, task_id, wanted, reason)
            except SheetsMoved:
                continue
            return
        raise StalePage()

    def _add_before(self, principal: Principal, task_id: UUID, wanted: Sequence[UUID], reason: str) -> None:
        now = self._clock.now()
        with self._database.read() as session:
            ground = self._ground(session, principal, task_id)
            self._signing.check_ready(session)
            holder = session.get_one(Person, principal.person_id)
            people = [
                Added(person, AddedKind.BEFORE, holder, reason, now)
                for person in _checked(session, ground.case, wanted)
            ]
            following = self._continuing.prepare(session, ground.case, ground.step.key, people)
        made = self._continuing.make(following)
        with self._database.write() as session:
            case, task = self._deciding.lock(session, ground)
            tasks = self._enter(session, principal, case, task, AddedKind.BEFORE, wanted, reason)
            task.state = TaskState.WAITING
            self._continuing.enter(session, case, replace(following, tasks=tuple(tasks)), made)
            self._advancing.touch(session, case, now)

    def _add_after(self, principal: Principal, task_id: UUID, wanted: Sequence[UUID], reason: str) -> None:
        with self._database.read() as session:
            ground = self._ground(session, principal, task_id)
        with self._database.write() as session:
            case, task = self._deciding.lock(session, ground)
            self._enter(session, principal, case, task, AddedKind.AFTER, wanted, reason)
            self._advancing.touch(session, case, self._clock.now())

    def _ground(self, session: Session, principal: Principal, task_id: UUID) -> Ground:
        ground = self._deciding.read_ground(session, principal, task_id, None)
        if not ground.step.may_add:
            raise AddingNotAllowed(step=ground.step.name.zh, step_en=ground.step.name.en)
        return ground

    def _enter(
        self,
        session: Session,
        principal: Principal,
        case: Case,
        task: Task,
        kind: AddedKind,
        wanted: Sequence[UUID],
        reason: str,
    ) -> list[UUID]:
        """Write the tasks of the added approvers; they wait until their sheet is there."""
        now = self._clock.now()
        people = _checked(session, case, wanted)
        last = session.scalar(
            select(func.max(Task.place)).where(
                Task.case_id == case.id, Task.round == case.round, Task.step_key == task.step_key
            )
        )
        made: list[UUID] = []
        for place, person in enumerate(people, start=(last or 0) + 1):
            added = Task(step_key=task.step_key, kind=task.kind, state=TaskState.WAITING, place=place)
            self._advancing.add_task(session, case, added, [person.id], now)
            session.add(
                AddedTask(
                    task_id=added.id,
                    holder_task_id=task.id,
                    kind=kind,
                    reason=reason,
                    added_by=principal.person_id,
                    at=now,
                )
            )
            made.append(added.id)
        session.flush()
        audit.record(
            session,
            now,
            principal.person_id,
            "task.approvers_added",
            "case",
            case.id,
            {
                "step": task.step_key,
                "round": task.round,
                "kind": kind.value,
                "people": [str(person.id) for person in people],
            },
        )
        self._tell_applicant(session, principal, case, people)
        return made

    def _tell_applicant(
        self, session: Session, principal: Principal, case: Case, people: Sequence[Person]
    ) -> None:
        context = {
            "person": principal.name,
            "people": "、".join(person.name for person in people),
            "serial": case.serial_number,
        }
        now = self._clock.now()
        notices.tell(session, now, [case.applicant_id], "approvers-added", "case", case.id, context)

    def take_back(self, principal: Principal, task_id: UUID) -> None:
        """Undo an addition 减签 while the added approver has not decided; for the holder of the task.

        What was added to theirs goes with it. Their continuation sheet stays, with an empty field.
        Raises NotFound, NotYourTask, TaskFinished.
        """
        with self._database.write() as session:
            row = session.get(AddedTask, task_id)
            if row is None:
                raise NotFound(what="task")
            task = session.get_one(Task, task_id)
            require_read(session, principal, ResourceType.CASE, task.case_id)
            if session.get(TaskCandidate, (row.holder_task_id, principal.person_id)) is None:
                raise NotYourTask()
            case = session.scalars(select(Case).where(Case.id == task.case_id).with_for_update()).one()
            session.refresh(task)
            if case.state != CaseState.RUNNING or task.round != case.round:
                raise TaskFinished()
            if task.state not in additions.UNFINISHED:
                raise TaskFinished()
            now = self._clock.now()
            all_duties = duties(session, case)
            top = next(one for one in all_duties if one.id == task_id)
            for one in additions.subtree(all_duties, top):
                if one.state in additions.UNFINISHED:
                    taken = session.get_one(Task, one.id)
                    taken.state, taken.finished_at = TaskState.CANCELLED, now
            audit.record(
                session,
                now,
                principal.person_id,
                "task.approver_taken_back",
                "case",
                case.id,
                {"step": task.step_key, "round": task.round, "place": task.place},
            )
            session.flush()
            flow = load_flow(session.get_one(FlowVersion, case.flow_version_id).definition)
            self._advancing.open_next(session, case, flow, now)
            self._advancing.touch(session, case, now)


def _checked(session: Session, case: Case, wanted: Sequence[UUID]) -> list[Person]:
    """The people by their ids, if each can decide in this case. Raises CannotApprove."""
    taking_part = set(session.scalars(_taking_part(case)))
    people = []
    for person_id in wanted:
        person = session.get(Person, person_id)
        entity = (
            session.scalar(
                select(LegalEntity)
                .join(Department, Department.entity_id == LegalEntity.id)
                .where(Department.id == person.department_id)
            )
            if person is not None
            else None
        )
        if person is None or not person.is_active or entity is None or not entity.is_active:
            raise CannotApprove(field="people", name=person.name if person else "?", why="unknown")
        if person.id == case.applicant_id:  # nobody approves their own application
            raise CannotApprove(field="people", name=person.name, why="applicant")
        if person.id in taking_part:
            raise CannotApprove(field="people", name=person.name, why="twice")
        people.append(person)
    return people


def _taking_part(case: Case) -> Select[UUID]:
    """Those who decided in the case's round, or can, or will be able to: nobody is added twice."""
    return (
        select(TaskCandidate.person_id)
        .join(Task, Task.id == TaskCandidate.task_id)
        .outerjoin(Decision, Decision.task_id == Task.id)
        .where(
            Task.case_id == case.id,
            Task.round == case.round,
            or_(Task.state.in_(additions.UNFINISHED), Decision.person_id == TaskCandidate.person_id),
        )
    )


def _reason(typed: str) -> str:
    reason = "".join(letter for letter in typed if letter.isprintable() or letter == "\n").strip()
    if not reason:
        raise FieldMissing(field="reason")
    if len(reason) > LONGEST_REASON:
        raise TextTooLong(field="reason", longest=LONGEST_REASON)
    return reason


def _literally(word: str) -> str:
    """A word for LIKE, its wildcards taken as they stand."""
    return word.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")

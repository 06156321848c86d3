"""Who may do a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.models import Department, Person, Role
from signing.models import Seal, SealState
from workflow.errors import NoApprover
from workflow.flows import ByKeeper, ByPosition, ByRole, Step


def candidates(
    session: Session,
    step: Step,
    applicant: Person,
    entity_id: UUID,
    values: dict[str, Any],
    day: date,
) -> Sequence[UUID]:
    """The people who may do a step, any one of whom will. Raises NoApprover.

    Nobody approves their own application: the applicant is left out, and for the head of a
    department the head of the one above steps in. A keeper does seal what they applied for, since
    others approved it.
    """
    who = step.who
    found: list[UUID] = []
    if isinstance(who, ByKeeper):
        found = _keeper(session, values.get(who.keeper_of))
    elif isinstance(who, ByRole):
        found = [person.id for person in people.holders(session, Role(who.role), entity_id, day)]
    elif isinstance(who, ByPosition):
        holders = people.holders(session, Role.APPROVER, entity_id, day, position=who.position)
        found = [person.id for person in holders]
    else:
        head = head_above(session, applicant)
        found = [head] if head is not None else []
    if not isinstance(who, ByKeeper):
        found = [person for person in found if person != applicant.id]
    if not found:
        raise NoApprover(step=step.name.zh, step_en=step.name.en)
    return found


def head_above(session: Session, applicant: Person) -> UUID | None:
    """The head of the applicant's department, or of the nearest one above that has another head."""
    seen: set[UUID] = set()
    department = session.get(Department, applicant.department_id)
    while department is not None and department.id not in seen:
        seen.add(department.id)
        head = session.get(Person, department.head_id) if department.head_id else None
        if head is not None and head.is_active and head.id != applicant.id:
            return head.id
        department = session.get(Department, department.parent_id) if department.parent_id else None
    return None


def _keeper(session: Session, seal_id: object) -> list[UUID]:
    if not isinstance(seal_id, str):
        return []
    keeper = session.scalar(
        select(Seal.keeper_id)
        .join(Person, Person.id == Seal.keeper_id)
        .where(Seal.id == UUID(seal_id), Seal.state == SealState.ACTIVE, Person.is_active)
    )
    return [keeper] if keeper is not None else []

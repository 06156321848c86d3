"""Legal entities, departments, people and their roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, InvalidInput, NotFound
from core.models import Department, LegalEntity, Person, Role, RoleAssignment, SignIn
from core.permissions import is_valid_on

RoleCheck = Callable[[Session, UUID, Role, date, date | None], None]
"""Raises when a person may not be given a role for a period."""
ROLE_CHECKS: Final[list[RoleCheck]] = []
"""Registered by the rooms whose things bar a role, in ``vermilion.assembly``."""
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


def create_entity(
    session: Session,
    name: str,
    now: datetime,
    *,
    social_credit_code: str | None = None,
    actor: UUID | None = None,
) -> LegalEntity:
    """Add a legal entity. Raises InvalidInput, Conflict when the name is taken."""
    name = _required("name", name, 200)
    if session.scalar(select(LegalEntity.id).where(LegalEntity.name == name)):
        raise Conflict(field="name", value=name)
    entity = LegalEntity(name=name, social_credit_code=social_credit_code)
    session.add(entity)
    session.flush()
    audit.record(session, now, actor, "entity.created", "entity", entity.id, {"name": name})
    return entity


def create_department(
    session: Session,
    entity_id: UUID,
    name: str,
    now: datetime,
    *,
    parent_id: UUID | None = None,
    actor: UUID | None = None,
) -> Department:
    """Add a department below ``parent_id`` or at the top. The parent must be of the same entity."""
    if parent_id is not None:
        parent = session.get(Department, parent_id)
        if parent is None or parent.entity_id != entity_id:
            raise NotFound(what="department")
    department = Department(entity_id=entity_id, parent_id=parent_id, name=_required("name", name, 200))
    session.add(department)
    session.flush()
    audit.record(
        session, now, actor, "department.created", "department", department.id, {"name": department.name}
    )
    return department


def set_head(
    session: Session, department_id: UUID, person_id: UUID | None, now: datetime, *, actor: UUID | None = None
) -> None:
    """Put somebody at the head of a department. It takes effect at once."""
    department = session.get(Department, department_id)
    if department is None:
        raise NotFound(what="department")
    department.head_id = person_id
    audit.record(
        session,
        now,
        actor,
        "department.head_set",
        "department",
        department_id,
        {"head": str(person_id) if person_id else None},
    )


def create_person(
    session: Session,
    username: str,
    name: str,
    department_id: UUID,
    password_hash: str,
    now: datetime,
    *,
    position: str | None = None,
    manager_id: UUID | None = None,
    email: str | None = None,
    language: str | None = None,
    actor: UUID | None = None,
) -> Person:
    """Add a person who can sign in, with the role employee.

    ``username`` is lower-case letters, digits, ``.``, ``_`` and ``-``. Raises InvalidInput, Conflict.
    """
    if not _USERNAME.fullmatch(username):
        raise InvalidInput(field="username", reason="a-z 0-9 . _ -")
    if session.scalar(select(Person.id).where(Person.username == username)):
        raise Conflict(field="username", value=username)
    if session.get(Department, department_id) is None:
        raise NotFound(what="department")
    person = Person(
        username=username,
        name=_required("name", name, 100),
        department_id=department_id,
        position=position or None,
        manager_id=manager_id,
        email=email or None,
        password_hash=password_hash,
        language=language,
        created_at=now,
    )
    session.add(person)
    session.flush()
    assign_role(session, person.id, Role.EMPLOYEE, now.date(), now, actor=actor)
    audit.record(session, now, actor, "person.created", "person", person.id, {"username": username})
    return person


def assign_role(
    session: Session,
    person_id: UUID,
    role: Role,
    valid_from: date,
    now: datetime,
    *,
    position: str | None = None,
    entity_id: UUID | None = None,
    department_id: UUID | None = None,
    valid_to: date | None = None,
    actor: UUID | None = None,
) -> RoleAssignment:
    """Give a role for a period (both ends inclusive) and a scope; no scope is everywhere.

    Raises InvalidInput, and what ``ROLE_CHECKS`` raise.
    """
    if valid_to is not None and valid_to < valid_from:
        raise InvalidInput(field="valid_to", reason=f"< {valid_from.isoformat()}")
    if role is Role.APPROVER and not position:
        raise InvalidInput(field="position", reason="required")
    for check in ROLE_CHECKS:
        check(session, person_id, role, valid_from, valid_to)
    assignment = RoleAssignment(
        person_id=person_id,
        role=role,
        position=position,
        entity_id=entity_id,
        department_id=department_id,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    session.add(assignment)
    session.flush()
    audit.record(
        session,
        now,
        actor,
        "role.assigned",
        "person",
        person_id,
        {"role": role.value, "position": position, "from": valid_from.isoformat()},
    )
    return assignment


def end_role(
    session: Session, assignment_id: UUID, last_day: date, now: datetime, *, actor: UUID | None = None
) -> None:
    """Let an assignment end after ``last_day``."""
    assignment = session.get(RoleAssignment, assignment_id)
    if assignment is None:
        raise NotFound(what="role")
    assignment.valid_to = last_day
    audit.record(
        session,
        now,
        actor,
        "role.ended",
        "person",
        assignment.person_id,
        {"role": assignment.role, "to": last_day.isoformat()},
    )


def deactivate(session: Session, person_id: UUID, now: datetime, *, actor: UUID | None = None) -> None:
    """Stop a person from signing in, at once; what they did stays."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(what="person")
    person.is_active = False
    for sign_in in session.scalars(select(SignIn).where(SignIn.person_id == person_id)):
        session.delete(sign_in)
    audit.record(session, now, actor, "person.deactivated", "person", person_id)


def reactivate(session: Session, person_id: UUID, now: datetime, *, actor: UUID | None = None) -> None:
    """Let a person sign in again."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(what="person")
    person.is_active = True
    audit.record(session, now, actor, "person.reactivated", "person", person_id)


def holders(
    session: Session, role: Role, entity_id: UUID, day: date, *, position: str | None = None
) -> Sequence[Person]:
    """The active people who hold a role for a legal entity on a day, by name."""
    query = (
        select(Person, RoleAssignment)
        .join(RoleAssignment, RoleAssignment.person_id == Person.id)
        .where(
            RoleAssignment.role == role,
            Person.is_active,
            or_(RoleAssignment.entity_id.is_(None), RoleAssignment.entity_id == entity_id),
        )
        .order_by(Person.name, Person.id)
    )
    if position is not None:
        query = query.where(RoleAssignment.position == position)
    found = {
        person.id: person for person, assignment in session.execute(query) if is_valid_on(assignment, day)
    }
    return list(found.values())


def _required(field: str, value: str, longest: int) -> str:
    value = value.strip()
    if not value or len(value) > longest:
        raise InvalidInput(field=field, reason=f"1–{longest}")
    return value

"""Who may read what: the one place that knows.

Rooms write *access rows* (resource, principal term) with what they own. A person's roles become
*principal terms* here; a resource is readable when they share a term. The same terms make the SQL
condition and the search filter, so that no list, count, search, export or download can differ.

Terms: ``all`` · ``entity:<id>`` · ``department:<id>`` · ``person:<id>`` · ``seal:<id>``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, exists, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database import insert_unless_there
from core.errors import Forbidden, NotFound
from core.models import AccessRow, Department, Person, Role, RoleAssignment, TermHolder

ALL: Final = "all"
READING_ROLES: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.ARCHIVIST})
"""Roles that read everything within their scope."""


class ResourceType(StrEnum):
    """Kinds of things that have access rows."""

    CASE = "case"
    DOCUMENT = "document"
    SEAL_RECORD = "seal_record"


@dataclass(frozen=True)
class Grant:
    """A role assignment that is valid now."""

    role: Role
    position: str | None
    entity_id: UUID | None
    department_id: UUID | None


@dataclass(frozen=True)
class Principal:
    """The person who acts, with everything that permission decisions need."""

    person_id: UUID
    username: str
    name: str
    position: str | None
    language: str | None
    department_id: UUID
    entity_id: UUID
    grants: tuple[Grant, ...]
    terms: frozenset[str]

    @property
    def reads_all(self) -> bool:
        return ALL in self.terms

    def has(self, role: Role, entity_id: UUID | None = None) -> bool:
        """Whether the role is held; with ``entity_id``, whether it reaches that legal entity."""
        return any(
            grant.role == role and (entity_id is None or grant.entity_id in (None, entity_id))
            for grant in self.grants
        )

    def require(self, *roles: Role) -> None:
        """Raise Forbidden unless one of the roles is held."""
        if not any(self.has(role) for role in roles):
            raise Forbidden(needs=", ".join(roles))


def term_person(person_id: UUID) -> str:
    return f"person:{person_id}"


def term_department(department_id: UUID) -> str:
    return f"department:{department_id}"


def term_entity(entity_id: UUID) -> str:
    return f"entity:{entity_id}"


def term_seal(seal_id: UUID) -> str:
    return f"seal:{seal_id}"


def load_principal(session: Session, person_id: UUID, at: datetime, zone: ZoneInfo) -> Principal:
    """Turn a person's roles into terms, as of ``at``. Raises NotFound for an inactive person."""
    person = session.get(Person, person_id)
    if person is None or not person.is_active:
        raise NotFound(what="person")
    today = at.astimezone(zone).date()
    rows = session.scalars(select(RoleAssignment).where(RoleAssignment.person_id == person_id)).all()
    grants = tuple(
        Grant(Role(row.role), row.position, row.entity_id, row.department_id)
        for row in rows
        if is_valid_on(row, today)
    )
    tree = session.execute(
        select(Department.id, Department.parent_id, Department.head_id, Department.entity_id)
    ).all()
    parents = {row.id: row.parent_id for row in tree}
    headed = [row.id for row in tree if row.head_id == person_id]
    held = session.scalars(select(TermHolder.term).where(TermHolder.person_id == person_id))
    terms = {term_person(person_id), *held}
    terms.update(term_department(d) for d in descendants(headed, parents))
    for grant in grants:
        if grant.role in READING_ROLES:
            terms.update(_scope_terms(grant, parents))
    return Principal(
        person_id=person.id,
        username=person.username,
        name=person.name,
        position=person.position,
        language=person.language,
        department_id=person.department_id,
        entity_id=next(row.entity_id for row in tree if row.id == person.department_id),
        grants=grants,
        terms=frozenset(terms),
    )


def is_valid_on(assignment: RoleAssignment, day: date) -> bool:
    """Whether an assignment holds on ``day``; both ends are inclusive."""
    return assignment.valid_from <= day and (assignment.valid_to is None or day <= assignment.valid_to)


def descendants(roots: Iterable[UUID], parents: dict[UUID, UUID | None]) -> set[UUID]:
    """The departments at or below ``roots``. A cycle in the data ends the walk."""
    wanted = set(roots)
    if not wanted:
        return set()
    found: set[UUID] = set()
    for start in parents:
        path: set[UUID] = set()
        node: UUID | None = start
        while node is not None and node not in path:
            path.add(node)
            if node in wanted or node in found:
                found.add(start)
                break
            node = parents.get(node)
    return found


def _scope_terms(grant: Grant, parents: dict[UUID, UUID | None]) -> set[str]:
    if grant.department_id is not None:
        return {term_department(d) for d in descendants([grant.department_id], parents)}
    if grant.entity_id is not None:
        return {term_entity(grant.entity_id)}
    return {ALL}


def grant_access(
    session: Session, resource_type: ResourceType, resource_id: UUID, terms: Iterable[str]
) -> None:
    """Write access rows; those that are there already stay."""
    insert_unless_there(
        session,
        AccessRow,
        [
            {"resource_type": resource_type.value, "resource_id": resource_id, "term": t}
            for t in sorted(set(terms))
        ],
    )


def share_access(
    session: Session,
    owner_type: ResourceType,
    owner_id: UUID,
    resource_type: ResourceType,
    resource_id: UUID,
) -> None:
    """Let everybody who may read one resource read another that belongs to it."""
    terms = session.scalars(
        select(AccessRow.term).where(
            AccessRow.resource_type == owner_type.value, AccessRow.resource_id == owner_id
        )
    ).all()
    grant_access(session, resource_type, resource_id, terms)


def hold_term(session: Session, person_id: UUID, term: str) -> None:
    """Hand a principal term to a person."""
    insert_unless_there(session, TermHolder, [{"person_id": person_id, "term": term}])


def release_term(session: Session, person_id: UUID, term: str) -> None:
    """Take a principal term back."""
    session.execute(delete(TermHolder).where(TermHolder.person_id == person_id, TermHolder.term == term))


def readable(
    principal: Principal,
    resource_type: ResourceType,
    id_column: InstrumentedAttribute[UUID] | ColumnElement[UUID],
) -> ColumnElement[bool]:
    """The SQL condition that keeps only rows the principal may read."""
    if principal.reads_all:
        return true()
    return exists(
        select(AccessRow.resource_id).where(
            AccessRow.resource_type == resource_type.value,
            AccessRow.resource_id == id_column,
            AccessRow.term.in_(sorted(principal.terms)),
        )
    )


def may_read(session: Session, principal: Principal, resource_type: ResourceType, resource_id: UUID) -> bool:
    """Whether one resource is readable."""
    if principal.reads_all:
        return True
    found = session.scalar(
        select(AccessRow.term)
        .where(
            AccessRow.resource_type == resource_type.value,
            AccessRow.resource_id == resource_id,
            AccessRow.term.in_(sorted(principal.terms)),
        )
        .limit(1)
    )
    return found is not None


def require_read(
    session: Session, principal: Principal, resource_type: ResourceType, resource_id: UUID
) -> None:
    """Raise NotFound (never Forbidden: existence is not told) unless readable."""
    if not may_read(session, principal, resource_type, resource_id):
        raise NotFound(what=resource_type.value)


def access_terms(
    session: Session, resource_type: ResourceType, resource_ids: Iterable[UUID]
) -> dict[UUID, list[str]]:
    """The terms of many resources, for the search index."""
    ids = list(resource_ids)
    result: dict[UUID, list[str]] = {i: [] for i in ids}
    rows: Any = session.execute(
        select(AccessRow.resource_id, AccessRow.term).where(
            AccessRow.resource_type == resource_type.value, AccessRow.resource_id.in_(ids)
        )
    )
    for resource_id, term in rows:
        result[resource_id].append(term)
    return result

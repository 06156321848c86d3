"""Administration of the department tree and its heads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy import func, select

from core import people
from core.errors import InvalidInput, NotFound, VermilionError
from core.models import Department, LegalEntity, Person
from portal.administration import TABS, admin_pages
from portal.fields import as_id
from portal.frame import Visiting, page, see_other
from portal.visit import Visit

router = admin_pages()


@dataclass
class Branch:
    """A department with what is below it."""

    id: UUID
    name: str
    head_id: UUID | None
    members: int
    below: list[Branch] = field(default_factory=list)


@router.get("/admin/departments")
def show_departments(request: Request, visit: Visiting) -> Response:
    """The tree of each legal entity."""
    return _show(request, visit, {})


@router.post("/admin/departments")
def create(
    request: Request,
    visit: Visiting,
    name: Annotated[str, Form()] = "",
    parent: Annotated[str, Form()] = "",
) -> Response:
    """Add a department below another one, or at the top of a legal entity."""
    kind, _, above = parent.partition(":")
    above_id = as_id(above)
    try:
        if above_id is None:
            raise InvalidInput(field="parent", reason=visit.text("admin-required"))
        with visit.runtime.database.write() as session:
            upper = session.get(Department, above_id) if kind == "department" else None
            entity_id = upper.entity_id if upper else above_id
            if session.get(LegalEntity, entity_id) is None:
                raise NotFound(what="entity")
            people.create_department(
                session, entity_id, name.replace("\x00", ""), visit.runtime.clock.now(),
                parent_id=upper.id if upper else None, actor=visit.person.person_id,
            )  # fmt: skip
    except VermilionError as error:
        return _show(request, visit, {error.field or "name": visit.translator.error(error)}, error.status)
    return see_other(request, "/admin/departments")


@router.post("/admin/departments/{department_id}/head")
def set_head(
    request: Request, visit: Visiting, department_id: UUID, head: Annotated[str, Form()] = ""
) -> Response:
    """Put somebody at the head; the right to see and to approve follows at once."""
    with visit.runtime.database.write() as session:
        person_id = as_id(head)
        if person_id is not None and session.get(Person, person_id) is None:
            raise NotFound(what="person")
        people.set_head(
            session, department_id, person_id, visit.runtime.clock.now(), actor=visit.person.person_id
        )
    return see_other(request, "/admin/departments")


def _show(request: Request, visit: Visit, errors: dict[str, str], status: int = 200) -> Response:
    with visit.runtime.database.read() as session:
        entities = session.scalars(select(LegalEntity).order_by(LegalEntity.name)).all()
        rows = session.scalars(select(Department).order_by(Department.name)).all()
        members = dict(
            session.execute(
                select(Person.department_id, func.count())
                .where(Person.is_active)
                .group_by(Person.department_id)
            ).all()
        )
        names = session.execute(
            select(Person.id, Person.name).where(Person.is_active).order_by(Person.name)
        ).all()
    trees = [
        (entity, tree([row for row in rows if row.entity_id == entity.id], members)) for entity in entities
    ]
    return page(
        request, visit, "admin/departments.html", status=status, tabs=TABS, trees=trees, people=names,
        departments=rows, entities=entities, errors=errors,
    )  # fmt: skip


def tree(rows: Iterable[Department], members: dict[UUID, int]) -> list[Branch]:
    """The departments of one legal entity as a tree. What hangs on nothing known stands at the top."""
    ordered = list(rows)
    branches = {row.id: Branch(row.id, row.name, row.head_id, members.get(row.id, 0)) for row in ordered}
    tops: list[Branch] = []
    for row in ordered:
        upper = branches.get(row.parent_id) if row.parent_id else None
        (upper.below if upper else tops).append(branches[row.id])
    return tops

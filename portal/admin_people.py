"""Administration of people: the list, one person with roles, new passwords and PINs."""

from __future__ import annotations

import secrets
from collections import defaultdict
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import Form, Request, Response
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from core import audit, people
from core.errors import InvalidInput, NotFound, VermilionError
from core.models import Department, LegalEntity, Person, Role, RoleAssignment, SignIn
from core.permissions import is_valid_on
from core.sign_in import SignInService
from portal.administration import TABS, admin_pages
from portal.fields import as_day, as_id
from portal.frame import Visiting, page, see_other
from portal.visit import Visit
from signing.service import SigningService

router = admin_pages()

PAGE_SIZE: Final = 50
GIVEN_ROLES: Final = tuple(role for role in Role if role is not Role.EMPLOYEE)


@router.get("/admin")
def show_administration(request: Request, visit: Visiting) -> Response:
    """The administration begins with its people."""
    return see_other(request, "/admin/people")


@router.get("/admin/people")
def list_people(request: Request, visit: Visiting, q: str = "", after: str = "", gone: str = "") -> Response:
    """Everybody, with department and roles."""
    conditions: list[ColumnElement[bool]] = [Person.is_active.is_(gone != "1")]
    words = q.replace("\x00", "").strip()[:100]
    if words:
        conditions.append(
            or_(
                Person.name.contains(words, autoescape=True),
                Person.username.contains(words.lower(), autoescape=True),
            )
        )
    with visit.runtime.database.read() as session:
        query = select(Person).where(*conditions, Person.username > after).order_by(Person.username)
        rows = session.scalars(query.limit(PAGE_SIZE + 1)).all()
        count = session.scalar(select(func.count()).select_from(Person).where(*conditions)) or 0
        roles = _roles_now(session, visit, [row.id for row in rows])
        departments = _departments(session)
    shown = rows[:PAGE_SIZE]
    return page(
        request, visit, "admin/people.html", tabs=TABS, people=shown, count=count, roles=roles,
        departments=departments, q=words, gone=gone == "1",
        next_after=shown[-1].username if len(rows) > PAGE_SIZE else None,
    )  # fmt: skip


@router.get("/admin/people/new")
def show_new(request: Request, visit: Visiting) -> Response:
    """The form for a new person."""
    return _new(request, visit, {}, {})


@router.post("/admin/people/new")
def create(
    request: Request,
    visit: Visiting,
    username: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    position: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    manager: Annotated[str, Form()] = "",
) -> Response:
    """Add a person with a fresh password, which is shown this once."""
    typed = {
        "username": username.strip().lower(), "name": name, "position": position, "email": email,
        "department": department, "manager": manager,
    }  # fmt: skip
    password = secrets.token_urlsafe(12)
    password_hash = visit.runtime.get(SignInService).passwords.hash(password)
    try:
        place = as_id(department)
        if place is None:
            raise InvalidInput(field="department", reason=visit.text("admin-required"))
        with visit.runtime.database.write() as session:
            made = people.create_person(
                session,
                typed["username"],
                name.replace("\x00", ""),
                place,
                password_hash,
                visit.runtime.clock.now(),
                position=position.replace("\x00", "").strip()[:100] or None,
                manager_id=as_id(manager),
                email=email.replace("\x00", "").strip()[:254] or None,
                actor=visit.person.person_id,
            )
    except VermilionError as error:
        field = error.field or "username"
        return _new(request, visit, typed, {field: visit.translator.error(error)}, error.status)
    return show_one(request, visit, made.id, password=password)


@router.get("/admin/people/{person_id}")
def show_person(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """One person: facts, roles, what an administrator can do."""
    return show_one(request, visit, person_id)


@router.post("/admin/people/{person_id}/roles")
def give_role(
    request: Request,
    visit: Visiting,
    person_id: UUID,
    role: Annotated[str, Form()] = "",
    position: Annotated[str, Form()] = "",
    scope: Annotated[str, Form()] = "",
    valid_from: Annotated[str, Form()] = "",
    valid_to: Annotated[str, Form()] = "",
) -> Response:
    """Give a role: for everything, a legal entity or a department; from a day, perhaps to one."""
    now = visit.runtime.clock.now()
    today = now.astimezone(visit.runtime.settings.zone).date()
    kind, _, scope_id = scope.partition(":")
    try:
        wanted = next((one for one in GIVEN_ROLES if one.value == role), None)
        if wanted is None:
            raise InvalidInput(field="role", reason=visit.text("admin-required"))
        with visit.runtime.database.write() as session:
            if session.get(Person, person_id) is None:
                raise NotFound(what="person")
            people.assign_role(
                session,
                person_id,
                wanted,
                as_day(valid_from) or today,
                now,
                position=position.replace("\x00", "").strip()[:40] or None,
                entity_id=as_id(scope_id) if kind == "entity" else None,
                department_id=as_id(scope_id) if kind == "department" else None,
                valid_to=as_day(valid_to),
                actor=visit.person.person_id,
            )
    except VermilionError as error:
        errors = {error.field or "role": visit.translator.error(error)}
        return show_one(request, visit, person_id, errors=errors, status=error.status)
    return see_other(request, f"/admin/people/{person_id}#roles")


@router.post("/admin/people/{person_id}/roles/{role_id}/end")
def end_role(request: Request, visit: Visiting, person_id: UUID, role_id: UUID) -> Response:
    """Let a role end today."""
    now = visit.runtime.clock.now()
    today = now.astimezone(visit.runtime.settings.zone).date()
    with visit.runtime.database.write() as session:
        people.end_role(session, role_id, today, now, actor=visit.person.person_id)
    return see_other(request, f"/admin/people/{person_id}#roles")


@router.post("/admin/people/{person_id}/deactivation")
def deactivate(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """Stop a person from signing in; oneself one cannot lock out."""
    if person_id == visit.person.person_id:
        errors = {"person": visit.text("admin-not-oneself")}
        return show_one(request, visit, person_id, errors=errors, status=409)
    with visit.runtime.database.write() as session:
        people.deactivate(session, person_id, visit.runtime.clock.now(), actor=visit.person.person_id)
    return see_other(request, f"/admin/people/{person_id}")


@router.post("/admin/people/{person_id}/reactivation")
def reactivate(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """Let a person sign in again."""
    with visit.runtime.database.write() as session:
        people.reactivate(session, person_id, visit.runtime.clock.now(), actor=visit.person.person_id)
    return see_other(request, f"/admin/people/{person_id}")


@router.post("/admin/people/{person_id}/password")
def new_password(request: Request, visit: Visiting, person_id: UUID) -> Response:
    """Give a person a fresh password, shown this once; their sessions end."""
    password = secrets.token_urlsafe(12)
    password_hash = visit.runtime.get(SignInService).passwords.hash(password)
    with visit.runtime.database.write() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound(what="person")
        person.password_hash = password_hash
        session.execute(delete(SignIn).where(SignIn.person_id == person_id))
        audit.record(
            session, visit.runtime.clock.now(), visit.person.person_id, "person.password_reset", "person",
            person_id,
        )  # fmt: skip
    return show_one(request, visit, person_id, password=password)


def show_one(
    request: Request,
    visit: Visit,
    person_id: UUID,
    *,
    password: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    token: str = "",
) -> Response:
    """The page of one person; ``token`` is the label that was typed and refused."""
    today = visit.runtime.clock.now().astimezone(visit.runtime.settings.zone).date()
    with visit.runtime.database.read() as session:
        person = session.get(Person, person_id)
        if person is None:
            raise NotFound(what="person")
        held = session.scalars(
            select(RoleAssignment)
            .where(RoleAssignment.person_id == person_id)
            .order_by(RoleAssignment.valid_from, RoleAssignment.id)
        ).all()
        manager = session.get(Person, person.manager_id) if person.manager_id else None
        departments = _departments(session)
        entities = _entities(session)
        has_pin = visit.runtime.get(SigningService).has_credential(session, person_id)
        replacement = visit.runtime.get(SigningService).replacements.of(session, person_id)
        tokens = visit.runtime.get(SigningService).person_slots.assigned(session, person_id)
    return page(
        request, visit, "admin/person.html", status=status, tabs=TABS, subject=person, manager=manager,
        departments=departments, entities=entities, has_pin=has_pin, roles=GIVEN_ROLES,
        held=[(row, _state(row, today)) for row in held], password=password, errors=errors or {},
        today=today, replacement=replacement, tokens=tokens,
        token=token, has_tokens=bool(visit.runtime.settings.pkcs11_module),
    )  # fmt: skip


def _state(row: RoleAssignment, today: date) -> str:
    if is_valid_on(row, today):
        return "now"
    return "later" if row.valid_from > today else "over"


def _new(
    request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    with visit.runtime.database.read() as session:
        departments = _departments(session)
        managers = session.execute(
            select(Person.id, Person.name).where(Person.is_active).order_by(Person.name)
        ).all()
    return page(
        request, visit, "admin/person-new.html", status=status, tabs=TABS, typed=typed, errors=errors,
        departments=departments, managers=managers,
    )  # fmt: skip


def _roles_now(session: Session, visit: Visit, ids: list[UUID]) -> dict[UUID, list[str]]:
    today = visit.runtime.clock.now().astimezone(visit.runtime.settings.zone).date()
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in session.scalars(select(RoleAssignment).where(RoleAssignment.person_id.in_(ids))):
        if row.role != Role.EMPLOYEE and is_valid_on(row, today) and row.role not in found[row.person_id]:
            found[row.person_id].append(row.role)
    return found


def _departments(session: Session) -> dict[UUID, str]:
    """Names of the departments, by id, in the order of the names."""
    rows = session.execute(select(Department.id, Department.name).order_by(Department.name))
    return dict(rows.all())


def _entities(session: Session) -> dict[UUID, str]:
    rows = session.execute(select(LegalEntity.id, LegalEntity.name).order_by(LegalEntity.name))
    return dict(rows.all())

"""``/api/v1/people``: people, their roles, departments, legal entities. For administrators."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from api.pagination import Cursor, Limit, decode_id, split
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Done, Everything, Page
from api.schemas_people import (
    DepartmentAnswer,
    EntityAnswer,
    Head,
    LastDay,
    NewDepartment,
    NewPerson,
    NewRole,
    PersonAnswer,
    PersonDetail,
    RoleAnswer,
    SigningTokenLabel,
)
from core import people
from core.errors import NotFound
from core.models import Department, LegalEntity, Person, Role, RoleAssignment
from core.sign_in import SignInService
from signing.service import SigningService


def administers(caller: Calling) -> None:
    """Only administrators of the whole organisation get further."""
    caller.require_everywhere(Role.ADMINISTRATOR)


persons = router("people", "people", needs=administers)
roles = router("people", "people/roles", needs=administers)
departments = router("people", "people/departments", needs=administers)
entities = router("people", "people/entities", needs=administers)


@persons.get("", summary="List people", response_model=Page[PersonAnswer])
@call(scope="admin")
def list_people(
    runtime: Running,
    is_active: Annotated[bool | None, Query(description="Only those who can, or cannot, sign in.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PersonAnswer]:
    """Everybody, in the order in which they were added."""
    after = decode_id(cursor)
    query = select(Person).order_by(Person.id).limit(limit + 1)
    query = query if after is None else query.where(Person.id > after)
    query = query if is_active is None else query.where(Person.is_active.is_(is_active))
    with runtime.database.read() as session:
        rows = session.scalars(query).all()
    shown, following = split(rows, limit, lambda row: row.id)
    return Page(items=[PersonAnswer.model_validate(row) for row in shown], next_cursor=following)


@persons.post("", summary="Add a person", response_model=PersonAnswer, status_code=201)
@call(scope="admin")
def create_person(caller: Calling, runtime: Running, wanted: NewPerson) -> PersonAnswer:
    """A person with the role employee. Give further roles with `POST /people/{person_id}/roles`."""
    password_hash = runtime.get(SignInService).passwords.hash(wanted.password)
    with runtime.database.write() as session:
        made = people.create_person(
            session,
            wanted.username,
            wanted.name,
            wanted.department_id,
            password_hash,
            runtime.clock.now(),
            position=wanted.position,
            manager_id=wanted.manager_id,
            email=wanted.email,
            language=wanted.language,
            actor=caller.principal.person_id,
        )
    return PersonAnswer.model_validate(made)


@persons.get("/{person_id}", summary="Get a person", response_model=PersonDetail)
@call(scope="admin")
def get_person(runtime: Running, person_id: UUID) -> PersonDetail:
    """A person with all their roles, ended ones too."""
    with runtime.database.read() as session:
        person = session.get(Person, person_id)
        held = session.scalars(
            select(RoleAssignment)
            .where(RoleAssignment.person_id == person_id)
            .order_by(RoleAssignment.valid_from, RoleAssignment.id)
        ).all()
    if person is None:
        raise NotFound(what="person")
    return PersonDetail(
        **PersonAnswer.model_validate(person).model_dump(),
        roles=[RoleAnswer.model_validate(row) for row in held],
    )


@persons.post("/{person_id}/deactivation", summary="Stop a person from signing in", response_model=Done)
@call(scope="admin")
def deactivate(caller: Calling, runtime: Running, person_id: UUID) -> Done:
    """Sessions and tokens end at once; what the person did stays."""
    with runtime.database.write() as session:
        people.deactivate(session, person_id, runtime.clock.now(), actor=caller.principal.person_id)
    return Done()


@persons.post("/{person_id}/reactivation", summary="Let a person sign in again", response_model=Done)
@call(scope="admin")
def reactivate(caller: Calling, runtime: Running, person_id: UUID) -> Done:
    """Password and roles are those from before."""
    with runtime.database.write() as session:
        people.reactivate(session, person_id, runtime.clock.now(), actor=caller.principal.person_id)
    return Done()


@persons.post("/{person_id}/roles", summary="Give a role", response_model=RoleAnswer, status_code=201)
@call(scope="admin")
def assign_role(caller: Calling, runtime: Running, person_id: UUID, wanted: NewRole) -> RoleAnswer:
    """For a period and a scope; no scope is everywhere."""
    with runtime.database.write() as session:
        _require(session.get(Person, person_id), "person")
        _require(wanted.entity_id is None or session.get(LegalEntity, wanted.entity_id), "entity")
        _require(wanted.department_id is None or session.get(Department, wanted.department_id), "department")
        made = people.assign_role(
            session,
            person_id,
            wanted.role,
            wanted.valid_from,
            runtime.clock.now(),
            position=wanted.position,
            entity_id=wanted.entity_id,
            department_id=wanted.department_id,
            valid_to=wanted.valid_to,
            actor=caller.principal.person_id,
        )
    return RoleAnswer.model_validate(made)


@persons.get(
    "/{person_id}/signing-tokens",
    summary="List a person's PKCS#11 tokens",
    response_model=Everything[SigningTokenLabel],
)
@call(scope="admin")
def list_signing_tokens(runtime: Running, person_id: UUID) -> Everything[SigningTokenLabel]:
    """Those whose keys the person may take to sign with."""
    with runtime.database.read() as session:
        _require(session.get(Person, person_id), "person")
        found = runtime.get(SigningService).person_slots.assigned(session, person_id)
    return Everything(items=[SigningTokenLabel(token=one) for one in found])


@persons.post(
    "/{person_id}/signing-tokens",
    summary="Assign a PKCS#11 token",
    response_model=SigningTokenLabel,
    status_code=201,
)
@call(scope="admin")
def assign_signing_token(
    caller: Calling, runtime: Running, person_id: UUID, wanted: SigningTokenLabel
) -> SigningTokenLabel:
    """It opens nothing: the person takes a key of it into use with the token's PIN
    (`POST /me/certificate/token`). A token belongs to one person, and never to a seal or the server too."""
    runtime.get(SigningService).person_slots.assign(caller.principal, person_id, wanted.token)
    return wanted


@persons.post("/{person_id}/signing-tokens/end", summary="Take a PKCS#11 token back", response_model=Done)
@call(scope="admin")
def take_signing_token_back(
    caller: Calling, runtime: Running, person_id: UUID, wanted: SigningTokenLabel
) -> Done:
    """Nobody signs with it from now on, in a batch either; what was signed stays."""
    runtime.get(SigningService).person_slots.take_back(caller.principal, person_id, wanted.token)
    return Done()


@roles.post("/{role_id}/end", summary="End a role", response_model=Done)
@call(scope="admin")
def end_role(caller: Calling, runtime: Running, role_id: UUID, wanted: LastDay) -> Done:
    """It holds until the last day, inclusive."""
    with runtime.database.write() as session:
        people.end_role(
            session, role_id, wanted.last_day, runtime.clock.now(), actor=caller.principal.person_id
        )
    return Done()


@departments.get("", summary="List departments", response_model=Everything[DepartmentAnswer])
@call(scope="admin")
def list_departments(runtime: Running) -> Everything[DepartmentAnswer]:
    """The whole tree; `parent_id` makes it."""
    with runtime.database.read() as session:
        rows = session.scalars(select(Department).order_by(Department.name, Department.id)).all()
    return Everything(items=[DepartmentAnswer.model_validate(row) for row in rows])


@departments.post("", summary="Add a department", response_model=DepartmentAnswer, status_code=201)
@call(scope="admin")
def create_department(caller: Calling, runtime: Running, wanted: NewDepartment) -> DepartmentAnswer:
    """Below a parent of the same legal entity, or at the top."""
    with runtime.database.write() as session:
        _require(session.get(LegalEntity, wanted.entity_id), "entity")
        made = people.create_department(
            session,
            wanted.entity_id,
            wanted.name,
            runtime.clock.now(),
            parent_id=wanted.parent_id,
            actor=caller.principal.person_id,
        )
    return DepartmentAnswer.model_validate(made)


@departments.put("/{department_id}/head", summary="Set a department's head", response_model=Done)
@call(scope="admin")
def set_head(caller: Calling, runtime: Running, department_id: UUID, wanted: Head) -> Done:
    """The head sees what the department owns, and approves for it, at once."""
    with runtime.database.write() as session:
        _require(wanted.person_id is None or session.get(Person, wanted.person_id), "person")
        people.set_head(
            session, department_id, wanted.person_id, runtime.clock.now(), actor=caller.principal.person_id
        )
    return Done()


@entities.get("", summary="List legal entities", response_model=Everything[EntityAnswer])
@call(scope="admin")
def list_entities(runtime: Running) -> Everything[EntityAnswer]:
    """The companies that own seals and cases."""
    with runtime.database.read() as session:
        rows = session.scalars(select(LegalEntity).order_by(LegalEntity.name)).all()
    return Everything(items=[EntityAnswer.model_validate(row) for row in rows])


def _require(found: object, what: str) -> None:
    if not found:
        raise NotFound(what=what)

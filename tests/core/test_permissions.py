"""Who may read what, against a brute-force reading of the rules, for organisations drawn at random."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Uuid, select

from core.clock import SystemClock
from core.errors import Forbidden, NotFound
from core.ids import new_id
from core.models import Department, LegalEntity, Person, Role, RoleAssignment
from core.permissions import (
    ResourceType,
    access_terms,
    descendants,
    grant_access,
    hold_term,
    load_principal,
    may_read,
    readable,
    release_term,
    require_read,
    term_department,
    term_entity,
    term_person,
    term_seal,
)
from core.runtime import Runtime
from tests.builders import Company, make_database

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@dataclass
class Assignment:
    role: Role
    scope: str  # "", "entity:<n>", "department:<n>"
    valid_from: date
    valid_to: date | None


@dataclass
class Organisation:
    """Departments as (entity, parent or None, head or None); people as department numbers."""

    entities: int
    departments: list[tuple[int, int | None, int | None]]
    people: list[int]
    assignments: list[tuple[int, Assignment]]
    resources: list[tuple[int, list[int]]]  # owner, participants
    seal_holders: list[tuple[int, int]] = field(default_factory=list)  # person, resource


def _assignment(role: Role, scope: str, start: int, length: int | None) -> Assignment:
    first = TODAY + timedelta(start)
    return Assignment(role, scope, first, None if length is None else first + timedelta(length))


@st.composite
def organisations(draw: st.DrawFn) -> Organisation:
    entities = draw(st.integers(1, 2))
    people_count = draw(st.integers(1, 6))
    person = st.integers(0, people_count - 1)
    departments: list[tuple[int, int | None, int | None]] = []
    for number in range(draw(st.integers(1, 5))):
        entity = draw(st.integers(0, entities - 1))
        siblings = [n for n in range(number) if departments[n][0] == entity]
        parent = draw(st.none() | st.sampled_from(siblings)) if siblings else None
        departments.append((entity, parent, draw(st.none() | person)))
    department = st.integers(0, len(departments) - 1)
    scope = st.one_of(
        st.just(""),
        st.integers(0, entities - 1).map(lambda n: f"entity:{n}"),
        department.map(lambda n: f"department:{n}"),
    )
    offsets = st.integers(-2, 2)
    assignments = draw(
        st.lists(
            st.tuples(
                person,
                st.builds(
                    _assignment,
                    st.sampled_from(list(Role)),
                    scope,
                    offsets,
                    st.none() | st.integers(0, 3),
                ),
            ),
            max_size=5,
        )
    )
    people = draw(st.lists(department, min_size=people_count, max_size=people_count))
    resources = draw(st.lists(st.tuples(person, st.lists(person, max_size=3)), min_size=1, max_size=5))
    holders = draw(st.lists(st.tuples(person, st.integers(0, len(resources) - 1)), max_size=2))
    return Organisation(entities, departments, people, assignments, resources, holders)


def allowed(organisation: Organisation, person: int, resource: int) -> bool:
    """The rules, read aloud: own, taken part in, one's department's, one's seal's, one's role's scope."""
    owner, participants = organisation.resources[resource]
    if person == owner or person in participants or (person, resource) in organisation.seal_holders:
        return True
    home = organisation.people[owner]
    above: list[int] = []
    node: int | None = home
    while node is not None:
        above.append(node)
        node = organisation.departments[node][1]
    if any(organisation.departments[d][2] == person for d in above):
        return True
    for holder, assignment in organisation.assignments:
        if holder != person or assignment.role not in (Role.ADMINISTRATOR, Role.AUDITOR, Role.ARCHIVIST):
            continue
        if not assignment.valid_from <= TODAY or (assignment.valid_to and assignment.valid_to < TODAY):
            continue
        kind, _, number = assignment.scope.partition(":")
        if not kind or (kind == "entity" and organisation.departments[home][0] == int(number)):
            return True
        if kind == "department" and int(number) in above:
            return True
    return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(organisations())
def test_sql_condition_check_and_index_terms_all_equal_the_rules(organisation: Organisation) -> None:
    database = make_database("sqlite://" + "/" + str(_fresh_file()))
    try:
        with database.write() as session:
            entities = [LegalEntity(name=f"e{n}") for n in range(organisation.entities)]
            session.add_all(entities)
            session.flush()
            departments: list[Department] = []
            for entity, parent, _head in organisation.departments:
                row = Department(
                    entity_id=entities[entity].id,
                    name="d",
                    parent_id=None if parent is None else departments[parent].id,
                )
                session.add(row)
                session.flush()
                departments.append(row)
            people = [
                Person(
                    username=f"p{n}",
                    name="p",
                    department_id=departments[d].id,
                    password_hash="!",
                    created_at=NOON,
                )
                for n, d in enumerate(organisation.people)
            ]
            session.add_all(people)
            session.flush()
            for row, (_entity, _parent, head) in zip(departments, organisation.departments, strict=True):
                row.head_id = None if head is None else people[head].id
            for person, assignment in organisation.assignments:
                kind, _, number = assignment.scope.partition(":")
                session.add(
                    RoleAssignment(
                        person_id=people[person].id,
                        role=assignment.role,
                        entity_id=entities[int(number)].id if kind == "entity" else None,
                        department_id=departments[int(number)].id if kind == "department" else None,
                        valid_from=assignment.valid_from,
                        valid_to=assignment.valid_to,
                    )
                )
            ids = [new_id() for _ in organisation.resources]
            for resource_id, (owner, participants) in zip(ids, organisation.resources, strict=True):
                home = departments[organisation.people[owner]]
                grant_access(
                    session,
                    ResourceType.CASE,
                    resource_id,
                    [term_person(people[p].id) for p in (owner, *participants)]
                    + [term_department(home.id), term_entity(home.entity_id), term_seal(resource_id)],
                )
            for person, resource in organisation.seal_holders:
                hold_term(session, people[person].id, term_seal(ids[resource]))
        things = Table("things", MetaData(), Column("id", Uuid()))
        with database.write() as session:
            things.create(session.connection())
            session.execute(things.insert(), [{"id": i} for i in ids])
        with database.read() as session:
            index = access_terms(session, ResourceType.CASE, ids)
            for number, person in enumerate(people):
                principal = load_principal(session, person.id, NOON, ZONE)
                expected = {i for n, i in enumerate(ids) if allowed(organisation, number, n)}
                condition = readable(principal, ResourceType.CASE, things.c.id)
                assert set(session.scalars(select(things.c.id).where(condition))) == expected
                assert {i for i in ids if may_read(session, principal, ResourceType.CASE, i)} == expected
                by_index = {i for i in ids if principal.reads_all or principal.terms & set(index[i])}
                assert by_index == expected
                assert not readable_as_document(session, principal, ids) or principal.reads_all
    finally:
        database.dispose()


def readable_as_document(session: object, principal: object, ids: list[UUID]) -> list[UUID]:
    """A case's access rows say nothing about a document of the same id."""
    return [i for i in ids if may_read(session, principal, ResourceType.DOCUMENT, i)]  # type: ignore[arg-type]


def _fresh_file() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="vermilion-") + "/test.db"


def test_somebody_elses_case_is_not_found_rather_than_forbidden(company: Company) -> None:
    with company.runtime.database.read() as session, pytest.raises(NotFound):
        require_read(session, company.principal("other"), ResourceType.CASE, new_id())


def test_a_deactivated_person_has_no_principal(company: Company) -> None:
    from core import people

    now = company.runtime.clock.now()
    with company.runtime.database.write() as session:
        people.deactivate(session, company.people["staff"], now)
    with pytest.raises(NotFound):
        company.principal("staff")


def test_a_term_that_was_handed_back_opens_nothing(company: Company) -> None:
    seal = new_id()
    person = company.people["staff"]
    with company.runtime.database.write() as session:
        hold_term(session, person, term_seal(seal))
        hold_term(session, person, term_seal(seal))
    assert term_seal(seal) in company.principal("staff").terms
    with company.runtime.database.write() as session:
        release_term(session, person, term_seal(seal))
    assert term_seal(seal) not in company.principal("staff").terms


def test_a_role_is_needed_for_what_it_allows(company: Company) -> None:
    company.principal("keeper").require(Role.SEAL_KEEPER, Role.ADMINISTRATOR)
    with pytest.raises(Forbidden):
        company.principal("staff").require(Role.SEAL_KEEPER)


def test_a_cycle_of_departments_ends() -> None:
    a, b, c = new_id(), new_id(), new_id()
    assert descendants([c], {a: b, b: a, c: None}) == {c}
    assert descendants([a], {a: b, b: a, c: None}) == {a, b}


def test_the_clock_of_the_runtime_is_the_system_clock(runtime: Runtime) -> None:
    assert isinstance(runtime.clock, SystemClock)

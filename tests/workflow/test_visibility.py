"""Everybody sees exactly what the rules allow: lists, counts, search, single things and downloads.

Organisations are drawn at random; the rules are read aloud by an oracle that knows nothing of
principal terms, access rows or the index.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import people
from core.errors import NotFound
from core.models import Person, Role
from core.permissions import Principal, load_principal
from core.sign_in import SignInService
from ingest.invoices.models import Invoice
from ingest.invoices.service import InvoiceService
from ingest.models import Document, DocumentKind
from search.index import Query
from search.service import Searcher
from signing.fields import Placement
from signing.models import Seal, SealRecord
from signing.register import RegisterFilter
from tests.builders import FAST_PASSWORDS, PASSWORD, PIN
from tests.office import Office, contract_pdf, open_office
from tests.workflow import claiming
from tests.workflow.claiming import invoice, next_number
from vermilion.application import create
from workflow.models import Case, CaseDocument, InvoiceClaim, Task, TaskCandidate

READERS = (Role.ADMINISTRATOR, Role.AUDITOR, Role.ARCHIVIST)
PAPER = contract_pdf("公司文件")


@dataclass(frozen=True)
class Extra:
    """Somebody besides the office's own people: their department, and roles with scope and period."""

    department: str
    roles: tuple[tuple[Role, str, int, int | None], ...]
    heads: bool


@dataclass
class Plan:
    """What is drawn: more departments (by parent), more people, and what is applied for by whom."""

    departments: list[str]
    extras: list[Extra]
    cases: list[tuple[str, str, int]] = field(
        default_factory=list
    )  # flow, applicant, how many steps are done


BASE = ("office", "market", "money")


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    departments = [
        draw(st.sampled_from(BASE + tuple(f"d{n}" for n in range(number))))
        for number in range(draw(st.integers(0, 2)))
    ]
    places = st.sampled_from((*BASE, *(f"d{number}" for number in range(len(departments)))))
    scope = st.one_of(st.just("all"), st.just("entity"), places)
    role = st.tuples(
        st.sampled_from([*READERS, Role.LEGAL]), scope, st.integers(-3, 2), st.none() | st.integers(0, 3)
    )
    extras = draw(
        st.lists(
            st.builds(Extra, places, st.lists(role, max_size=2).map(tuple), st.booleans()),
            min_size=1,
            max_size=3,
        )
    )
    applicants = st.sampled_from(["staff", "other", *(f"x{number}" for number in range(len(extras)))])
    flow = st.sampled_from(["reimbursement", "seal_request"])
    cases = draw(st.lists(st.tuples(flow, applicants, st.integers(0, 3)), min_size=2, max_size=3))
    return Plan(departments, extras, cases)


@contextmanager
def drawn_office(plan: Plan) -> Iterator[Office]:
    with tempfile.TemporaryDirectory() as folder, open_office(Path(folder) / "home") as office:
        company, now = office.company, office.runtime.clock.now()
        today = now.astimezone(office.runtime.settings.zone).date()
        with office.runtime.database.write() as session:
            for number, parent in enumerate(plan.departments):
                made = people.create_department(
                    session, company.entity_id, f"部门{number}", now, parent_id=company.departments[parent]
                )
                company.departments[f"d{number}"] = made.id
            for number, extra in enumerate(plan.extras):
                person = people.create_person(
                    session,
                    f"x{number}",
                    f"某人{number}",
                    company.departments[extra.department],
                    FAST_PASSWORDS.hash(PASSWORD),
                    now,
                )
                company.people[f"x{number}"] = person.id
                for role, scope, start, length in extra.roles:
                    first = today + timedelta(start)
                    people.assign_role(
                        session,
                        person.id,
                        role,
                        first,
                        now,
                        entity_id=company.entity_id if scope == "entity" else None,
                        department_id=company.departments.get(scope),
                        valid_to=None if length is None else first + timedelta(length),
                    )
                if extra.heads and extra.department not in BASE:
                    people.set_head(session, company.departments[extra.department], person.id, now)
        for username in company.people:
            with office.runtime.database.read() as session:
                is_enrolled = office.signing.has_credential(session, company.people[username])
            if not is_enrolled:
                office.signing.enrol(office.principal(username), PIN)
        for flow, applicant, steps in plan.cases:
            run_case(office, flow, applicant, steps)
        office.work_off()
        yield office


def run_case(office: Office, flow: str, applicant: str, steps: int) -> None:
    if flow == "reimbursement":
        number = next_number()
        form = claiming.form(invoice(office, applicant, number=number), purpose="公司事项")
        invoice(office, "other", number=number)  # a twin in other hands
    else:
        document = office.upload(applicant, PAPER, "公司文件.pdf", DocumentKind.ATTACHMENT)
        form = {
            "purpose": "公司事项",
            "recipient": "对方",
            "seal": str(office.seal.id),
            "copies": 1,
            "documents": [str(document)],
        }
    case_id = office.workflow.submit(office.principal(applicant), flow, form)
    for _ in range(steps):
        with office.runtime.database.read() as session:
            found = session.execute(
                select(Task, TaskCandidate.person_id)
                .join(TaskCandidate, TaskCandidate.task_id == Task.id)
                .where(Task.case_id == case_id, Task.state == "open")
                .limit(1)
            ).first()
        if found is None:
            return
        username = next(name for name, person in office.company.people.items() if person == found[1])
        if found[0].kind == "seal":
            office.apply_seal(case_id, Placement(1, 60.0, 200.0))
        else:
            office.decide(username, case_id)


class Oracle:
    """The rules, read aloud."""

    def __init__(self, office: Office, plan: Plan) -> None:
        self.office = office
        self.today = office.runtime.clock.now().astimezone(office.runtime.settings.zone).date()
        self.parents: dict[str, str | None] = {"office": None, "market": "office", "money": "office"}
        self.heads = {"office": "gm", "market": "head", "money": "finance"}
        self.homes = {
            "gm": "office",
            "head": "market",
            "staff": "market",
            "other": "market",
            "legal": "office",
            "finance": "money",
            "keeper": "office",
            "archivist": "office",
            "auditor": "office",
            "admin": "office",
        }
        self.roles: dict[str, list[tuple[Role, str]]] = {
            "admin": [(Role.ADMINISTRATOR, "all")],
            "auditor": [(Role.AUDITOR, "all")],
            "archivist": [(Role.ARCHIVIST, "all")],
        }
        for number, parent in enumerate(plan.departments):
            self.parents[f"d{number}"] = parent
        for number, extra in enumerate(plan.extras):
            name = f"x{number}"
            self.homes[name] = extra.department
            if extra.heads and extra.department not in BASE:
                self.heads[extra.department] = name
            self.roles[name] = [
                (role, scope) for role, scope, start, length in extra.roles if self.holds(start, length)
            ]

    def holds(self, start: int, length: int | None) -> bool:
        first = self.today + timedelta(start)
        return first <= self.today and (length is None or self.today <= first + timedelta(length))

    def chain(self, department: str | None) -> list[str]:
        """A department and those above it."""
        found = []
        while department is not None:
            found.append(department)
            department = self.parents[department]
        return found

    def reads(self, who: str, owner: str) -> bool:
        """What somebody reads by office rather than by taking part."""
        if who == owner:
            return True
        above = self.chain(self.homes[owner])
        if any(self.heads.get(department) == who for department in above):
            return True
        for role, scope in self.roles.get(who, []):
            if role in READERS and (scope in ("all", "entity") or scope in above):
                return True
        return False


@settings(
    max_examples=6, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], derandomize=True
)
@given(plans())
def test_everybody_sees_exactly_what_the_rules_allow(plan: Plan) -> None:
    with drawn_office(plan) as office:
        oracle = Oracle(office, plan)
        names = {person: name for name, person in office.company.people.items()}
        with office.runtime.database.read() as session:
            cases = session.scalars(select(Case)).all()
            documents = session.scalars(select(Document)).all()
            records = session.scalars(select(SealRecord)).all()
            seals = {seal.id: seal.keeper_id for seal in session.scalars(select(Seal))}
            took_part: dict[UUID, set[str]] = {case.id: set() for case in cases}
            for case_id, person_id in session.execute(
                select(Task.case_id, TaskCandidate.person_id).join(
                    TaskCandidate, TaskCandidate.task_id == Task.id
                )
            ):
                took_part[case_id].add(names[person_id])
            attached: dict[UUID, set[UUID]] = {}
            for case_id, document_id in session.execute(
                select(CaseDocument.case_id, CaseDocument.document_id)
            ):
                attached.setdefault(document_id, set()).add(case_id)
        client = TestClient(create(office.runtime), base_url="http://127.0.0.1:8600")
        for name, person_id in office.company.people.items():
            may_cases = {
                c.id for c in cases if oracle.reads(name, names[c.applicant_id]) or name in took_part[c.id]
            }
            may_documents = {
                d.id
                for d in documents
                if oracle.reads(name, names[d.owner_id]) or attached.get(d.id, set()) & may_cases
            }
            may_records = {
                r.id
                for r in records
                if oracle.reads(name, names[r.applicant_id])
                or name
                in {names[r.keeper_id], names[seals[r.seal_id]], *(names[UUID(i)] for i in r.approver_ids)}
            }
            check_person(office, client, name, person_id, may_cases, may_documents, may_records)


def check_person(
    office: Office,
    client: TestClient,
    name: str,
    person_id: UUID,
    may_cases: set[UUID],
    may_documents: set[UUID],
    may_records: set[UUID],
) -> None:
    runtime = office.runtime
    with runtime.database.read() as session:
        principal = load_principal(session, person_id, runtime.clock.now(), runtime.settings.zone)
        assert all_cases(office, principal) == may_cases, name
        assert office.workflow.count_cases(session, principal) == len(may_cases)
        assert all_documents(office, principal) == may_documents, name
        assert office.ingest.count_documents(session, principal) == len(may_documents)
        lines = office.signing.list_seal_records(session, principal, RegisterFilter(), limit=500)
        assert {line.record.id for line in lines} == may_records, name
        assert office.signing.count_seal_records(session, principal, RegisterFilter()) == len(may_records)
        check_invoices(office, session, principal, may_cases, may_documents)
        every_case = session.scalars(select(Case.id)).all()
        every_document = session.scalars(select(Document.id)).all()
        every_person = session.get_one(Person, person_id)
    assert every_person.is_active
    for kind, allowed in (("case", may_cases), ("seal_record", may_records)):
        results = runtime.get(Searcher).search(principal, Query(text="公司事项", kind=kind, limit=50))
        assert {hit.id for hit in results.hits} == allowed, (name, kind)
        assert results.total == len(allowed)
    found = runtime.get(Searcher).search(principal, Query(text="", kind="document", limit=50))
    assert {hit.id for hit in found.hits} == may_documents, name
    with runtime.database.write() as session:
        _row, secret = runtime.get(SignInService).create_token(session, person_id, "test", ["read"], None)
    headers = {"Authorization": f"Bearer {secret}"}
    for case_id in every_case:
        expected = 200 if case_id in may_cases else 404
        assert client.get(f"/api/v1/cases/{case_id}", headers=headers).status_code == expected
        assert client.get(f"/api/v1/cases/{case_id}/sheet", headers=headers).status_code == expected
    for document_id in every_document:
        expected = 200 if document_id in may_documents else 404
        assert client.get(f"/api/v1/documents/{document_id}/content", headers=headers).status_code == expected


def check_invoices(
    office: Office, session: Session, principal: Principal, may_cases: set[UUID], may_documents: set[UUID]
) -> None:
    """Lists, folder, claims and twins show what documents and cases allow, and count nothing else."""
    service, workflow = office.runtime.get(InvoiceService), office.workflow
    every = set(session.scalars(select(Invoice.document_id)))
    may = every & may_documents
    listed = service.list_invoices(session, principal, limit=500)
    assert {row.document_id for row in listed} == may
    assert service.count_invoices(session, principal) == len(may)
    rows = workflow.folder(session, principal, limit=500)
    assert {row.invoice.document_id for row in rows} == may
    totals = workflow.folder_totals(session, principal)
    assert sum(one.count for one in totals.values()) == len(may)
    states = workflow.claim_state(session, principal, every)
    assert set(states) == may
    claims = {row.document_id: row for row in session.scalars(select(InvoiceClaim))}
    for document_id, view in states.items():
        if document_id in claims:
            is_readable = claims[document_id].case_id in may_cases
            assert (view.case_id == claims[document_id].case_id) == is_readable
            assert (view.amount is not None) == is_readable
        assert view.case_id is None or view.case_id in may_cases
        twins = service.twins(session, principal, document_id)
        assert {twin.document_id for twin in twins.seen} <= may_documents
    for document_id in every - may:
        with pytest.raises(NotFound):
            service.get(session, principal, document_id)


def all_cases(office: Office, principal: Principal) -> set[UUID]:
    found: list[UUID] = []
    while True:
        with office.runtime.database.read() as session:
            page = office.workflow.list_cases(
                session, principal, before=found[-1] if found else None, limit=2
            )
        found += [row.id for row in page]
        if len(page) < 2:
            assert len(found) == len(set(found))
            return set(found)


def all_documents(office: Office, principal: Principal) -> set[UUID]:
    found: list[UUID] = []
    while True:
        with office.runtime.database.read() as session:
            page = office.ingest.list_documents(
                session, principal, before=found[-1] if found else None, limit=2
            )
        found += [row.id for row in page]
        if len(page) < 2:
            assert len(found) == len(set(found))
            return set(found)

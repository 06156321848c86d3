"""A whole installation with a company at work: what tests of several rooms begin with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from core.clock import Clock, FixedClock
from core.masterkey import FILE_NAME, MasterKey
from core.permissions import Principal
from core.runtime import Runtime
from core.settings import Settings
from core.tasks import run_pending
from ingest.models import DocumentKind
from ingest.service import IngestService
from signing.custody import PinCost
from signing.fields import Placement
from signing.models import Seal
from signing.service import SigningService
from storage.service import ObjectStore
from tests import databases, homes
from tests.builders import FAST_PASSWORDS, PIN, Company, make_company
from tests.seals import make_seal
from vermilion import assembly
from vermilion.demo_documents import Contract, typeset
from workflow.cases import CaseView
from workflow.deciding import DecisionResult
from workflow.models import Outcome
from workflow.service import WorkflowService

FAST_PIN = PinCost(time_cost=1, memory_kib=8, parallelism=1)
SIGNERS = ("gm", "head", "staff", "legal", "finance", "keeper")


def contract_pdf(title: str = "软件系统采购合同") -> bytes:
    """A contract of two pages."""
    paper = Contract(
        title,
        "HT-TEST-1",
        "云杉测试科技有限公司",
        "江南智算技术有限公司",
        True,
        "软件一套",
        Decimal("268000"),
        "2026-11-20",
    )
    return typeset(paper)


class Office:
    """A company on an assembled runtime, with verbs for what its people do."""

    def __init__(self, runtime: Runtime, company: Company) -> None:
        self.runtime = runtime
        self.company = company
        self.signing = runtime.get(SigningService)
        self.ingest = runtime.get(IngestService)
        self.workflow = runtime.get(WorkflowService)
        self.store = runtime.get(ObjectStore)
        self.seal: Seal

    def principal(self, username: str) -> Principal:
        return self.company.principal(username)

    def upload(
        self, username: str, data: bytes, name: str = "合同.pdf", kind: DocumentKind = DocumentKind.CONTRACT
    ) -> UUID:
        """Upload and process one file."""
        received = self.ingest.receive(self.principal(username), io.BytesIO(data), name, kind)
        self.ingest.process(received.document_id)
        return received.document_id

    def submit_contract(self, username: str = "staff", title: str = "软件系统采购合同") -> UUID:
        """A contract case at its first step."""
        document = self.upload(username, contract_pdf(title), f"{title}.pdf")
        return self.workflow.submit(self.principal(username), "contract", self.contract_form(title, document))

    def contract_form(self, title: str, document: UUID) -> dict[str, Any]:
        return {
            "title": title,
            "counterparty": "江南智算技术有限公司",
            "amount": "268000",
            "direction": "pay",
            "seal": str(self.seal.id),
            "copies": 2,
            "contract": [str(document)],
        }

    def view(self, username: str, case_id: UUID) -> CaseView:
        with self.runtime.database.read() as session:
            return self.workflow.get_case(session, self.principal(username), case_id)

    def decide(
        self,
        username: str,
        case_id: UUID,
        outcome: Outcome = Outcome.APPROVED,
        comment: str = "",
        pin: str = PIN,
    ) -> DecisionResult:
        """Decide the person's open task as they see the case now."""
        view = self.view(username, case_id)
        assert view.my_task is not None, f"{username} has no task"
        return self.workflow.decide(
            self.principal(username),
            view.my_task.id,
            outcome,
            comment,
            pin,
            view.sheet_of(view.my_task).digest,
        )

    def approve_all(self, case_id: UUID, *usernames: str) -> None:
        for username in usernames or ("head", "legal", "finance", "gm"):
            self.decide(username, case_id, comment="同意")

    def apply_seal(self, case_id: UUID, at: Placement | None = None) -> DecisionResult:
        """The keeper's task, with the seal on the second page of each document."""
        view = self.view("keeper", case_id)
        assert view.my_task is not None
        places = {
            one.id: [at or Placement(2, 60.0, 90.0)] for one in view.documents if one.is_signed_in_place
        }
        return self.workflow.seal(self.principal("keeper"), view.my_task.id, PIN, view.sheet.digest, places)

    def finished_contract(self, title: str = "软件系统采购合同") -> UUID:
        """A contract that went all the way, evidence included."""
        case_id = self.submit_contract(title=title)
        self.approve_all(case_id)
        self.apply_seal(case_id)
        self.work_off()
        return case_id

    def work_off(self) -> None:
        """Run all background work that is due."""
        run_pending(self.runtime)

    def papers(self, case_id: UUID, username: str = "admin") -> dict[str, bytes]:
        """The bytes of sheet and first document, newest."""
        view = self.view(username, case_id)
        found = {"sheet": self.store.read(view.sheet.digest)}
        if view.documents:
            found["document"] = self.store.read(view.documents[0].digest)
        return found

    def roots(self) -> list[bytes]:
        with self.runtime.database.read() as session:
            return self.signing.trust_anchors(session)


NAME = "云杉测试科技有限公司"
PLAIN_SETTINGS = {"backup_url", "broker_url", "head_targets", "invoice_gateway"}
"""Settings that change nothing of what an office begins with."""


@contextmanager
def open_office(home: Path, url: str = "", clock: Clock | None = None, **settings: Any) -> Iterator[Office]:
    """An office in a fresh home; ``url`` is an empty database, or empty for SQLite.

    It is a copy of the process's first office of its time and database, unless settings ask for another.
    """
    if set(settings) <= PLAIN_SETTINGS and not (home / FILE_NAME).exists():
        beginning = _copy_beginning(home, url, clock)
    else:
        beginning = _make_beginning(home, url, clock, **settings)
    runtime = _build(home, url, clock, **settings)
    try:
        company = Company(runtime, beginning.entity_id, {**beginning.departments}, {**beginning.people})
        office = Office(runtime, company)
        with runtime.database.read() as session:
            office.seal = session.get_one(Seal, beginning.seal_id)
        yield office
    finally:
        assembly.close(runtime)


@dataclass(frozen=True)
class Beginning:
    """The ids of what an office begins with."""

    entity_id: UUID
    departments: dict[str, UUID]
    people: dict[str, UUID]
    seal_id: UUID


def _copy_beginning(home: Path, url: str, clock: Clock | None) -> Beginning:
    instant = clock.now() if clock is not None else None
    still = FixedClock(instant) if instant is not None else None
    if not url:
        return homes.furnish(home, ("office", instant), lambda first: _make_beginning(first, "", still))
    original = databases.sister_database(url, f"office_{instant.timestamp() if instant else 'now'}")

    def make(first: Path) -> Beginning:
        databases.make_database(original)
        return _make_beginning(first, original, still)

    beginning = homes.furnish(home, original, make)
    databases.copy_database(original, url)
    return beginning


def _make_beginning(home: Path, url: str, clock: Clock | None, **settings: Any) -> Beginning:
    """The authority, the flows, the company, its people's keys and its seal."""
    runtime = _build(home, url, clock, **settings)
    try:
        signing = runtime.get(SigningService)
        signing.set_up(NAME, is_demo=False)
        runtime.get(WorkflowService).install_shipped()
        company = make_company(runtime, NAME)
        for username in SIGNERS:
            signing.enrol(company.principal(username), PIN)
        seal = make_seal(signing, company, code="3201009990002")
        return Beginning(company.entity_id, company.departments, company.people, seal.id)
    finally:
        assembly.close(runtime)


def _build(home: Path, url: str, clock: Clock | None, **settings: Any) -> Runtime:
    configured = Settings(home=home, database_url=url, **settings)
    master_key = MasterKey.load(home)
    if master_key is None:
        MasterKey.generate().save(home)
        master_key = MasterKey.load(home)
    assert master_key is not None
    return assembly.build(
        configured,
        master_key,
        clock=clock,
        passwords=FAST_PASSWORDS,
        pin_cost=FAST_PIN,
        sandbox=homes.SANDBOX,
    )

"""The assembled application, with people who can sign and a token for each."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pikepdf
from fastapi import FastAPI
from fastapi.testclient import TestClient

from core.ids import new_id
from core.masterkey import MasterKey
from core.runtime import Runtime
from core.settings import Settings
from core.sign_in import SCOPES, SignInService
from core.tasks import run_pending
from signing.service import SigningService
from tests import homes
from tests.builders import FAST_PASSWORDS, PIN, Company, make_company
from tests.office import FAST_PIN
from tests.seals import make_seal
from vermilion import application, assembly
from vermilion.first_start import SetUp

NAME = "云杉测试科技有限公司"


@dataclass
class World:
    """An application that runs in the test's own process."""

    runtime: Runtime
    company: Company
    app: FastAPI
    tokens: dict[str, str] = field(default_factory=dict)

    def client(
        self, username: str | None = None, scopes: Iterable[str] = SCOPES, **headers: str
    ) -> TestClient:
        """A client of the API; with a user name it carries a token of these scopes."""
        sent = {"Accept-Language": "en", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if username is not None:
            sent["Authorization"] = f"Bearer {self.token(username, scopes)}"
        return TestClient(self.app, headers=sent, raise_server_exceptions=False)

    def token(self, username: str, scopes: Iterable[str] = SCOPES) -> str:
        """A fresh or known token of the person."""
        key = f"{username}:{','.join(sorted(scopes))}"
        if key not in self.tokens:
            with self.runtime.database.write() as session:
                _row, secret = self.runtime.get(SignInService).create_token(
                    session, self.company.people[username], "test", scopes, None
                )
            self.tokens[key] = secret
        return self.tokens[key]

    def work(self) -> None:
        """Do what waits in the background."""
        run_pending(self.runtime)

    def enrol(self, *usernames: str) -> None:
        """Give people their signing PIN."""
        for username in usernames:
            self.runtime.get(SigningService).enrol(self.company.principal(username), PIN)

    def upload(self, username: str, pdf: bytes, kind: str = "contract", name: str = "合同.pdf") -> str:
        """Upload a PDF and have it processed; returns the document's id."""
        answer = self.client(username).post(
            "/api/v1/documents", files=[("files", (name, pdf, "application/pdf"))], data={"kind": kind}
        )
        assert answer.status_code == 201, answer.text
        self.work()
        return str(answer.json()["results"][0]["document_id"])

    def claim(self, username: str = "staff", **form: Any) -> dict[str, Any]:
        """Submit a reimbursement with one invoice; returns the case."""
        invoice = self.upload(username, make_pdf(title=str(new_id())), "invoice", "发票.pdf")
        answer = self.client(username).post(
            "/api/v1/cases", json={"flow": "reimbursement", "form": {**claim_form(invoice), **form}}
        )
        assert answer.status_code == 201, answer.text
        case: dict[str, Any] = answer.json()
        return case

    def task_of(self, username: str, case_id: str) -> dict[str, Any]:
        """The person's open task in a case, as the API shows it."""
        client = self.client(username)
        task = next(one for one in client.get("/api/v1/tasks").json()["items"] if one["case_id"] == case_id)
        detail: dict[str, Any] = client.get(f"/api/v1/tasks/{task['id']}").json()
        return detail


def claim_form(invoice: str) -> dict[str, Any]:
    """What the reimbursement's form wants."""
    return {
        "purpose": "上海客户拜访",
        "amount": "123.45",
        "invoices": [{"document": invoice, "category": "travel", "amount": "123.45"}],
    }


def make_pdf(pages: int = 1, title: str = "") -> bytes:
    """A blank PDF; a ``title`` makes it one of its own."""
    pdf = pikepdf.new()
    if title:
        pdf.docinfo["/Title"] = title
    for _ in range(pages):
        pdf.add_blank_page()
    target = io.BytesIO()
    pdf.save(target)
    return target.getvalue()


def make_world(home: Path, **settings: Any) -> World:
    """The whole application over a fresh home, with the company of tests.builders."""
    home.mkdir(parents=True, exist_ok=True)
    company = homes.furnish(home, "world", _make_company)
    runtime = _build(home, **settings)
    company = replace(company, runtime=runtime, people={**company.people})
    return World(runtime, company, application.create(runtime))


def _make_company(home: Path) -> Company:
    """The organisation and its company, in the first home of its kind."""
    MasterKey.generate().save(home)
    runtime = _build(home)
    runtime.get(SetUp).make_organisation(NAME, is_demo=False)
    company = make_company(runtime, NAME)
    assembly.close(runtime)
    return company


def _build(home: Path, **settings: Any) -> Runtime:
    master_key = MasterKey.load(home)
    assert master_key is not None
    return assembly.build(
        Settings(home=home, **settings),
        master_key,
        passwords=FAST_PASSWORDS,
        pin_cost=FAST_PIN,
        sandbox=homes.SANDBOX,
    )


def make_sealing_world(home: Path) -> World:
    """A world where a contract can go its whole way: people with PINs, and the seal for contracts."""
    made = make_world(home)
    made.enrol("head", "legal", "finance", "gm", "keeper")
    make_seal(made.runtime.get(SigningService), made.company)
    return made

"""What the tests of ingest share: one sandbox, and an ingest service on a fresh home."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.permissions import Principal
from core.runtime import Runtime
from ingest.antivirus import Antivirus
from ingest.invoices.service import InvoiceService
from ingest.models import Document, DocumentKind
from ingest.sandbox import Sandbox
from ingest.service import IngestService, Received
from storage.folder import FolderObjects
from storage.service import ObjectStore
from tests import homes
from tests.builders import Company, make_company, make_runtime


@dataclass
class Desk:
    """A company and its ingest."""

    runtime: Runtime
    company: Company
    store: ObjectStore
    ingest: IngestService
    sandbox: Sandbox

    def receive(
        self,
        data: bytes,
        name: str = "file.pdf",
        *,
        who: str | Principal = "staff",
        kind: DocumentKind = DocumentKind.ATTACHMENT,
    ) -> Received:
        """Upload as somebody."""
        principal = self.company.principal(who) if isinstance(who, str) else who
        return self.ingest.receive(principal, io.BytesIO(data), name, kind)

    def process(self, data: bytes, name: str = "file.pdf", *, who: str = "staff") -> Document:
        """Upload and process; the document as it stands then."""
        received = self.receive(data, name, who=who)
        self.ingest.process(received.document_id)
        with self.runtime.database.read() as session:
            return session.get_one(Document, received.document_id)


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The sandbox that all tests share."""
    return homes.SANDBOX


@pytest.fixture
def make_desk(tmp_path: Path, sandbox: Sandbox) -> Iterator[Callable[[str | None], Desk]]:
    """Makes a desk on a database URL; None is SQLite."""
    made: list[Desk] = []

    def make(url: str | None = None) -> Desk:
        runtime = make_runtime(tmp_path / "home", url)
        objects = FolderObjects(tmp_path / "home" / "objects")
        store = ObjectStore(runtime.database, objects, runtime.clock, tmp_path / "home" / "staging")
        invoices = InvoiceService(runtime.clock, runtime.settings)
        service = IngestService(
            runtime.database, store, sandbox, runtime.clock, runtime.settings, invoices, Antivirus("")
        )
        for part in (store, sandbox, invoices, service):
            runtime.add(part)
        made.append(Desk(runtime, make_company(runtime), store, service, sandbox))
        return made[-1]

    yield make
    for desk in made:
        desk.runtime.database.dispose()


@pytest.fixture
def desk(make_desk: Callable[[str | None], Desk]) -> Desk:
    """A desk on SQLite."""
    return make_desk(None)

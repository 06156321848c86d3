"""Invoices and reimbursements at work: what tests of claims begin with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.database import insert_unless_there
from core.ids import new_id
from ingest.invoices.facts import Fact, InvoiceFacts, Plain, Source
from ingest.invoices.service import InvoiceService
from ingest.models import Document, DocumentKind, Rendition, RenditionPurpose
from tests.office import Office
from vermilion.demo_documents import Invoice as Paper
from vermilion.demo_documents import typeset

OURS = "云杉测试科技有限公司"
SELLER = "江南旅行服务有限公司"
_numbers = itertools.count(1)


def next_number() -> str:
    """A number of a 数电票 that no other invoice of this run has."""
    return f"26312000000{next(_numbers):09d}"


def facts_of(fields: dict[str, Plain | None]) -> InvoiceFacts:
    """Facts as a reader of XML would give them."""
    return InvoiceFacts(
        {name: Fact(value, Source.XML) for name, value in fields.items() if value is not None}
    )


def invoice(office: Office, username: str = "staff", **changes: Plain | None) -> UUID:
    """An invoice that was uploaded and read: 106.00 with 6.00 tax, of today unless told otherwise."""
    today = office.runtime.clock.now().astimezone(office.runtime.settings.zone).date()
    fields: dict[str, Plain | None] = {
        "type": "电子发票（普通发票）",
        "number": next_number(),
        "issue_date": today,
        "seller_name": SELLER,
        "seller_tax_id": "91310000MA1FL5X17A",
        "buyer_name": OURS,
        "net": Decimal("100.00"),
        "tax": Decimal("6.00"),
        "total": Decimal("106.00"),
        "currency": "CNY",
        **changes,
    }
    name = f"{fields['number'] or 'ticket'}-{new_id()}"
    line = ("旅游服务*代订", 1, Decimal(str(fields["net"] or 1)), Decimal(str(fields["tax"] or 0)))
    paper = Paper(name, str(fields["issue_date"] or today), SELLER, "91310000MA1FL5X17A", OURS, "", (line,))
    document_id = office.upload(username, typeset(paper), f"{name}.pdf", DocumentKind.INVOICE)
    read(office, document_id, fields)
    return document_id


def read(office: Office, document_id: UUID, fields: dict[str, Plain | None]) -> None:
    """Have these facts been read in the document, and its PDF found to be PDF/A."""
    with office.runtime.database.write() as session:
        office.runtime.get(InvoiceService).record(session, document_id, facts_of(fields))
        version = office.ingest.pdf_version(session, document_id)
        row = {
            "version_id": version.id,
            "purpose": RenditionPurpose.ARCHIVAL.value,
            "digest": version.digest,
            "size": version.size,
            "pages": version.pages,
            "standard": "2b",
            "method": "declared",
            "created_at": office.runtime.clock.now(),
        }
        insert_unless_there(session, Rendition, [row])


def break_signature(office: Office, document_id: UUID) -> None:
    """What processing finds on a file that was changed after it was signed."""
    with office.runtime.database.write() as session:
        session.get_one(Document, document_id).verdict = "invalid"


def form(*documents: UUID | dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A reimbursement of whole invoices, or of the lines given."""
    lines = [
        one if isinstance(one, dict) else {"document": str(one), "category": "travel"} for one in documents
    ]
    return {"purpose": "上海客户拜访", "invoices": lines, **changes}


def submit(office: Office, *documents: UUID | dict[str, Any], by: str = "staff", **changes: Any) -> UUID:
    """Submit a reimbursement; returns the case's id."""
    return office.workflow.submit(office.principal(by), "reimbursement", form(*documents, **changes))


def states(office: Office, documents: Sequence[UUID], by: str = "staff") -> list[str]:
    """How far the claims of some invoices have come, as a person sees it."""
    with office.runtime.database.read() as session:
        found = office.workflow.claim_state(session, office.principal(by), documents)
    return [found[document].state.value for document in documents]

"""The demo's invoice folder 票夹: invoices that nobody has claimed yet, as the files that sellers send.

A stay as XML and, again, as OFD (one invoice in two files, which can be claimed once); a fee whose invoice
was made out to a person, which is warned of; and the OFD of an invoice that is being claimed with its PDF.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select

from core.permissions import load_principal
from core.runtime import Runtime
from ingest.models import Document, DocumentKind
from ingest.service import IngestService
from vermilion.demo_carriers import as_ofd, as_xml
from vermilion.demo_documents import Invoice, typeset
from vermilion.demo_stories import invoice_of, office_supplies

_WRITERS: Final[Mapping[str, Callable[[Invoice], bytes]]] = {"pdf": typeset, "xml": as_xml, "ofd": as_ofd}


@dataclass(frozen=True)
class Loose:
    """An invoice in somebody's folder; ``name`` ends as the file does."""

    owner: str
    name: str
    paper: Invoice

    def write(self) -> bytes:
        """The file."""
        return _WRITERS[self.name.rpartition(".")[2]](self.paper)


def invoices(today: date) -> list[Loose]:
    """What lies in the folders."""
    day = today.isoformat()
    stay = invoice_of(
        "322000000010000021", day, "湖畔（演示）酒店有限公司", ("住宿服务*住宿费", 2, "905.66", "54.34")
    )
    fee = invoice_of(
        "322000000010000022", day, "明德（演示）教育咨询有限公司", ("会展服务*参会费", 1, "1132.08", "67.92")
    )
    return [
        Loose("zhangwei", "杭州住宿费.xml", stay),
        Loose("zhangwei", "杭州住宿费.ofd", stay),
        Loose("zhangwei", "参会费发票.pdf", replace(fee, buyer="张伟", buyer_tax_id="")),
        Loose("huanglin", "办公用品发票.ofd", office_supplies(day)),
    ]


def missing(runtime: Runtime, wanted: list[Loose], people: Mapping[str, UUID]) -> list[Loose]:
    """Those that are not in their owner's folder yet."""
    with runtime.database.read() as session:
        there = {
            (owner, title) for owner, title in session.execute(select(Document.owner_id, Document.title))
        }
    return [one for one in wanted if (people[one.owner], one.name) not in there]


def put(runtime: Runtime, one: Loose, people: Mapping[str, UUID]) -> None:
    """Upload it and have it read."""
    with runtime.database.read() as session:
        owner = load_principal(session, people[one.owner], runtime.clock.now(), runtime.settings.zone)
    ingest = runtime.get(IngestService)
    received = ingest.receive(owner, io.BytesIO(one.write()), one.name, DocumentKind.INVOICE)
    ingest.process(received.document_id)

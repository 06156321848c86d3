"""How documents are found: by title, text, kind and owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.amounts import amount_in_words
from core.models import Department, Person
from ingest.invoices.models import Invoice
from ingest.models import Document, DocumentKind, DocumentState, PageText
from search.index import Record, Tag
from search.language import Vocabulary, vocabulary_of

_KINDS: Final = {
    DocumentKind.INVOICE: "发票 invoice",
    DocumentKind.CONTRACT: "合同 contract",
    DocumentKind.FORM: "审批表 approval sheet",
    DocumentKind.ATTACHMENT: "附件 attachment",
}


_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "document": ("文件", "文档"),
    DocumentKind.INVOICE: ("发票",),
    DocumentKind.CONTRACT: ("合同",),
    DocumentKind.FORM: ("approval sheet", "审批表"),
    DocumentKind.ATTACHMENT: ("附件",),
}
_STATES: Final[dict[str, tuple[str, ...]]] = {
    DocumentState.PROCESSING: ("处理中",),
    DocumentState.READY: ("就绪", "已就绪"),
    DocumentState.REFUSED: ("不可用", "已拒收"),
}


def vocabulary(_session: Session) -> Vocabulary:
    """What kinds and states of documents are called in ``kind:`` and ``state:``."""
    return vocabulary_of(_NAMES, _STATES)


def ids(session: Session) -> Iterator[UUID]:
    """Every document."""
    return iter(session.scalars(select(Document.id).order_by(Document.created_at)))


def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
    """The search records of some documents."""
    pages: dict[UUID, list[str]] = defaultdict(list)
    texts = session.execute(
        select(PageText.document_id, PageText.page, PageText.text)
        .where(PageText.document_id.in_(wanted))
        .order_by(PageText.document_id, PageText.page)
    )
    for document_id, page, text in texts:
        before = pages[document_id]
        before.extend("" for _ in range(page - 1 - len(before)))  # a page without text has no row
        before.append(text)
    invoices = {
        row.document_id: row
        for row in session.scalars(select(Invoice).where(Invoice.document_id.in_(wanted)))
    }
    rows = session.execute(
        select(Document, Person.name, Department.name)
        .join(Person, Person.id == Document.owner_id)
        .join(Department, Department.id == Document.department_id)
        .where(Document.id.in_(wanted))
    )
    return [
        Record(
            kind="document",
            id=document.id,
            title=document.title,
            date=document.created_at,
            texts=(_KINDS[DocumentKind(document.kind)], *_invoice_texts(invoices.get(document.id))),
            pages=tuple(pages[document.id]),
            number=invoices[document.id].number if document.id in invoices else None,
            other_numbers=(document.original_digest, *_invoice_numbers(invoices.get(document.id))),
            subkind=DocumentKind(document.kind).value,
            state=document.state,
            department=Tag(document.department_id, department),
            applicant=Tag(document.owner_id, owner),
            people=(Tag(document.owner_id, owner),),
            counterparty=invoices[document.id].seller_name if document.id in invoices else None,
            amount=invoices[document.id].total if document.id in invoices else None,
        )
        for document, owner, department in rows
    ]


def _invoice_numbers(invoice: Invoice | None) -> tuple[str, ...]:
    """What else people copy from an invoice: code, code with number, check code, tax ids."""
    if invoice is None:
        return ()
    joined = f"{invoice.code}{invoice.number}" if invoice.code and invoice.number else None
    numbers = (invoice.code, joined, invoice.check_code, invoice.seller_tax_id, invoice.buyer_tax_id)
    return tuple(dict.fromkeys(number for number in numbers if number))


def _invoice_texts(invoice: Invoice | None) -> Iterator[str]:
    """Kind, parties and amounts as people write them, with and without separators."""
    if invoice is None:
        return
    for text in (invoice.type, invoice.seller_name, invoice.buyer_name):
        if text:
            yield text
    for amount in (invoice.total, invoice.net, invoice.tax):
        if amount is not None:
            yield f"{amount:.2f} {amount:,.2f}"
    if invoice.total is not None:
        yield amount_in_words(invoice.total)
    if invoice.issue_date is not None:
        day = invoice.issue_date
        yield f"{day.isoformat()} {day.year}年{day.month}月{day.day}日"

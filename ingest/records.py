"""How documents are found: by title, text, kind and owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Department, Person
from ingest.models import Document, DocumentKind, PageText
from search.index import Record, Tag

_KINDS: Final = {
    DocumentKind.INVOICE: "发票 invoice",
    DocumentKind.CONTRACT: "合同 contract",
    DocumentKind.FORM: "审批表 approval sheet",
    DocumentKind.ATTACHMENT: "附件 attachment",
}


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
            texts=(f"{_KINDS[DocumentKind(document.kind)]} {owner} {department}",),
            pages=tuple(pages[document.id]),
            other_numbers=(document.original_digest,),
            state=document.state,
            department=Tag(document.department_id, department),
            people=(Tag(document.owner_id, owner),),
        )
        for document, owner, department in rows
    ]

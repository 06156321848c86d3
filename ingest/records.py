"""How documents are found: by title, text, kind and owner."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.models import Person
from ingest.models import Document, PageText
from search.index import Part, Record


def ids(session: Session) -> Iterator[UUID]:
    """Every document."""
    return iter(session.scalars(select(Document.id).order_by(Document.created_at)))


def records(session: Session, wanted: Sequence[UUID]) -> list[Record]:
    """The search records of some documents."""
    pages: dict[UUID, list[Part]] = defaultdict(list)
    texts = session.execute(
        select(PageText.document_id, PageText.page, PageText.text)
        .where(PageText.document_id.in_(wanted))
        .order_by(PageText.document_id, PageText.page)
    )
    for document_id, page, text in texts:
        pages[document_id].append(Part(text, page))
    rows = session.execute(
        select(Document, Person.name)
        .join(Person, Person.id == Document.owner_id)
        .where(Document.id.in_(wanted))
    )
    return [
        Record(
            kind="document",
            id=document.id,
            title=document.title,
            when=document.created_at,
            parts=(*pages[document.id], Part(owner)),
            other_numbers=(document.original_digest,),
            state=document.state,
            department=document.department_id,
            people=(document.owner_id,),
        )
        for document, owner in rows
    ]

"""Notices: what the reader should know of, shown at home until they have seen it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from core import notices
from portal.frame import Visiting, pages, see_other
from portal.visit import Visit

router = pages()

_PAGES: Final = {
    "document": "/documents/{}",
    "case": "/cases/{}",
    "certificate": "/admin/certificates/{}",
    "credential": "/me",
    "seal_record": "/register/{}",
    "seal": "/register/loans#seal-{}",
    "seal_change": "/seals/changes/{}",
    "person": "/me",
    "saved_search": "/search/saved/{}",
    "key_replacement": "/key-replacements",
}


@dataclass(frozen=True)
class ShownNotice:
    """A notice as the page says it, with the address of what it is about."""

    id: UUID
    text: str
    address: str
    at: datetime


@router.post("/notices/{notice_id}/seen")
def see(request: Request, visit: Visiting, notice_id: UUID) -> Response:
    """Put a notice away."""
    with visit.runtime.database.write() as session:
        notices.see(session, visit.runtime.clock.now(), visit.person, notice_id)
    return see_other(request, "/")


def unseen(session: Session, visit: Visit) -> list[ShownNotice]:
    """What the reader has not seen yet, newest first."""
    return [
        ShownNotice(
            one.id,
            visit.text(f"notice-{one.code}", **one.context),
            _PAGES[one.resource_type].format(one.resource_id),
            one.at,
        )
        for one in notices.unseen(session, visit.person)
    ]


def look_at(visit: Visit, resource_type: str, resource_id: UUID) -> None:
    """The reader looks at a thing that they may see, and so has seen what the notices say of it."""
    database = visit.runtime.database
    with database.read() as session:
        if not notices.is_told_of(session, visit.person, resource_type, resource_id):
            return
    with database.write() as session:
        notices.see_all_of(session, visit.runtime.clock.now(), visit.person, resource_type, resource_id)

"""Search."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from core import outbox


def announce(session: Session, kind: str, resource_id: UUID, now: datetime) -> None:
    """Have a searchable thing indexed once the transaction has committed."""
    outbox.enqueue(
        session,
        "search.index",
        {"kind": kind, "id": str(resource_id)},
        now,
        key=f"search.index:{kind}:{resource_id}",
    )

"""What an index refuses: kept where the administrator sees work that was given up, until it is taken.

A refusal is a ``search.index`` job that has failed: the health page names it with its reason and lets it
be tried again, ``vermilion doctor`` names it, and nothing tries it again by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.database import insert_unless_there
from core.ids import new_id
from core.models import OutboxJob
from search.index import Key

TASK: Final = "search.index"
_REFUSED: Final = "search.refused:"
_LONGEST_REASON: Final = 2_000

log = structlog.get_logger()


def note(session: Session, refused: Mapping[Key, str], now: datetime) -> None:
    """Remember what the index does not take, and why; an earlier reason is replaced."""
    settle(session, refused)
    for key, reason in refused.items():
        log.error("record_refused", kind=key.kind, id=str(key.id), reason=reason)
        row = {
            "id": new_id(),
            "task": TASK,
            "payload": {"kind": key.kind, "id": str(key.id)},
            "key": _name(key),
            "run_at": now,
            "tries": 1,
            "last_error": reason[:_LONGEST_REASON],
            "failed_at": now,
        }
        insert_unless_there(session, OutboxJob, [row])


def settle(session: Session, keys: Iterable[Key]) -> None:
    """The index takes these things, or they are gone."""
    names = [_name(key) for key in keys]
    if names:
        session.execute(delete(OutboxJob).where(OutboxJob.key.in_(names)))


def refusals(session: Session) -> dict[Key, str]:
    """All that the index does not take, and why."""
    rows = session.execute(
        select(OutboxJob.key, OutboxJob.last_error)
        .where(OutboxJob.failed_at.is_not(None), OutboxJob.key.startswith(_REFUSED))
        .order_by(OutboxJob.key)
    )
    return {_key(name): reason or "" for name, reason in rows if name is not None}


def _name(key: Key) -> str:
    return f"{_REFUSED}{key.kind}:{key.id}"


def _key(name: str) -> Key:
    kind, _, identifier = name.removeprefix(_REFUSED).partition(":")
    return Key(kind, UUID(identifier))

"""Notices: something happened that a person should know of, until they have seen it.

A notice is no task: nobody has to do anything with it, and it decides nothing. Its text is
``notice-<code>`` with its context, in the reader's language. Verbs belong to the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.models import Notice
from core.permissions import Principal

KEPT_FOR: Final = timedelta(days=90)
"""How long a notice is kept after it was made, seen or not."""


def tell(
    session: Session,
    at: datetime,
    person_ids: Iterable[UUID],
    code: str,
    resource_type: str,
    resource_id: UUID,
    context: Mapping[str, str],
) -> None:
    """Tell people of something. Who has not seen the last notice of the same is told nothing new."""
    wanted = set(person_ids)
    know = session.scalars(
        select(Notice.person_id).where(
            Notice.person_id.in_(wanted), Notice.seen_at.is_(None), *_about(resource_type, resource_id, code)
        )
    )
    for person_id in sorted(wanted - set(know)):
        session.add(
            Notice(
                person_id=person_id,
                code=code,
                context=dict(context),
                resource_type=resource_type,
                resource_id=resource_id,
                at=at,
            )
        )
    session.flush()


def unseen(session: Session, principal: Principal, *, limit: int = 50) -> Sequence[Notice]:
    """What the person has not seen yet, newest first."""
    query = _of(principal).order_by(Notice.at.desc(), Notice.id.desc()).limit(limit)
    return session.scalars(query).all()


def is_told_of(session: Session, principal: Principal, resource_type: str, resource_id: UUID) -> bool:
    """Whether the person has notices about a thing that they have not seen."""
    found = session.scalar(
        _of(principal).with_only_columns(Notice.id).where(*_about(resource_type, resource_id)).limit(1)
    )
    return found is not None


def count_unseen(session: Session, principal: Principal) -> int:
    """How many notices the person has not seen yet."""
    return session.scalar(select(func.count()).select_from(_of(principal).subquery())) or 0


def see(session: Session, at: datetime, principal: Principal, notice_id: UUID) -> None:
    """The person has seen it; repeating that is harmless. Raises NotFound, also for somebody else's."""
    notice = session.get(Notice, notice_id)
    if notice is None or notice.person_id != principal.person_id:
        raise NotFound(what="notice")
    notice.seen_at = notice.seen_at or at


def see_all_of(
    session: Session, at: datetime, principal: Principal, resource_type: str, resource_id: UUID
) -> None:
    """The person looks at the thing itself, and so has seen what the notices say of it."""
    session.execute(
        update(Notice)
        .where(
            Notice.person_id == principal.person_id,
            Notice.seen_at.is_(None),
            *_about(resource_type, resource_id),
        )
        .values(seen_at=at)
    )


def settle(session: Session, at: datetime, code: str, resource_type: str, resource_id: UUID) -> None:
    """The matter is closed: nobody needs to be told of it any more."""
    session.execute(
        update(Notice)
        .where(Notice.seen_at.is_(None), *_about(resource_type, resource_id, code))
        .values(seen_at=at)
    )


def settle_all(session: Session, at: datetime, resource_type: str, resource_id: UUID) -> None:
    """The thing is gone: nobody needs to be told anything of it any more."""
    session.execute(
        update(Notice).where(Notice.seen_at.is_(None), *_about(resource_type, resource_id)).values(seen_at=at)
    )


def forget(session: Session, before: datetime) -> None:
    """Delete the notices that were made before a moment."""
    session.execute(delete(Notice).where(Notice.at < before))


def _of(principal: Principal) -> Select[Notice]:
    return select(Notice).where(Notice.person_id == principal.person_id, Notice.seen_at.is_(None))


def _about(resource_type: str, resource_id: UUID, code: str | None = None) -> list[ColumnElement[bool]]:
    found = [Notice.resource_type == resource_type, Notice.resource_id == resource_id]
    return found if code is None else [*found, Notice.code == code]

"""A form that is sent twice does one thing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete

from core.database import insert_unless_there
from core.errors import Conflict
from core.models import IdempotencyKey
from portal.visit import Visit

_PATIENCE: Final = 10.0
"""Seconds that the second sending waits for the first one to finish."""
_ABANDONED: Final = timedelta(minutes=2)
_DONE: Final = 303


def once(visit: Visit, form_id: str, work: Callable[[], str]) -> str:
    """Do ``work`` for this showing of a form, unless that was done: then its result is returned again.

    ``work`` returns the address to go to. When it raises, nothing is remembered and the form may be
    sent again. A form without a proper id is simply worked. Raises Conflict when the first sending
    is still running after ten seconds.
    """
    key = _key(form_id)
    if key is None:
        return work()
    deadline = time.monotonic() + _PATIENCE
    while not _claim(visit, key):
        known = _result(visit, key)
        if known is not None:
            return known
        if time.monotonic() > deadline:
            raise Conflict()
        time.sleep(0.1)
    try:
        address = work()
    except BaseException:
        _forget(visit, key)
        raise
    with visit.runtime.database.write() as session:
        row = session.get_one(IdempotencyKey, (visit.person.person_id, key))
        row.status, row.body = _DONE, address.encode()
    return address


def _key(form_id: str) -> str | None:
    try:
        return f"form:{UUID(form_id)}"
    except ValueError:
        return None


def _claim(visit: Visit, key: str) -> bool:
    now = visit.runtime.clock.now()
    person_id = visit.person.person_id
    with visit.runtime.database.write() as session:
        session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.person_id == person_id,
                IdempotencyKey.key == key,
                IdempotencyKey.status.is_(None),
                IdempotencyKey.created_at < now - _ABANDONED,
            )
        )
        row = {
            "person_id": person_id,
            "key": key,
            "request_digest": hashlib.sha256(key.encode()).hexdigest(),
            "status": None,
            "created_at": now,
        }
        return insert_unless_there(session, IdempotencyKey, [row]) == 1


def _result(visit: Visit, key: str) -> str | None:
    with visit.runtime.database.read() as session:
        row = session.get(IdempotencyKey, (visit.person.person_id, key))
        return row.body.decode() if row is not None and row.status == _DONE and row.body else None


def _forget(visit: Visit, key: str) -> None:
    with visit.runtime.database.write() as session:
        session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.person_id == visit.person.person_id, IdempotencyKey.key == key
            )
        )

"""Guessing at PINs: counted before a try is judged, slowed down, and ended.

A try is let in first and judged afterwards, so that a hundred at once are a hundred. Only so many
run at a time as are free before waiting begins; who comes beside them waits a moment, which an
honest caller with many requests does not notice. The count of a person never fades, only the right
PIN clears it: after ``VERMILION_PIN_LOCK_AFTER`` wrong ones in a row the key is locked and only a
new one helps (``signing.replacement``). The count of a source fades after a day and never locks.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core import audit, notices
from core.addresses import CALLER
from core.clock import Clock
from core.database import Database, insert_unless_there
from core.errors import VermilionError
from core.settings import Settings
from core.throttle import FREE_FAILURES, LONGEST_WAIT, wait_after
from signing.custody_models import PinAttempt
from signing.errors import PinBlocked, PinLocked

FREE_FROM_SOURCE: Final = 20
"""Failures from one address, at whatever persons' PINs, that cost no waiting."""
FADES_AFTER: Final = timedelta(hours=24)
_ABANDONED: Final = timedelta(seconds=60)
"""A try that was let in so long ago died with its process, and counts as wrong."""
_PATIENCE: Final = 15.0


class PinGuard:
    """Lets tries at PINs in and counts them. Opens its own transactions."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, kind: str = "pin", *, locks: bool = True
    ) -> None:
        self._kind = kind  # what is guessed at: pin, code for second factors, token for one not yet in use
        self._locks = locks
        self._database = database
        self._clock = clock
        self._settings = settings

    def let_in(self, person_id: UUID) -> None:
        """Begin a try; ``failed`` or ``passed`` must follow. Raises PinBlocked, PinLocked."""
        deadline, pause = time.monotonic() + _PATIENCE, 0.01
        while not self._try_in(person_id):
            if time.monotonic() > deadline:
                raise PinBlocked(field="pin", wait_seconds=1)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)

    def _try_in(self, person_id: UUID) -> bool:
        now, refusal = self._clock.now(), None
        with self._database.write() as session:
            self._check_source(session, now)
            row = _row(session, self._subject(person_id), now)
            if row.running and now - row.let_in_at > _ABANDONED:
                self._count(session, row, person_id, row.running, now)
                row.running = 0
            if row.locked_at is not None:
                refusal = _locked()
            elif row.blocked_until is not None and row.blocked_until > now:
                refusal = _blocked(row.blocked_until, now)
            elif row.running >= max(FREE_FAILURES - row.failures, 1):
                return False
            else:
                row.running += 1
                row.let_in_at = now
        if refusal is not None:
            raise refusal
        return True

    def failed(self, person_id: UUID) -> int:
        """The PIN was wrong. Returns how many more are free before waiting begins."""
        now = self._clock.now()
        with self._database.write() as session:
            row = _row(session, self._subject(person_id), now)
            row.running = max(row.running - 1, 0)
            self._count(session, row, person_id, 1, now)
            audit.record(session, now, person_id, f"credential.{self._kind}_wrong", "person", person_id)
            self._count_source(session, now)
            return max(FREE_FAILURES - row.failures, 0)

    def passed(self, person_id: UUID) -> None:
        """The PIN was right: what was wrong before is forgotten."""
        with self._database.write() as session:
            row = _row(session, self._subject(person_id), self._clock.now())
            row.running = max(row.running - 1, 0)
            row.failures, row.blocked_until = 0, None

    def given_back(self, person_id: UUID) -> None:
        """The try came to no judgement: it counts neither way."""
        with self._database.write() as session:
            row = _row(session, self._subject(person_id), self._clock.now())
            row.running = max(row.running - 1, 0)

    def _subject(self, person_id: UUID) -> str:
        return f"{self._kind}:{person_id}"

    def _count(self, session: Session, row: PinAttempt, person_id: UUID, by: int, now: datetime) -> None:
        was_free = row.failures < FREE_FAILURES
        row.failures += by
        row.failed_at = now
        wait = wait_after(row.failures)
        row.blocked_until = now + wait if wait else None
        if self._locks and row.locked_at is None and row.failures >= self._settings.pin_lock_after:
            row.locked_at = now
            audit.record(session, now, None, "credential.locked", "person", person_id)
            notices.tell(session, now, [person_id], "pin-locked", "person", person_id, {})
        elif was_free and wait:
            notices.tell(session, now, [person_id], "pin-wrong-often", "person", person_id, _told(row))

    def _check_source(self, session: Session, now: datetime) -> None:
        address = CALLER.get()
        if not address:
            return
        blocked_until = session.scalar(
            select(PinAttempt.blocked_until).where(PinAttempt.subject == _source(address))
        )
        if blocked_until is not None and blocked_until > now:
            raise _blocked(blocked_until, now)

    def _count_source(self, session: Session, now: datetime) -> None:
        address = CALLER.get()
        if not address:
            return
        row = _row(session, _source(address), now)
        if row.failed_at is not None and now - row.failed_at > FADES_AFTER:
            row.failures = 0
        row.failures += 1
        row.failed_at = now
        beyond = row.failures - FREE_FROM_SOURCE
        if beyond >= 0:
            row.blocked_until = now + min(timedelta(seconds=30 * (1 << min(beyond, 10))), LONGEST_WAIT)


def is_locked(session: Session, person_id: UUID) -> bool:
    """Whether too many wrong PINs have locked the person's key."""
    found = session.scalar(select(PinAttempt.locked_at).where(PinAttempt.subject == _subject(person_id)))
    return found is not None


def clear(session: Session, person_id: UUID) -> None:
    """Forget the tries at a key that is no longer the person's."""
    subjects = [_subject(person_id), f"code:{person_id}"]
    session.execute(delete(PinAttempt).where(PinAttempt.subject.in_(subjects)))
    clear_token(session, person_id)


def clear_token(session: Session, person_id: UUID) -> None:
    """Forget the tries at a token that the person does not sign with yet."""
    session.execute(delete(PinAttempt).where(PinAttempt.subject == f"token:{person_id}"))


def forget_sources(session: Session, before: datetime) -> None:
    """Delete the counts of sources that have faded."""
    session.execute(
        delete(PinAttempt).where(PinAttempt.subject.startswith("pin-from:"), PinAttempt.failed_at < before)
    )


def _row(session: Session, subject: str, now: datetime) -> PinAttempt:
    """The row, locked; made when it is missing."""
    fresh = {"subject": subject, "failures": 0, "running": 0, "let_in_at": now}
    wanted = select(PinAttempt).where(PinAttempt.subject == subject).with_for_update()
    while True:  # a row that ``clear`` deleted in between is made again
        insert_unless_there(session, PinAttempt, [fresh])
        row = session.scalars(wanted).one_or_none()
        if row is not None:
            return row


def _subject(person_id: UUID) -> str:
    return f"pin:{person_id}"


def _source(address: str) -> str:
    return f"pin-from:{address}"


def _told(row: PinAttempt) -> dict[str, str]:
    return {"failures": str(row.failures), "address": CALLER.get() or "–"}


def _blocked(until: datetime, now: datetime) -> VermilionError:
    return PinBlocked(field="pin", wait_seconds=int((until - now).total_seconds()) + 1)


def _locked() -> VermilionError:
    return PinLocked(field="pin")

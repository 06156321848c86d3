"""Slowing down guesses at a password or PIN. One counter for each subject, kept in the database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import VermilionError
from core.models import Throttle

FREE_FAILURES: Final = 5
"""Failures that cost no waiting."""
LONGEST_WAIT: Final = timedelta(minutes=30)
FORGET_AFTER: Final = timedelta(hours=24)


class TooManyAttempts(VermilionError):
    """Guessing is blocked for a while. Context: ``wait_seconds``."""

    code = "too-many-attempts"
    status = 429


def wait_after(failures: int) -> timedelta:
    """How long a subject is blocked after so many failures in a row: 0 up to five, then 30 s doubling."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES, 10)
    return min(timedelta(seconds=30 * (1 << doublings)), LONGEST_WAIT)


def check(session: Session, subject: str, now: datetime) -> None:
    """Raise TooManyAttempts while the subject is blocked."""
    blocked_until = session.scalar(select(Throttle.blocked_until).where(Throttle.subject == subject))
    if blocked_until is not None and blocked_until > now:
        raise TooManyAttempts(wait_seconds=int((blocked_until - now).total_seconds()) + 1)


def fail(session: Session, subject: str, now: datetime) -> int:
    """Count one failure. Returns how many more are free before waiting begins."""
    row = session.scalar(select(Throttle).where(Throttle.subject == subject).with_for_update())
    if row is None:
        row = Throttle(subject=subject, failures=0, last_failure_at=now)
        session.add(row)
    elif now - row.last_failure_at > FORGET_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_failure_at = now
    wait = wait_after(row.failures)
    row.blocked_until = now + wait if wait else None
    return max(FREE_FAILURES - row.failures, 0)


def clear(session: Session, subject: str) -> None:
    """Forget the failures after a success."""
    session.execute(delete(Throttle).where(Throttle.subject == subject))


def has_failures(session: Session, subject: str) -> bool:
    """Whether any failure is counted; spares a write after each success."""
    return session.get(Throttle, subject) is not None

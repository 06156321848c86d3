"""Signing sessions: one PIN entry for many signatures, of just what was shown.

The opened key stays in the memory of the process that took the PIN and is never written anywhere,
wrapped or not: it is gone when the session ends and when the process does. The row in the database
holds what the session allows and how much of it is used, so that every process can end it: signing
out, a changed PIN or a revoked certificate ends it wherever the key lies. Another process cannot
use the session; who gets there is asked for the PIN.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.ids import new_id
from core.settings import Settings
from core.sign_in import is_signed_in
from signing.custody_models import SigningSession
from signing.errors import SigningSessionOver
from signing.signatory import Signatory

_ENDED_BY_TIME: Final = "time"


@dataclass
class _Open:
    """A session whose key this process holds."""

    person_id: UUID
    sign_in: str
    signatory: Signatory
    expires_at: datetime
    left: Counter[str] = field(default_factory=Counter)
    timer: threading.Timer | None = None


class SigningSessions:
    """The signing sessions of this process. Opens its own transactions."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._open: dict[UUID, _Open] = {}
        self._lock = threading.Lock()

    def open(self, signatory: Signatory, sign_in: str, digests: Collection[str]) -> UUID:
        """Keep a key that was just opened for these digests (SHA-256, hex), each as
        often as it is named.

        ``sign_in`` names the sign-in it belongs to (``core.sign_in.binding``). Raises InvalidInput for
        none, or more than ``VERMILION_BATCH_MOST``.
        """
        allowed = Counter(digests)
        if not 1 <= allowed.total() <= self._settings.batch_most:
            raise InvalidInput(field="digests", reason=f"1–{self._settings.batch_most}")
        now, lasts = self._clock.now(), timedelta(minutes=self._settings.batch_minutes)
        session_id = new_id()
        with self._database.write() as session:
            session.add(
                SigningSession(
                    id=session_id,
                    person_id=signatory.person_id,
                    sign_in=sign_in,
                    digests=sorted(allowed),
                    most=allowed.total(),
                    used=0,
                    created_at=now,
                    expires_at=now + lasts,
                )
            )
            audit.record(
                session,
                now,
                signatory.person_id,
                "signing_session.opened",
                "person",
                signatory.person_id,
                {
                    "session": str(session_id),
                    "signatures": allowed.total(),
                    "until": (now + lasts).isoformat(),
                },
            )
        timer = threading.Timer(lasts.total_seconds(), self._forget, (session_id,))
        timer.daemon = True
        kept = _Open(signatory.person_id, sign_in, signatory, now + lasts, allowed, timer)
        with self._lock:
            self._open[session_id] = kept
        timer.start()
        return session_id

    def take(self, session_id: UUID, person_id: UUID, sign_in: str, digest: str) -> Signatory:
        """The key, for one signature over what ``digest`` shows. It counts, whether or not it is made.

        Raises SigningSessionOver: ended, used up, of another person or sign-in, not for this digest, or
        in another process.
        """
        now = self._clock.now()
        with self._lock:
            kept = self._open.get(session_id)
            if kept is None or (kept.person_id, kept.sign_in) != (person_id, sign_in):
                raise SigningSessionOver(reason="unknown")
            if kept.left[digest] < 1:
                raise SigningSessionOver(reason="digest")
            kept.left[digest] -= 1
        with self._database.write() as session:
            reason = None if is_signed_in(session, sign_in, now) else "signed-out"
            counted = reason is None and _count(session, session_id, now)
            if not counted:
                row = session.get_one(SigningSession, session_id)
                if row.ended_at is None:
                    row.ended_at, row.end_reason = now, reason or _ENDED_BY_TIME
        if not counted:
            self._forget(session_id)
            raise SigningSessionOver(reason="ended")
        return kept.signatory

    def close(self, session_id: UUID, reason: str) -> None:
        """End a session: its work is done, or its person wishes so. Harmless when repeated."""
        self._forget(session_id)
        now = self._clock.now()
        with self._database.write() as session:
            session.execute(
                update(SigningSession)
                .where(SigningSession.id == session_id, SigningSession.ended_at.is_(None))
                .values(ended_at=now, end_reason=reason)
            )

    def is_open_here(self, session_id: UUID) -> bool:
        """Whether this process holds the key."""
        with self._lock:
            return session_id in self._open

    def drop_all(self) -> None:
        """Forget every key: the process ends."""
        with self._lock:
            known = list(self._open)
        for session_id in known:
            self._forget(session_id)

    def _forget(self, session_id: UUID) -> None:
        with self._lock:
            kept = self._open.pop(session_id, None)
        if kept is not None and kept.timer is not None:
            kept.timer.cancel()


def _count(session: Session, session_id: UUID, now: datetime) -> bool:
    """Count one use; False when there is none left."""
    result = session.execute(
        update(SigningSession)
        .where(
            SigningSession.id == session_id,
            SigningSession.ended_at.is_(None),
            SigningSession.expires_at > now,
            SigningSession.used < SigningSession.most,
        )
        .values(used=SigningSession.used + 1)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def end_sessions(session: Session, person_id: UUID, reason: str, now: datetime) -> None:
    """End a person's signing sessions, in whatever process their keys are: the next use finds out."""
    session.execute(
        update(SigningSession)
        .where(SigningSession.person_id == person_id, SigningSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
    )


def open_sessions(session: Session, person_id: UUID, now: datetime) -> list[SigningSession]:
    """A person's signing sessions that are not over."""
    return list(
        session.scalars(
            select(SigningSession)
            .where(
                SigningSession.person_id == person_id,
                SigningSession.ended_at.is_(None),
                SigningSession.expires_at > now,
                SigningSession.used < SigningSession.most,
            )
            .order_by(SigningSession.created_at)
        )
    )

"""Peppers: secrets of the server that people's envelopes are mixed with, wrapped by the master key.

Because an envelope depends on a pepper and not on the master key itself, another master key needs
nobody's PIN: the peppers are wrapped anew, and that is all. At the same time a fresh pepper is made;
each envelope moves to it at its owner's next PIN entry, and a pepper that no envelope needs is
deleted. So who has an old master key, and learned the old peppers with it, gains less every day.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database, insert_unless_there
from core.masterkey import MasterKey
from signing.custody_models import Pepper
from signing.models import Credential

FIRST: Final = 1
"""Envelopes of version 1 have no number: their pepper was derived from the first master key."""


@dataclass(frozen=True)
class PepperSecret:
    """A pepper in use: its number and 32 bytes."""

    number: int
    secret: bytes = field(repr=False)


class Peppers:
    """Finds and makes peppers. Opens its own transactions unless it is given one."""

    def __init__(self, database: Database, master_key: MasterKey, clock: Clock) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock

    def get(self, number: int) -> PepperSecret:
        """A pepper by its number. Raises EnvelopeUnreadable, KeyError when it is gone."""
        with self._database.read() as session:
            wrapped = session.scalar(select(Pepper.wrapped).where(Pepper.number == number))
        if wrapped is not None:
            return PepperSecret(number, self._master_key.unwrap(wrapped, purpose=purpose(number)))
        if number == FIRST:
            return PepperSecret(number, self._master_key.derive("pin", oldest=True))
        raise KeyError(number)

    def newest(self) -> PepperSecret:
        """The pepper for new envelopes; made when there is none."""
        with self._database.read() as session:
            number = session.scalar(select(func.max(Pepper.number)))
        if number is None or number == FIRST:
            with self._database.write() as session:
                number = self.make(session)
        return self.get(number)

    def make(self, session: Session) -> int:
        """Make a fresh pepper. Returns its number."""
        number = max(session.scalar(select(func.max(Pepper.number))) or 0, FIRST) + 1
        self._store(session, number, os.urandom(32), self._clock.now())
        return number

    def prepare_change(self, session: Session) -> None:
        """Before another master key: store the pepper of version 1 envelopes, which the new key will not
        give, and make a fresh one."""
        if session.get(Pepper, FIRST) is None and _has_first(session):
            self._store(session, FIRST, self._master_key.derive("pin", oldest=True), self._clock.now())
        self.make(session)

    def _store(self, session: Session, number: int, secret: bytes, now: datetime) -> None:
        wrapped = self._master_key.wrap(secret, purpose=purpose(number))
        insert_unless_there(session, Pepper, [{"number": number, "wrapped": wrapped, "created_at": now}])


def _has_first(session: Session) -> bool:
    envelopes = session.scalars(select(Credential.envelope).where(Credential.is_active))
    return any(number_in(envelope) == FIRST for envelope in envelopes)


def number_in(envelope: Mapping[str, Any]) -> int | None:
    """Which pepper an envelope is mixed with; None where the key lies in a slot and no pepper is used."""
    return int(envelope.get("pepper", FIRST)) if "ciphertext" in envelope else None


def tidy(session: Session, made_before: datetime | None = None) -> int:
    """Delete the peppers that no envelope needs any more; the newest stays. Returns how many.

    With ``made_before`` nothing is deleted while the newest is younger: an envelope with the one before
    it may be about to be committed.
    """
    needed = {
        number
        for envelope in session.scalars(select(Credential.envelope).where(Credential.is_active))
        if (number := number_in(envelope)) is not None
    }
    newest = session.scalar(select(func.max(Pepper.number)))
    made_at = session.scalar(select(Pepper.created_at).where(Pepper.number == newest))
    if made_at is None or (made_before is not None and made_at >= made_before):
        return 0
    result = session.execute(delete(Pepper).where(Pepper.number.not_in(needed), Pepper.number != newest))
    return int(result.rowcount)  # type: ignore[attr-defined]


def purpose(number: int) -> str:
    """What a wrapped pepper is bound to."""
    return f"pepper {number}"

"""Keys in a PKCS#11 token that go with their seals.

The key of a seal that was destroyed or signs with another key now is marked in the transaction that did so,
and destroyed in its token afterwards, by work that is repeated until the token has it no more: a token that
is away for a while keeps nothing for good. A key that another seal or a person still signs with, or that is
offered to a seal, stays until that is over too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pkcs11
from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from core import audit, outbox
from core.clock import Clock
from core.database import Database
from core.errors import VermilionError
from core.pkcs11 import Token
from core.settings import Settings
from signing.custody_models import KeyLocation
from signing.key_locations import place_of
from signing.models import Credential, Seal, SealChange, SealKeyOffer, SealState

TASK: Final = "signing.destroy_slot_keys"


def ask_to_destroy(session: Session, certificate_id: UUID, now: datetime) -> None:
    """Have the key of a certificate destroyed in its token; nothing where it lies in none."""
    place = session.get(KeyLocation, certificate_id)
    if place is None:
        return
    place.destroy_since = now
    outbox.enqueue(session, TASK, {}, now, key=TASK)


def waiting(session: Session) -> int:
    """How many keys that their seals need no more lie in a token still."""
    query = select(func.count()).select_from(KeyLocation)
    return session.scalar(query.where(*_asked())) or 0


class SlotEnds:
    """Destroys what was asked for."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def destroy_due(self) -> int:
        """Destroy the keys that wait for it, each in a call to its token outside any transaction.

        Harmless when repeated. Returns how many are gone now. Raises what the last token that could not be
        used raised (SettingUnusable, TokenUnavailable), after all were tried.
        """
        with self._database.read() as session:
            places = list(session.scalars(select(KeyLocation).where(*_asked())))
            free = [one for one in places if not _is_used(session, one)]
        failure: VermilionError | None = None
        gone = 0
        for place in free:
            try:
                self._destroy(place)
            except VermilionError as error:
                failure = error
                continue
            gone += 1
        if failure is not None:
            raise failure
        return gone

    def _destroy(self, place: KeyLocation) -> None:
        token = Token.of(self._settings.model_copy(update={"pkcs11_token": place.token}))
        count = token.use(lambda opened: _destroy_pair(opened, place.label, place.key_id))
        now = self._clock.now()
        with self._database.write() as session:
            row = session.get_one(KeyLocation, place.certificate_id)
            if row.destroyed_at is not None:
                return
            row.destroyed_at = now
            facts = {"token": place.token, "label": place.label, "objects": count}
            audit.record(session, now, None, "seal.key_destroyed", "certificate", place.certificate_id, facts)


def _asked() -> tuple[Any, Any]:
    return KeyLocation.destroy_since.is_not(None), KeyLocation.destroyed_at.is_(None)


def _is_used(session: Session, place: KeyLocation) -> bool:
    """Whether somebody else signs with the same key, or may soon: it is offered to a seal."""
    other = aliased(KeyLocation)
    same = select(other.certificate_id).where(
        other.token == place.token, other.label == place.label, other.key_id == place.key_id
    )
    seal = select(Seal.id).where(Seal.certificate_id.in_(same), Seal.state != SealState.DESTROYED)
    person = select(Credential.id).where(Credential.certificate_id.in_(same), Credential.is_active)
    if session.scalar(seal.limit(1)) is not None or session.scalar(person.limit(1)) is not None:
        return True
    open_offers = (
        select(SealKeyOffer.place)
        .join(SealChange, SealChange.id == SealKeyOffer.change_id)
        .where(SealChange.decided_at.is_(None))
    )
    return place_of(session, place.certificate_id) in session.scalars(open_offers).all()


def _destroy_pair(session: Any, label: str, key_id: str) -> int:
    """Destroy the private key and its public half. Returns how many objects there were."""
    attribute, found = pkcs11.Attribute, []
    for kind in (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.PUBLIC_KEY):
        wanted: dict[Any, Any] = {attribute.CLASS: kind, attribute.LABEL: label}
        if key_id:
            wanted[attribute.ID] = bytes.fromhex(key_id)
        found += list(session.get_objects(wanted))
    for one in found:
        one.destroy()
    return len(found)

"""A forgotten PIN: nobody can open the key any more, so there has to be another one.

The owner asks; a second person, an administrator or somebody who leads the owner, consents; the
owner is told and has ``VERMILION_KEY_REPLACEMENT_HOURS`` to stop it; then the owner sets a PIN anew,
which makes a key and a certificate, and revokes the old one as superseded. Nobody can do both acts,
and who gave the owner a new password lately cannot consent: that would be both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, notices
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.models import AuditEntry, Department, Person, Role
from core.permissions import Principal, load_principal
from core.settings import Settings
from signing.custody_models import KeyReplacement, ReplacementState
from signing.errors import NotEnrolled, ReplacementNeedsOther, ReplacementNotOpen
from signing.models import Credential

LASTS: Final = timedelta(days=14)
"""How long a wish waits for consent, and a consent for the owner's new PIN."""
PASSWORD_MEMORY: Final = timedelta(days=30)
_OPEN: Final = (ReplacementState.ASKED, ReplacementState.WAITING)


@dataclass(frozen=True)
class ReplacementView:
    """A replacement. ``state`` is asked, waiting, ready, done, stopped or lapsed."""

    id: UUID
    person_id: UUID
    person: str
    state: str
    asked_at: datetime
    consented_by: str | None
    consented_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it can still come to a new key."""
        return self.state in ("asked", "waiting", "ready")


class Replacements:
    """The acts on replacements. Verbs open their own transactions."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    def ask(self, owner: Principal) -> UUID:
        """The owner wishes for a new key. Asking again changes nothing. Raises NotEnrolled."""
        now = self._clock.now()
        with self._database.write() as session:
            session.scalar(select(Person.id).where(Person.id == owner.person_id).with_for_update())
            credential = session.scalar(
                select(Credential.id).where(Credential.person_id == owner.person_id, Credential.is_active)
            )
            if credential is None:
                raise NotEnrolled()
            known = self._find_open(session, owner.person_id, now)
            if known is not None:
                return known.id
            row = KeyReplacement(
                person_id=owner.person_id,
                credential_id=credential,
                state=ReplacementState.ASKED,
                asked_at=now,
            )
            session.add(row)
            session.flush()
            self._note(session, now, owner.person_id, "asked", row)
            self._tell(session, now, [row.person_id], "key-replacement-asked", row, owner.name)
            others = self._who_may_consent(session, owner.person_id)
            self._tell(session, now, others, "key-replacement-wanted", row, owner.name)
            return row.id

    def consent(self, actor: Principal, person_id: UUID) -> datetime:
        """A second person consents; the time in which the owner may stop it begins. Returns its end.

        Raises NotFound, ReplacementNeedsOther, ReplacementNotOpen.
        """
        now = self._clock.now()
        with self._database.write() as session:
            session.scalar(select(Person.id).where(Person.id == person_id).with_for_update())
            self._require_second(session, actor, person_id, now)
            row = self._find_open(session, person_id, now)
            if row is None or row.state != ReplacementState.ASKED:
                raise ReplacementNotOpen()
            due = now + timedelta(hours=self._settings.key_replacement_hours)
            row.state, row.consented_by, row.consented_at, row.due_at = (
                ReplacementState.WAITING,
                actor.person_id,
                now,
                due,
            )
            self._note(session, now, actor.person_id, "consented", row)
            self._tell(session, now, [person_id], "key-replacement-consented", row, actor.name)
            notices.settle(session, now, "key-replacement-wanted", "key_replacement", row.id)
            return due

    def stop(self, actor: Principal, person_id: UUID) -> None:
        """The owner, or somebody who may consent, ends it: the old key stays. Raises NotFound,
        ReplacementNotOpen."""
        now = self._clock.now()
        with self._database.write() as session:
            session.scalar(select(Person.id).where(Person.id == person_id).with_for_update())
            if actor.person_id != person_id and not self._may_consent(session, actor, person_id):
                raise NotFound(what="person")
            row = self._find_open(session, person_id, now)
            if row is None:
                raise ReplacementNotOpen()
            row.state, row.ended_at, row.ended_by = ReplacementState.STOPPED, now, actor.person_id
            self._note(session, now, actor.person_id, "stopped", row)
            notices.settle(session, now, "key-replacement-wanted", "key_replacement", row.id)
            people = {person_id, *([row.consented_by] if row.consented_by else [])} - {actor.person_id}
            self._tell(session, now, people, "key-replacement-stopped", row, actor.name)

    def take_ready(self, session: Session, person_id: UUID) -> Credential | None:
        """The credential that the owner may replace now; its replacement is then done. The caller
        revokes it in the same transaction."""
        now = self._clock.now()
        row = self._find_open(session, person_id, now)
        if row is None or self._state(row, now) != "ready":
            return None
        row.state, row.ended_at, row.ended_by = ReplacementState.DONE, now, person_id
        self._note(session, now, person_id, "done", row)
        self._tell(session, now, [person_id], "key-replacement-done", row, "")
        return session.get_one(Credential, row.credential_id)

    def of(self, session: Session, person_id: UUID) -> ReplacementView | None:
        """A person's newest replacement."""
        row = session.scalar(
            select(KeyReplacement)
            .where(KeyReplacement.person_id == person_id)
            .order_by(KeyReplacement.asked_at.desc(), KeyReplacement.id.desc())
            .limit(1)
        )
        return None if row is None else self._view(session, row)

    def may_consent(self, session: Session, actor: Principal, person_id: UUID) -> bool:
        """Whether somebody may consent for a person: never for oneself."""
        return self._may_consent(session, actor, person_id)

    def waiting_for(self, session: Session, actor: Principal) -> list[ReplacementView]:
        """The open replacements that somebody may consent to or stop, oldest first."""
        rows = session.scalars(
            select(KeyReplacement).where(KeyReplacement.state.in_(_OPEN)).order_by(KeyReplacement.asked_at)
        ).all()
        views = [self._view(session, row) for row in rows if self._may_consent(session, actor, row.person_id)]
        return [view for view in views if view.is_open]

    def _require_second(self, session: Session, actor: Principal, person_id: UUID, now: datetime) -> None:
        if actor.person_id == person_id:
            raise ReplacementNeedsOther(reason="oneself")
        if not self._may_consent(session, actor, person_id):
            raise NotFound(what="person")
        gave_password = session.scalar(
            select(AuditEntry.sequence)
            .where(
                AuditEntry.action == "person.password_reset",
                AuditEntry.resource_id == person_id,
                AuditEntry.actor_id == actor.person_id,
                AuditEntry.at > now - PASSWORD_MEMORY,
            )
            .limit(1)
        )
        if gave_password is not None:
            raise ReplacementNeedsOther(reason="password")

    def _may_consent(self, session: Session, actor: Principal, person_id: UUID) -> bool:
        person = session.get(Person, person_id)
        if person is None or actor.person_id == person_id:
            return False
        department = session.get_one(Department, person.department_id)
        if actor.has(Role.ADMINISTRATOR, department.entity_id):
            return True
        return actor.person_id in _leaders(session, person)

    def _who_may_consent(self, session: Session, person_id: UUID) -> set[UUID]:
        person = session.get_one(Person, person_id)
        found = _leaders(session, person)
        if not found:  # nobody leads the owner: the administrators are told
            for other in session.scalars(select(Person.id).where(Person.is_active)):
                principal = load_principal(session, other, self._clock.now(), self._settings.zone)
                if principal.has(Role.ADMINISTRATOR):
                    found.add(other)
        return found - {person_id}

    def _find_open(self, session: Session, person_id: UUID, now: datetime) -> KeyReplacement | None:
        rows = session.scalars(
            select(KeyReplacement).where(
                KeyReplacement.person_id == person_id, KeyReplacement.state.in_(_OPEN)
            )
        )
        return next((row for row in rows if self._state(row, now) != "lapsed"), None)

    def _state(self, row: KeyReplacement, now: datetime) -> str:
        if row.state == ReplacementState.ASKED:
            return "asked" if now - row.asked_at < LASTS else "lapsed"
        if row.state == ReplacementState.WAITING and row.due_at is not None:
            if now < row.due_at:
                return "waiting"
            return "ready" if now - row.due_at < LASTS else "lapsed"
        return str(ReplacementState(row.state).value)

    def _view(self, session: Session, row: KeyReplacement) -> ReplacementView:
        consented = session.get(Person, row.consented_by) if row.consented_by else None
        return ReplacementView(
            row.id,
            row.person_id,
            session.get_one(Person, row.person_id).name,
            self._state(row, self._clock.now()),
            row.asked_at,
            consented.name if consented else None,
            row.consented_at,
            row.due_at,
            row.ended_at,
        )

    def _note(self, session: Session, now: datetime, actor_id: UUID, act: str, row: KeyReplacement) -> None:
        audit.record(
            session,
            now,
            actor_id,
            f"key_replacement.{act}",
            "person",
            row.person_id,
            {"replacement": str(row.id)},
        )

    def _tell(
        self,
        session: Session,
        now: datetime,
        people: Iterable[UUID],
        code: str,
        row: KeyReplacement,
        name: str,
    ) -> None:
        due = row.due_at.astimezone(self._settings.zone).strftime("%Y-%m-%d %H:%M") if row.due_at else ""
        context = {"person": name, "due": due}
        notices.tell(session, now, people, code, "key_replacement", row.id, context)


def _leaders(session: Session, person: Person) -> set[UUID]:
    """Who leads somebody: their manager, and the heads of their department and of those above it."""
    found = {person.manager_id} if person.manager_id else set()
    seen: set[UUID] = set()
    place: UUID | None = person.department_id
    while place is not None and place not in seen:
        seen.add(place)
        department = session.get_one(Department, place)
        if department.head_id is not None:
            found.add(department.head_id)
        place = department.parent_id
    active = session.scalars(select(Person.id).where(Person.id.in_(found), Person.is_active))
    return set(active) - {person.id}

"""The life of a seal: each change is asked for by one person and agreed to by another.

| Change | from | to | agreed to by |
|---|---|---|---|
| create | – | approved | an administrator or legal, who is not its keeper |
| activate | approved | active | the keeper, who takes it over |
| suspend | active | suspended | an administrator or legal |
| resume | suspended | active | the same |
| lose | approved, active, suspended | lost | the same; the seal rests from the asking on |
| destroy | approved, active, suspended, lost | destroyed | the same |
| hand_over | approved, active, suspended | as before | the new keeper |
| people | approved, active, suspended | as before | an administrator or legal |
| key | approved, active, suspended | as before | the same; see ``signing.seal_keys`` |

Who may ask and agree is in ``seal_powers``. A lost or destroyed seal's certificate is revoked, and what it
was authorised for is taken back; a destroyed seal's key goes too, from its token by background work. Every
verb belongs to the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from core import audit, notices, outbox
from core.clock import Clock
from core.errors import Forbidden, InvalidInput, NotFound
from core.models import Person
from core.permissions import Principal, hold_term, release_term, term_seal
from core.settings import Settings
from signing import seal_powers
from signing.authority import Authority
from signing.errors import SealChangeDone, SealChangeNotPossible, SealChangeOpen
from signing.keys import PrivateKey
from signing.models import Seal, SealAuthorisation, SealChange, SealRecord, SealState
from signing.seal_changes import APART, TABLE, ChangeKind, Outcome
from signing.seal_facts import SealFacts, check_people, checked
from signing.seal_keys import Offer
from signing.seal_scans import used_with
from signing.sealing import Sealing
from signing.slot_ends import ask_to_destroy

FORMAT_VERSION: Final = 1
LONGEST_REASON: Final = 500
RESOURCE: Final = "seal_change"
HANDED_OVER: Final = "workflow.seal_handed_over"
"""Background work that gives the open tasks of a seal to its new keeper."""
_REVOKED: Final = {
    ChangeKind.LOSE: x509.ReasonFlags.key_compromise,
    ChangeKind.DESTROY: x509.ReasonFlags.cessation_of_operation,
}


@dataclass(frozen=True)
class ChangeLine:
    """A change with the names that a person reads."""

    change: SealChange
    seal_name: str
    asked_by: str
    decided_by: str | None
    may_agree: bool
    may_withdraw: bool


class SealLife:
    """Asks for changes and decides them."""

    def __init__(self, clock: Clock, settings: Settings, authority: Authority, sealing: Sealing) -> None:
        self._clock = clock
        self._settings = settings
        self._authority = authority
        self._sealing = sealing

    def apply(self, session: Session, actor: Principal, facts: SealFacts, reason: str) -> SealChange:
        """Apply for a new seal, drawn or with a print that the actor took in (``seal_scans``).

        Raises Forbidden, InvalidInput, NotFound, SealPeopleOverlap, PrintTooCoarse, PrintOutOfShape.
        """
        seal_powers.require_asker(actor, facts.entity_id)
        digest = facts.picture_digest
        scan = self._sealing.scans.own(session, actor, digest) if digest else None
        facts = checked(session, facts, self._today())
        seal_powers.require_keeper_role(session, facts.keeper_id, self._today())
        change = self._ask(session, actor.person_id, None, ChangeKind.CREATE, reason, facts.to_json())
        if scan is not None:
            used_with(session, scan.id, change.id)
        return change

    def ask(
        self,
        session: Session,
        actor: Principal,
        seal_id: UUID,
        kind: ChangeKind,
        reason: str,
        *,
        keeper_id: UUID | None = None,
        auditor_id: UUID | None = None,
        user_ids: Sequence[UUID] = (),
    ) -> SealChange:
        """Ask for a change of a seal. ``keeper_id`` belongs to handing over; auditor and users to people.

        Raises NotFound, Forbidden, SealChangeNotPossible, SealChangeOpen, SealPeopleOverlap, InvalidInput.
        """
        seal = self._locked(session, seal_id)
        if not seal_powers.may_ask(actor, seal, kind):
            raise Forbidden(needs=", ".join(seal_powers.GOVERNORS))
        if kind in APART or seal.state not in TABLE[kind][0]:
            raise SealChangeNotPossible(kind=kind.value, state=seal.state)
        detail: dict[str, Any] = {}
        if kind is ChangeKind.HAND_OVER:
            if keeper_id is None or keeper_id == seal.keeper_id:
                raise InvalidInput(field="keeper", reason="≠")
            check_people(session, keeper_id, seal.auditor_id, _ids(seal.user_ids), self._today())
            seal_powers.require_keeper_role(session, keeper_id, self._today())
            detail = {"keeper_id": str(keeper_id), "from_id": str(seal.keeper_id)}
        elif kind is ChangeKind.PEOPLE:
            check_people(session, seal.keeper_id, auditor_id, tuple(user_ids), self._today())
            detail = {
                "auditor_id": str(auditor_id) if auditor_id else None,
                "user_ids": [str(one) for one in dict.fromkeys(user_ids)],
            }
        elif kind is ChangeKind.LOSE:
            detail = {"was": SealState(seal.state).value}
        change = self._ask(session, actor.person_id, seal, kind, reason, detail)
        if kind is ChangeKind.LOSE and seal.state == SealState.ACTIVE:
            seal.state = SealState.SUSPENDED  # a seal that may be in wrong hands rests at once
        return change

    def offer_key(
        self, session: Session, actor: Principal, seal_id: UUID, offer: Offer, reason: str
    ) -> SealChange:
        """Ask that a seal signs with another key. Raises CertificateUnfit and what ``ask`` raises."""
        seal = self._locked(session, seal_id)
        if not seal_powers.may_ask(actor, seal, ChangeKind.KEY):
            raise Forbidden(needs=", ".join(seal_powers.GOVERNORS))
        if seal.state not in TABLE[ChangeKind.KEY][0]:
            raise SealChangeNotPossible(kind=ChangeKind.KEY.value, state=seal.state)
        detail = self._sealing.keys.checked(session, seal, offer)
        change = self._ask(session, actor.person_id, seal, ChangeKind.KEY, reason, detail)
        self._sealing.keys.keep(session, change, offer)
        return change

    def needs_key(self, session: Session, actor: Principal, change_id: UUID) -> bool:
        """Whether agreeing makes a seal, whose key is made before the transaction (``sealing.new_key``)."""
        change = session.get(SealChange, change_id)
        if change is None or change.kind != ChangeKind.CREATE or change.decided_at is not None:
            return False
        return seal_powers.may_agree(actor, change, None)

    def agree(
        self, session: Session, actor: Principal, change_id: UUID, key: PrivateKey | None = None
    ) -> SealChange:
        """Agree to a change that somebody else asked for; it happens now. ``key`` is of the seal that
        it makes (``needs_key``).

        Raises NotFound, Forbidden, SealChangeSamePerson, SealChangeDone, SealChangeNotPossible.
        """
        change, seal = self._open(session, actor, change_id)
        seal_powers.check_agreer(actor, change, seal)
        kind = ChangeKind(change.kind)
        if seal is None:
            facts = SealFacts.from_json(change.detail["facts"])
            seal = self._sealing.make(session, actor.person_id, facts, SealState.APPROVED, key)
            change.seal_id = seal.id
            self._close(session, actor, change, seal, Outcome.AGREED)
            self._ask(session, actor.person_id, seal, ChangeKind.ACTIVATE, change.reason, {})
            return change
        begins, leads_to = TABLE[kind]
        if seal.state not in begins:
            raise SealChangeNotPossible(kind=kind.value, state=seal.state)
        if leads_to is not None:
            seal.state = leads_to
        self._effects().get(kind, _nothing)(session, change, seal)
        self._close(session, actor, change, seal, Outcome.AGREED)
        return change

    def refuse(self, session: Session, actor: Principal, change_id: UUID) -> SealChange:
        """Refuse a change; who may agree may refuse. Raises as ``agree``."""
        change, seal = self._open(session, actor, change_id)
        seal_powers.check_agreer(actor, change, seal)
        return self._undo(session, actor, change, seal, Outcome.REFUSED)

    def withdraw(self, session: Session, actor: Principal, change_id: UUID) -> SealChange:
        """Take back what one asked for. Raises NotFound, SealChangeDone."""
        change, seal = self._open(session, actor, change_id)
        if change.asked_by != actor.person_id or change.kind == ChangeKind.ACTIVATE:
            raise NotFound(what="seal_change")
        return self._undo(session, actor, change, seal, Outcome.WITHDRAWN)

    def lines(
        self,
        session: Session,
        actor: Principal,
        *,
        seal_id: UUID | None = None,
        change_id: UUID | None = None,
        is_open: bool = False,
        limit: int = 200,
    ) -> list[ChangeLine]:
        """Changes that the person may see, newest first. Raises Forbidden for who has no part in seals."""
        seal_powers.require_part(actor)
        asker, decider = aliased(Person), aliased(Person)
        query = (
            select(SealChange, Seal, asker.name, decider.name)
            .outerjoin(Seal, Seal.id == SealChange.seal_id)
            .join(asker, asker.id == SealChange.asked_by)
            .outerjoin(decider, decider.id == SealChange.decided_by)
            .order_by(SealChange.asked_at.desc(), SealChange.id.desc())
            .limit(limit)
        )
        if seal_id is not None:
            query = query.where(SealChange.seal_id == seal_id)
        if change_id is not None:
            query = query.where(SealChange.id == change_id)
        if is_open:
            query = query.where(SealChange.decided_at.is_(None))
        lines = []
        for change, seal, asked_by, decided_by in session.execute(query).all():
            is_open_now = change.decided_at is None
            is_own = change.asked_by == actor.person_id and change.kind != ChangeKind.ACTIVATE
            lines.append(
                ChangeLine(
                    change,
                    seal.name if seal is not None else str(change.detail["facts"]["name"]),
                    asked_by,
                    decided_by,
                    is_open_now and seal_powers.may_agree(actor, change, seal),
                    is_open_now and is_own,
                )
            )
        return lines

    def line(self, session: Session, actor: Principal, change_id: UUID) -> ChangeLine:
        """One change. Raises Forbidden, NotFound."""
        found = self.lines(session, actor, change_id=change_id)
        if not found:
            raise NotFound(what="seal_change")
        return found[0]

    def waits_for(self, session: Session, actor: Principal, change_id: UUID) -> list[str]:
        """Names of those who may agree to an open change. Raises Forbidden, NotFound."""
        change = self.line(session, actor, change_id).change
        if change.decided_at is not None:
            return []
        seal = session.get(Seal, change.seal_id) if change.seal_id else None
        found = seal_powers.agreers(session, change, seal, self._today())
        query = select(Person.name).where(Person.id.in_(found)).order_by(Person.name)
        return list(session.scalars(query))

    # inside

    def _ask(
        self,
        session: Session,
        person_id: UUID,
        seal: Seal | None,
        kind: ChangeKind,
        reason: str,
        detail: dict[str, Any],
    ) -> SealChange:
        reason = " ".join(reason.split())
        if not 1 <= len(reason) <= LONGEST_REASON:
            raise InvalidInput(field="reason", reason=f"1–{LONGEST_REASON}")
        if seal is not None:
            there = session.scalar(select(SealChange.kind).where(SealChange.open_for == seal.id))
            if there is not None:
                raise SealChangeOpen(kind=there)
        now = self._clock.now()
        content = {"facts": detail} if kind is ChangeKind.CREATE else detail
        change = SealChange(
            seal_id=seal.id if seal is not None else None,
            open_for=seal.id if seal is not None else None,
            kind=kind,
            detail={"version": FORMAT_VERSION, **content},
            reason=reason,
            asked_by=person_id,
            asked_at=now,
        )
        session.add(change)
        session.flush()
        named = {"kind": kind.value, "reason": reason, **detail}
        audit.record(session, now, person_id, "seal.change_asked", RESOURCE, change.id, named)
        agreers = seal_powers.agreers(session, change, seal, self._today())
        self._tell(session, change, seal, "seal-change-asked", agreers)
        return change

    def _close(
        self, session: Session, actor: Principal, change: SealChange, seal: Seal | None, outcome: Outcome
    ) -> None:
        now = self._clock.now()
        change.decided_by, change.decided_at = actor.person_id, now
        change.outcome, change.open_for = outcome.value, None
        session.flush()
        facts = {
            "kind": change.kind,
            "seal": str(seal.id) if seal else None,
            "asked_by": str(change.asked_by),
        }
        audit.record(
            session, now, actor.person_id, f"seal.change_{outcome.value}", RESOURCE, change.id, facts
        )
        notices.settle(session, now, "seal-change-asked", RESOURCE, change.id)
        if outcome is not Outcome.WITHDRAWN:
            people = {change.asked_by} | ({seal.keeper_id} if seal is not None else set())
            self._tell(session, change, seal, f"seal-change-{outcome.value}", people - {actor.person_id})

    def _undo(
        self, session: Session, actor: Principal, change: SealChange, seal: Seal | None, outcome: Outcome
    ) -> SealChange:
        if seal is not None and change.kind == ChangeKind.LOSE and seal.state == SealState.SUSPENDED:
            seal.state = SealState(change.detail["was"])
        self._sealing.keys.forget(session, change)
        self._close(session, actor, change, seal, outcome)
        return change

    def _tell(
        self, session: Session, change: SealChange, seal: Seal | None, code: str, people: set[UUID]
    ) -> None:
        name = seal.name if seal is not None else str(change.detail["facts"]["name"])
        context = {"seal": name, "kind": change.kind, "reason": change.reason}
        notices.tell(session, self._clock.now(), people, code, RESOURCE, change.id, context)

    def _effects(self) -> dict[ChangeKind, Callable[[Session, SealChange, Seal], None]]:
        return {
            ChangeKind.ACTIVATE: self._take_over,
            ChangeKind.LOSE: self._revoke,
            ChangeKind.DESTROY: self._revoke,
            ChangeKind.HAND_OVER: self._hand_over,
            ChangeKind.PEOPLE: self._set_people,
            ChangeKind.KEY: self._sealing.keys.put_in_place,
        }

    def _revoke(self, session: Session, change: SealChange, seal: Seal) -> None:
        """Revoke the certificate, take back what is authorised; a destroyed seal's key is gone for good."""
        kind, now = ChangeKind(change.kind), self._clock.now()
        self._authority.revoke(session, seal.certificate_id, _REVOKED[kind])
        used = select(SealRecord.authorisation_id).where(SealRecord.seal_id == seal.id)
        session.execute(
            update(SealAuthorisation)
            .where(
                SealAuthorisation.seal_id == seal.id,
                SealAuthorisation.revoked_at.is_(None),
                SealAuthorisation.id.not_in(used),
            )
            .values(revoked_at=now)
        )
        if kind is ChangeKind.DESTROY:
            seal.wrapped_key = b""
            ask_to_destroy(session, seal.certificate_id, now)

    def _take_over(self, session: Session, change: SealChange, seal: Seal) -> None:
        check_people(session, seal.keeper_id, seal.auditor_id, _ids(seal.user_ids), self._today())

    def _hand_over(self, session: Session, change: SealChange, seal: Seal) -> None:
        new_id, old_id = UUID(change.detail["keeper_id"]), seal.keeper_id
        check_people(session, new_id, seal.auditor_id, _ids(seal.user_ids), self._today())
        seal.keeper_id = new_id
        release_term(session, old_id, term_seal(seal.id))
        hold_term(session, new_id, term_seal(seal.id))
        payload = {"seal_id": str(seal.id), "from_id": str(old_id), "to_id": str(new_id)}
        outbox.enqueue(session, HANDED_OVER, payload, self._clock.now())

    def _set_people(self, session: Session, change: SealChange, seal: Seal) -> None:
        auditor = UUID(change.detail["auditor_id"]) if change.detail["auditor_id"] else None
        users = _ids(change.detail["user_ids"])
        check_people(session, seal.keeper_id, auditor, users, self._today())
        seal.auditor_id, seal.user_ids = auditor, [str(one) for one in users]

    def _locked(self, session: Session, seal_id: UUID) -> Seal:
        seal = session.scalars(select(Seal).where(Seal.id == seal_id).with_for_update()).one_or_none()
        if seal is None:
            raise NotFound(what="seal")
        return seal

    def _open(self, session: Session, actor: Principal, change_id: UUID) -> tuple[SealChange, Seal | None]:
        """An undecided change and its seal, both locked. Raises Forbidden, NotFound, SealChangeDone."""
        seal_powers.require_part(actor)
        change = session.scalars(
            select(SealChange).where(SealChange.id == change_id).with_for_update()
        ).one_or_none()
        if change is None:
            raise NotFound(what="seal_change")
        if change.decided_at is not None:
            raise SealChangeDone(outcome=change.outcome)
        return change, self._locked(session, change.seal_id) if change.seal_id is not None else None

    def _today(self) -> date:
        return self._clock.now().astimezone(self._settings.zone).date()


def _ids(texts: Sequence[str]) -> tuple[UUID, ...]:
    return tuple(UUID(one) for one in texts)


def _nothing(session: Session, change: SealChange, seal: Seal) -> None:
    return None

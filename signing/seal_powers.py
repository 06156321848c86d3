"""Who may do what with a seal. Custody, use and audit are three different people 三权分立.

Nobody agrees to what they asked for, and neither keeper nor auditor of a seal agrees to its changes but to
taking it over.
"""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.errors import Forbidden, InvalidInput
from core.models import Person, Role, RoleAssignment
from core.permissions import Principal
from signing.errors import AuditorNotKeeper, KeeperNotAuditor, SealChangeSamePerson
from signing.models import Seal, SealChange, SealState
from signing.seal_changes import TABLE, ChangeKind, possible
from signing.seal_facts import SealFacts

GOVERNORS: Final = (Role.ADMINISTRATOR, Role.LEGAL)
ASKERS: Final = (Role.ADMINISTRATOR, Role.LEGAL, Role.SEAL_KEEPER)
PARTAKERS: Final = (*ASKERS, Role.AUDITOR)
"""Who sees the changes of seals."""
_URGENT: Final = (ChangeKind.SUSPEND, ChangeKind.LOSE)


def require_part(actor: Principal) -> None:
    """Raise Forbidden unless the person governs, keeps or audits seals."""
    actor.require(*PARTAKERS)


def require_asker(actor: Principal, entity_id: UUID | None = None) -> None:
    """Raise Forbidden unless the person may apply for a seal (of a legal entity, where it is known)."""
    if not any(actor.has(role, entity_id) for role in ASKERS):
        raise Forbidden(needs=", ".join(ASKERS))


def require_keeper_role(session: Session, person_id: UUID, today: date) -> None:
    """Raise InvalidInput unless the person holds the role of a seal keeper."""
    if not _holds(session, person_id, Role.SEAL_KEEPER, today, None):
        raise InvalidInput(field="keeper", reason=Role.SEAL_KEEPER.value)


def may_apply(seal: Seal, person_id: UUID) -> bool:
    """Whether somebody may apply for the use of a seal: never its keeper or auditor."""
    if person_id in (seal.keeper_id, seal.auditor_id):
        return False
    return not seal.user_ids or str(person_id) in seal.user_ids


def may_ask(actor: Principal, seal: Seal, kind: ChangeKind) -> bool:
    """Whether somebody may ask for a change of a seal, whatever its state."""
    if any(actor.has(role, seal.entity_id) for role in GOVERNORS) or actor.person_id == seal.keeper_id:
        return True
    return kind in _URGENT and actor.person_id == seal.auditor_id


def askable(actor: Principal, seal: Seal) -> list[ChangeKind]:
    """The changes that somebody may ask for, of a seal in its state."""
    return [kind for kind in possible(SealState(seal.state)) if may_ask(actor, seal, kind)]


def may_offer_key(actor: Principal, seal: Seal) -> bool:
    """Whether somebody may offer a seal in its state another key."""
    return seal.state in TABLE[ChangeKind.KEY][0] and may_ask(actor, seal, ChangeKind.KEY)


def may_agree(actor: Principal, change: SealChange, seal: Seal | None) -> bool:
    """Whether somebody may agree to a change, or refuse it."""
    if change.asked_by == actor.person_id:
        return False
    if change.kind == ChangeKind.HAND_OVER:
        return bool(change.detail["keeper_id"] == str(actor.person_id))
    if change.kind == ChangeKind.ACTIVATE:
        return seal is not None and actor.person_id == seal.keeper_id
    entity_id, apart = _apart(change, seal)
    return actor.person_id not in apart and any(actor.has(role, entity_id) for role in GOVERNORS)


def check_agreer(actor: Principal, change: SealChange, seal: Seal | None) -> None:
    """Raise SealChangeSamePerson or Forbidden unless somebody may agree."""
    if change.asked_by == actor.person_id:
        raise SealChangeSamePerson()
    if not may_agree(actor, change, seal):
        raise Forbidden(needs=", ".join(GOVERNORS))


def agreers(session: Session, change: SealChange, seal: Seal | None, today: date) -> set[UUID]:
    """Who may agree to a change, and is told that it waits."""
    if change.kind == ChangeKind.HAND_OVER:
        return {UUID(change.detail["keeper_id"])}
    if change.kind == ChangeKind.ACTIVATE and seal is not None:
        return {seal.keeper_id}
    entity_id, apart = _apart(change, seal)
    found = session.scalars(
        select(RoleAssignment.person_id)
        .join(Person, Person.id == RoleAssignment.person_id)
        .where(
            RoleAssignment.role.in_(GOVERNORS),
            Person.is_active,
            RoleAssignment.entity_id.is_(None) | (RoleAssignment.entity_id == entity_id),
            RoleAssignment.valid_from <= today,
            RoleAssignment.valid_to.is_(None) | (RoleAssignment.valid_to >= today),
        )
    )
    return set(found) - apart - {change.asked_by}


def check_role(
    session: Session, person_id: UUID, role: Role, valid_from: date, valid_to: date | None
) -> None:
    """Whether a role may be given: nobody keeps a seal and audits. Registered with ``core.people``.

    Raises KeeperNotAuditor, AuditorNotKeeper.
    """
    if role in (Role.AUDITOR, Role.SEAL_KEEPER):
        session.get(Person, person_id, with_for_update=True)  # one after the other
    if role is Role.AUDITOR:
        kept = select(Seal.name).where(Seal.keeper_id == person_id, Seal.state != SealState.DESTROYED)
        name = session.scalar(kept.order_by(Seal.name).limit(1))
        if name is not None or _holds(session, person_id, Role.SEAL_KEEPER, valid_from, valid_to):
            raise KeeperNotAuditor(field="role", seal=name or "none")
    elif role is Role.SEAL_KEEPER and _holds(session, person_id, Role.AUDITOR, valid_from, valid_to):
        raise AuditorNotKeeper(field="role")


def _holds(session: Session, person_id: UUID, role: Role, begins: date, ends: date | None) -> bool:
    """Whether a person holds a role on some day from ``begins`` on (to ``ends``: to that day)."""
    query = select(RoleAssignment.id).where(
        RoleAssignment.person_id == person_id,
        RoleAssignment.role == role,
        or_(RoleAssignment.valid_to.is_(None), RoleAssignment.valid_to >= begins),
    )
    if ends is not None:
        query = query.where(RoleAssignment.valid_from <= ends)
    return session.scalar(query.limit(1)) is not None


def _apart(change: SealChange, seal: Seal | None) -> tuple[UUID, set[UUID | None]]:
    """The legal entity of a change, and who must not agree to it: keeper and auditor."""
    if seal is not None:
        return seal.entity_id, {seal.keeper_id, seal.auditor_id}
    facts = SealFacts.from_json(change.detail["facts"])
    return facts.entity_id, {facts.keeper_id, facts.auditor_id}

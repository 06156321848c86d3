"""Seals as they come into being: applied for, agreed to, taken over, by three people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from core.models import Notice
from signing.models import Seal, SealChange
from signing.seal_facts import SealFacts
from signing.seal_life import RESOURCE
from signing.service import SigningService
from tests.builders import Company

WHY = "业务需要"


def make_seal(
    signing: SigningService, company: Company, name: str = "合同专用章", kind: str = "contract", **facts: Any
) -> Seal:
    """An active seal in the keeper's hands: applied for by admin, agreed to by legal. No notice is left."""
    wanted = SealFacts(
        company.entity_id, name, kind, facts.pop("keeper_id", company.people["keeper"]), **facts
    )
    runtime, life = company.runtime, signing.seal_life
    people = {one: company.principal(one) for one in ("admin", "legal")}
    keeper = next(one for one, person in company.people.items() if person == wanted.keeper_id)
    people[keeper] = company.principal(keeper)
    with runtime.database.write() as session:
        applied = life.apply(session, people["admin"], wanted, WHY)
        made = life.agree(session, people["legal"], applied.id).seal_id
        assert made is not None
        life.agree(session, people[keeper], _open(session, made))
        changes = select(SealChange.id).where(SealChange.seal_id == made)
        session.execute(
            delete(Notice).where(Notice.resource_type == RESOURCE, Notice.resource_id.in_(changes))
        )
        return session.get_one(Seal, made)


def _open(session: Any, seal_id: UUID) -> UUID:
    found: UUID = session.scalars(select(SealChange.id).where(SealChange.open_for == seal_id)).one()
    return found

"""``/api/v1/audit``: the chained trail of who did what."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from api.pagination import Cursor, Limit, decode_number, split
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Page, Words
from api.schemas_operation import AuditAnswer, AuditVerified
from core import audit as trail
from core.models import AuditEntry, Role


def reads_everything(caller: Calling) -> None:
    """Only auditors and administrators of the whole organisation get further."""
    caller.require_everywhere(Role.AUDITOR, Role.ADMINISTRATOR)


audit = router("audit", needs=reads_everything)


@audit.get("", summary="Read the audit trail", response_model=Page[AuditAnswer])
def list_entries(
    runtime: Running,
    action: Annotated[Words | None, Query(max_length=60, description="Such as `case.submitted`.")] = None,
    actor: Annotated[UUID | None, Query(description="Id of the person who acted.")] = None,
    resource: Annotated[UUID | None, Query(description="Id of the thing acted upon.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditAnswer]:
    """Entries in the order of the chain, oldest first, with all that checking it needs."""
    query = select(AuditEntry).where(AuditEntry.sequence > decode_number(cursor))
    for column, value in (
        (AuditEntry.action, action),
        (AuditEntry.actor_id, actor),
        (AuditEntry.resource_id, resource),
    ):
        query = query if value is None else query.where(column == value)
    with runtime.database.read() as session:
        rows = session.scalars(query.order_by(AuditEntry.sequence).limit(limit + 1)).all()
    shown, following = split(rows, limit, lambda row: row.sequence)
    return Page(items=[AuditAnswer.model_validate(row) for row in shown], next_cursor=following)


@audit.post("/verification", summary="Check the audit chain", response_model=AuditVerified)
@call(scope="read")
def verify(runtime: Running) -> AuditVerified:
    """Walks the whole chain and names the first entry that does not fit."""
    with runtime.database.read() as session:
        broken = trail.verify(session)
    return AuditVerified(
        is_whole=broken is None,
        sequence=broken.sequence if broken else None,
        reason=broken.reason if broken else None,
    )

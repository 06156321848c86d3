"""``/api/v1/audit``: the chained trail of who did what."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.pagination import Cursor, Limit, decode_number, split
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Page, Words
from api.schemas_operation import AuditAnswer, AuditVerified, FindingAnswer
from api.schemas_register import ConsistencyAnswer, HeadAnswer, HeadFile, ProofAnswer, SentAnswer
from core.errors import NotFound
from core.i18n import translator
from core.models import AuditEntry, Role
from signing import trail as checking
from signing import transparency
from signing.register_models import TreeHead
from signing.service import SigningService


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


@audit.post("/verification", summary="Check the audit trail", response_model=AuditVerified)
@call(scope="read")
def verify(caller: Calling, runtime: Running) -> AuditVerified:
    """Checks chain, register, tree and stored heads against each other, and names what does not fit.

    Heads that were kept elsewhere are compared by `vermilion audit verify --head FILE`.
    """
    with runtime.database.snapshot() as session:
        report = checking.check(session)
    text = translator(caller.language)
    first = report.findings[0] if report.findings else None
    return AuditVerified(
        is_whole=report.is_whole,
        sequence=first.sequence if first else None,
        reason=first.code if first else None,
        findings=[
            FindingAnswer(
                code=one.code, sequence=one.sequence, last=one.last, message=checking.describe(one, text)
            )
            for one in report.findings
        ],
    )


@audit.get("/heads", summary="List tree heads", response_model=Page[HeadAnswer])
def list_heads(runtime: Running, cursor: Cursor = None, limit: Limit = 50) -> Page[HeadAnswer]:
    """Signed and stamped statements of what the trail was, newest first, and where each was sent."""
    with runtime.database.read() as session:
        rows = transparency.heads(session, before=decode_number(cursor) or None, limit=limit + 1)
        shown, following = split(rows, limit, lambda row: row.number)
        return Page(items=[_head(session, row) for row in shown], next_cursor=following)


@audit.post("/heads", summary="Make a tree head", response_model=HeadAnswer, status_code=201)
@call(scope="admin")
def create_head(caller: Calling, runtime: Running) -> HeadAnswer:
    """Now, if entries came since the last one; else the last one is the answer."""
    caller.require_everywhere(Role.ADMINISTRATOR)
    runtime.get(SigningService).transparency.make_head()
    with runtime.database.read() as session:
        row = transparency.newest(session)
        if row is None:
            raise NotFound(what="tree_head")
        return _head(session, row)


@audit.get("/heads/{number}", summary="Get a tree head", response_model=HeadAnswer)
def get_head(runtime: Running, number: Annotated[int, Path(ge=1, le=2**31 - 1)]) -> HeadAnswer:
    """Keep its `file` where nobody here can change it."""
    with runtime.database.read() as session:
        return _head(session, transparency.head(session, number))


@audit.get("/consistency", summary="Prove that history grew", response_model=ConsistencyAnswer)
def get_consistency(
    runtime: Running,
    first: Annotated[int, Query(ge=1, le=2**53, description="The earlier size.")],
    second: Annotated[int, Query(ge=1, le=2**53, description="The later size.")],
) -> ConsistencyAnswer:
    """That the trail of `first` entries is the beginning of that of `second` (RFC 9162, 2.1.4)."""
    with runtime.database.snapshot() as session:
        return ConsistencyAnswer.model_validate(transparency.consistency(session, first, second))


@audit.get("/{sequence}/proof", summary="Prove an audit entry", response_model=ProofAnswer)
def get_proof(runtime: Running, sequence: Annotated[int, Path(ge=1, le=2**53)]) -> dict[str, Any]:
    """The entry, the way from it to the root of the first head over it, and that head.

    A head is made when there is none yet.
    """
    runtime.get(SigningService).transparency.head_over(sequence)
    with runtime.database.snapshot() as session:
        return transparency.proof(session, sequence).to_json()


def _head(session: Session, row: TreeHead) -> HeadAnswer:
    return HeadAnswer(
        number=row.number,
        size=row.size,
        root=row.root,
        at=row.at,
        file=HeadFile.model_validate_json(transparency.signed(row).to_file()),
        sent=[SentAnswer.model_validate(one) for one in transparency.deliveries(session, row.number)],
    )

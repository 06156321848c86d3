"""Contracts below ``/api/v1/documents`` and ``/api/v1/cases``: comparison, milestones, counterpart copies."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query

from api.etags import CHANGED, IfMatch
from api.principals import Calling, Running
from api.routers.cases import check_match
from api.routing import router
from api.schemas import Everything
from api.schemas_contracts import (
    ComparedDocument,
    ComparisonAnswer,
    CopyAnswer,
    MilestonesAnswer,
    NewCopy,
)
from workflow.contracts import Contracts

comparisons = router("contracts", "documents")
copies = router("contracts", "cases")


@comparisons.get(
    "/{document_id}/comparison", summary="Compare two documents", response_model=ComparisonAnswer
)
def compare(
    caller: Calling,
    runtime: Running,
    document_id: UUID,
    other: Annotated[UUID, Query(description="Id of the later document.")],
) -> ComparisonAnswer:
    """Where the text of another document differs from this one's, page by page."""
    with runtime.database.read() as session:
        found = runtime.get(Contracts).compare(session, caller.principal, document_id, other)
        return ComparisonAnswer(
            before=ComparedDocument.model_validate(found.before),
            after=ComparedDocument.model_validate(found.after),
            is_same_text=found.is_same_text,
            changes=found.changes,
        )


@comparisons.get(
    "/{document_id}/milestones", summary="Name the versions that matter", response_model=MilestonesAnswer
)
def milestones(caller: Calling, runtime: Running, document_id: UUID) -> MilestonesAnswer:
    """Which version of a contract was submitted, which carries every approval, which the seal."""
    with runtime.database.read() as session:
        found = runtime.get(Contracts).milestones(session, caller.principal, document_id)
    return MilestonesAnswer.model_validate(found)


@copies.get(
    "/{case_id}/copies", summary="List the other side's copies", response_model=Everything[CopyAnswer]
)
def list_copies(caller: Calling, runtime: Running, case_id: UUID) -> Everything[CopyAnswer]:
    """The copies that the other side signed, oldest first, each compared with what was approved here."""
    with runtime.database.read() as session:
        found = runtime.get(Contracts).copies(session, caller.principal, case_id)
    return Everything(items=[CopyAnswer.model_validate(one) for one in found])


@copies.post(
    "/{case_id}/copies",
    summary="Add the other side's copy",
    response_model=CopyAnswer,
    status_code=201,
    responses=CHANGED,
)
def add_copy(
    caller: Calling, runtime: Running, case_id: UUID, body: NewCopy, if_match: IfMatch = None
) -> CopyAnswer:
    """For the applicant, whoever decided, and the legal department. Adding it twice adds it once.

    While the copy is being read, `is_same_text` is null; poll `GET /cases/{case_id}/copies` until then.
    """
    check_match(caller, runtime, case_id, if_match)
    contracts = runtime.get(Contracts)
    with runtime.database.write() as session:
        contracts.add_counterpart_copy(
            session, caller.principal, case_id, body.of_document_id, body.document_id
        )
        found = contracts.copies(session, caller.principal, case_id)
    return CopyAnswer.model_validate(next(one for one in found if one.document_id == body.document_id))

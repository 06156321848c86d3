"""``/api/v1/batches``: many approvals with one PIN entry."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from fastapi import Request

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Everything
from api.schemas_batches import BatchAnswer, BatchItemWanted, BatchLineAnswer, BatchRepetition, NewBatch
from core.i18n import Language, translator
from core.ids import new_id
from workflow.batch_models import ItemState
from workflow.batches import BatchLine, BatchView, Wanted
from workflow.service import WorkflowService

batches = router("batches")
_KEYS = UUID("8c3f7c1e-5b7d-4d0e-9c69-0d4c1f0a7e55")


@batches.get("", summary="List my batches", response_model=Everything[BatchAnswer])
def list_batches(caller: Calling, runtime: Running) -> Everything[BatchAnswer]:
    """The caller's ten newest batches, newest first."""
    with runtime.database.read() as session:
        found = runtime.get(WorkflowService).batches.list_batches(session, caller.principal)
    return Everything(items=[_answer(view, caller.language) for view in found])


@batches.post("", summary="Approve many tasks", response_model=BatchAnswer, status_code=201)
@call(scope="sign")
def start_batch(caller: Calling, runtime: Running, request: Request, wanted: NewBatch) -> BatchAnswer:
    """One PIN entry for these approvals only. They are made in the background; read the batch for results.

    The opened key stays in the memory of the process that took the call, for the time and number that
    the installation allows; revoking the token ends it. With `Idempotency-Key` a repeated call finds
    the batch that the first one made.
    """
    key = request.headers.get("idempotency-key")
    batch_id = runtime.get(WorkflowService).batches.start(
        caller.principal,
        caller.sign_in,
        uuid5(_KEYS, key) if key else new_id(),
        _wanted(wanted.items),
        wanted.comment,
        wanted.pin,
    )
    return _read(caller, runtime, batch_id)


@batches.get("/{batch_id}", summary="Get a batch", response_model=BatchAnswer)
def get_batch(caller: Calling, runtime: Running, batch_id: UUID) -> BatchAnswer:
    """How far it is, and the result of each approval. Only the person's own batches are there."""
    return _read(caller, runtime, batch_id)


@batches.post("/{batch_id}/repetition", summary="Repeat what failed", response_model=BatchAnswer)
@call(scope="sign")
def repeat_batch(caller: Calling, runtime: Running, batch_id: UUID, wanted: BatchRepetition) -> BatchAnswer:
    """Tries again what is not done, with another PIN entry. `batch-runs` (409) while it is being worked."""
    runtime.get(WorkflowService).batches.repeat(
        caller.principal, caller.sign_in, batch_id, _wanted(wanted.items), wanted.pin
    )
    return _read(caller, runtime, batch_id)


def _wanted(items: Sequence[BatchItemWanted]) -> list[Wanted]:
    return [Wanted(one.task_id, one.shown_digest) for one in items]


def _read(caller: Calling, runtime: Running, batch_id: UUID) -> BatchAnswer:
    with runtime.database.read() as session:
        view = runtime.get(WorkflowService).batches.view(session, caller.principal, batch_id)
    return _answer(view, caller.language)


def _answer(view: BatchView, language: Language) -> BatchAnswer:
    return BatchAnswer(
        id=view.id,
        state=view.state,
        comment=view.comment,
        created_at=view.created_at,
        ended_at=view.ended_at,
        stop_code=view.stop_code,
        total=len(view.lines),
        done=view.count(ItemState.DONE),
        failed=view.count(ItemState.FAILED),
        items=[_line(line, language) for line in view.lines],
    )


def _line(line: BatchLine, language: Language) -> BatchLineAnswer:
    message = None
    if line.error_code is not None:
        message = translator(language).text(f"error-{line.error_code}", **line.error_context)
    return BatchLineAnswer(
        task_id=line.task_id,
        case_id=line.case_id,
        serial_number=line.serial_number,
        subject=line.subject,
        amount=line.amount,
        state=line.state,
        code=line.error_code,
        message=message,
    )

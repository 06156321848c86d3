"""Background work of workflow."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import task
from signing.seal_life import HANDED_OVER
from workflow.contracts import Contracts
from workflow.service import WorkflowService


@task("workflow.add_evidence", lease=timedelta(minutes=15))
def add_evidence(runtime: Runtime, job: Job) -> None:
    """Give the papers of a finished case B-LTA evidence."""
    runtime.get(WorkflowService).evidence.add(UUID(job.payload["case_id"]), job)


@task("workflow.compare_copy", lease=timedelta(minutes=5))
def compare_copy(runtime: Runtime, job: Job) -> None:
    """Compare the other side's copy of a contract, once it has been read."""
    with runtime.database.write() as session:
        runtime.get(Contracts).settle(session, UUID(job.payload["document_id"]))
        job.finish(session)


@task(HANDED_OVER, lease=timedelta(minutes=2))
def seal_handed_over(runtime: Runtime, job: Job) -> None:
    """Give the open sealing tasks of a seal to its new keeper."""
    seal_id, from_id, to_id = (UUID(job.payload[name]) for name in ("seal_id", "from_id", "to_id"))
    with runtime.database.write() as session:
        runtime.get(WorkflowService).hand_over_tasks(session, seal_id, from_id, to_id)
        job.finish(session)

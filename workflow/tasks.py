"""Background work of workflow."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from workflow.contracts import Contracts
from workflow.service import WorkflowService


@task("workflow.add_evidence", lease=timedelta(minutes=15))
def add_evidence(runtime: Runtime, job: Job) -> None:
    """Give the papers of a finished case B-LTA evidence."""
    runtime.get(WorkflowService).evidence.add(UUID(job.payload["case_id"]), job)


@task("workflow.finish_timestamps", lease=timedelta(minutes=30))
def finish_timestamps(runtime: Runtime, _job: Job) -> None:
    """Stamp what was signed while no time-stamp authority answered."""
    workflow = runtime.get(WorkflowService)
    workflow.late_stamps.run()
    with runtime.database.write() as session:
        workflow.evidence.retry_stamps(session)


@task("workflow.compare_copy", lease=timedelta(minutes=5))
def compare_copy(runtime: Runtime, job: Job) -> None:
    """Compare the other side's copy of a contract, once it has been read."""
    with runtime.database.write() as session:
        runtime.get(Contracts).settle(session, UUID(job.payload["document_id"]))
        job.finish(session)


periodic("workflow.finish_timestamps", Schedule(every=timedelta(minutes=10)))

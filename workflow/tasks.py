"""Background work of workflow."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from signing.seal_life import HANDED_OVER
from workflow.contracts import Contracts
from workflow.service import WorkflowService


@task("workflow.add_evidence", lease=timedelta(minutes=15))
def add_evidence(runtime: Runtime, job: Job) -> None:
    """Give the papers of a finished case B-LTA evidence."""
    runtime.get(WorkflowService).evidence.add(UUID(job.payload["case_id"]), job)


@task("workflow.find_ending_evidence", lease=timedelta(minutes=15))
def find_ending_evidence(runtime: Runtime, _job: Job) -> None:
    """Give out the renewal of every document time-stamp that nears its end."""
    runtime.get(WorkflowService).renewal.find()


@task("workflow.renew_evidence", lease=timedelta(minutes=15))
def renew_evidence(runtime: Runtime, job: Job) -> None:
    """Put a new document time-stamp over a paper whose last one nears its end."""
    runtime.get(WorkflowService).renewal.renew(UUID(job.payload["document_id"]), job)


periodic("workflow.find_ending_evidence", Schedule(every=timedelta(days=1)))


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


@task(HANDED_OVER, lease=timedelta(minutes=2))
def seal_handed_over(runtime: Runtime, job: Job) -> None:
    """Give the open sealing tasks of a seal to its new keeper."""
    seal_id, from_id, to_id = (UUID(job.payload[name]) for name in ("seal_id", "from_id", "to_id"))
    with runtime.database.write() as session:
        runtime.get(WorkflowService).hand_over_tasks(session, seal_id, from_id, to_id)
        job.finish(session)


periodic("workflow.finish_timestamps", Schedule(every=timedelta(minutes=10)))

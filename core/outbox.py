"""The transactional outbox: the only way in which background work begins.

A job row is written in the transaction of the change that causes it. A worker claims it with a
lease; when the work is done the row is deleted, in the same transaction as the work's own effect
where the task chooses so (``Job.finish``). A lease that ran out returns the job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from core.database import insert_unless_there
from core.errors import VermilionError
from core.ids import new_id
from core.models import OutboxJob


class LeaseLost(VermilionError):
    """Another worker took the job over; the transaction must not commit."""

    code = "lease-lost"
    status = 500


@dataclass
class Job:
    """A claimed job in the hands of a task."""

    id: UUID
    task: str
    payload: Mapping[str, Any]
    tries: int
    owner: str
    is_finished: bool = field(default=False)

    def finish(self, session: Session) -> None:
        """Delete the job in the task's own transaction, so that effect and completion are one.

        Raises LeaseLost when the job is no longer this worker's.
        """
        finish(session, [self])


def finish(session: Session, jobs: Sequence[Job]) -> None:
    """Delete jobs of one owner (``Job.finish``), all or none. Raises LeaseLost."""
    result = session.execute(
        delete(OutboxJob).where(OutboxJob.id.in_([job.id for job in jobs]), OutboxJob.owner == jobs[0].owner)
    )
    if result.rowcount != len(jobs):  # type: ignore[attr-defined]
        raise LeaseLost(job=str(jobs[0].id))
    for job in jobs:
        job.is_finished = True


def enqueue(
    session: Session, task: str, payload: Mapping[str, Any], at: datetime, *, key: str | None = None
) -> None:
    """Have ``task`` run with ``payload`` (plain JSON) once the transaction has committed, not before ``at``.

    A waiting job of the same ``key`` stands for this one too. A job that already runs does not:
    it may have read the state before this change.
    """
    insert_unless_there(
        session,
        OutboxJob,
        [{"id": new_id(), "task": task, "payload": dict(payload), "key": key, "run_at": at, "tries": 0}],
    )
    session.info["outbox"] = True


Lease = Callable[[str], timedelta]
"""How long one try of a task may take, by the task's name."""


def claim(
    session: Session, owner: str, now: datetime, lease: Lease, limit: int, *, task: str | None = None
) -> list[Job]:
    """Take up to ``limit`` jobs whose time has come, oldest first; of one task only when it is named."""
    ready = (
        select(OutboxJob.id, OutboxJob.task)
        .where(
            OutboxJob.failed_at.is_(None),
            OutboxJob.run_at <= now,
            or_(OutboxJob.owner.is_(None), OutboxJob.lease_until < now),
        )
        .order_by(OutboxJob.run_at, OutboxJob.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if task is not None:
        ready = ready.where(OutboxJob.task == task)
    found = session.execute(ready).all()
    ids_of: dict[str, list[UUID]] = {}
    for job_id, name in found:
        ids_of.setdefault(name, []).append(job_id)
    taken = {
        job.id: job for name, ids in ids_of.items() for job in _take(session, name, ids, owner, now, lease)
    }
    return [taken[job_id] for job_id, _name in found if job_id in taken]


def claim_one(session: Session, job_id: UUID, owner: str, now: datetime, lease: Lease) -> Job | None:
    """Take one job by its id; None when it is done or in another worker's hands."""
    task = session.scalar(select(OutboxJob.task).where(OutboxJob.id == job_id))
    if task is None:
        return None
    return next(iter(_take(session, task, [job_id], owner, now, lease)), None)


def _take(
    session: Session, task: str, ids: Sequence[UUID], owner: str, now: datetime, lease: Lease
) -> list[Job]:
    """Take those of these jobs of one task that are still free."""
    is_free = or_(
        OutboxJob.owner.is_(None),
        OutboxJob.owner.in_([f"relay:{each}" for each in ids]),
        OutboxJob.lease_until < now,
    )
    rows = session.execute(
        update(OutboxJob)
        .where(OutboxJob.id.in_(ids), OutboxJob.failed_at.is_(None), is_free)
        .values(owner=owner, lease_until=now + lease(task), tries=OutboxJob.tries + 1, key=None)
        .returning(OutboxJob.id, OutboxJob.payload, OutboxJob.tries)
    )
    return [Job(row.id, task, row.payload, row.tries, owner) for row in rows]


def recover(session: Session, owner_prefix: str) -> int:
    """Return the jobs of workers that are known to be dead, without waiting for their leases.

    Returns how many there were.
    """
    result = session.execute(
        update(OutboxJob)
        .where(OutboxJob.owner.startswith(owner_prefix, autoescape=True))
        .values(owner=None, lease_until=None)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def release(session: Session, job: Job, error: str, retry_at: datetime | None, now: datetime) -> None:
    """Give a job back after a failure: to be tried again at ``retry_at``, or never when None."""
    session.execute(
        update(OutboxJob)
        .where(OutboxJob.id == job.id, OutboxJob.owner == job.owner)
        .values(
            owner=None,
            lease_until=None,
            last_error=error[:2000],
            run_at=retry_at or now,
            failed_at=None if retry_at else now,
        )
    )


def next_run(session: Session) -> datetime | None:
    """When the earliest waiting job is due."""
    return session.scalar(
        select(OutboxJob.run_at).where(OutboxJob.failed_at.is_(None)).order_by(OutboxJob.run_at).limit(1)
    )


def lease_for_relay(session: Session, now: datetime, lease: timedelta, limit: int) -> list[UUID]:
    """Mark waiting jobs as sent to the broker until the lease ends. Returns their ids."""
    ids = list(
        session.scalars(
            select(OutboxJob.id)
            .where(
                OutboxJob.failed_at.is_(None),
                OutboxJob.run_at <= now,
                or_(OutboxJob.owner.is_(None), OutboxJob.lease_until < now),
            )
            .order_by(OutboxJob.run_at, OutboxJob.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    for job_id in ids:
        session.execute(
            update(OutboxJob)
            .where(OutboxJob.id == job_id)
            .values(owner=f"relay:{job_id}", lease_until=now + lease)
        )
    return ids

"""Background work of search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from core import outbox
from core.models import OutboxJob
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, backoff, lease_of, periodic, task
from search.errors import IndexBusy, SearchUnavailable
from search.index import Key
from search.service import Searcher

log = structlog.get_logger()

_TOGETHER: Final = 100
"""How many waiting jobs one commit of the index serves."""
_REPORT_EVERY: Final = 5_000


@task("search.index", max_tries=40)
def index(runtime: Runtime, job: Job) -> None:
    """Bring one thing in the index up to date, and with it the others that wait: a commit costs more
    than a record.

    The rows are read when the job runs, so that order and repetition do not matter.
    """
    searcher = runtime.get(Searcher)
    jobs = [job, *_take_along(runtime, job)]
    try:
        searcher.refresh(map(_key, jobs))
    except Exception as error:
        _give_back(runtime, jobs[1:], error)
        if len(jobs) == 1 or isinstance(error, IndexBusy | SearchUnavailable):
            raise
        jobs = [job]  # one of the others may never work; that must not hold up this one
        searcher.refresh([_key(job)])
    with runtime.database.write() as session:
        for each in jobs:
            each.finish(session)


@task("search.check")
def check(runtime: Runtime, _job: Job) -> None:
    """Look after the index: one that is new, damaged or of another version is built again."""
    runtime.get(Searcher).check()


@task("search.reindex", lease=timedelta(hours=6))
def reindex(runtime: Runtime, _job: Job) -> None:
    """Put everything into the index again."""

    def report(done: int, total: int) -> None:
        if done % _REPORT_EVERY == 0 or done == total:
            log.info("reindexing", done=done, total=total)

    runtime.get(Searcher).reindex(report)


periodic("search.check", Schedule(every=timedelta(minutes=1)))


def _key(job: Job) -> Key:
    return Key(str(job.payload["kind"]), UUID(str(job.payload["id"])))


def _take_along(runtime: Runtime, job: Job) -> list[Job]:
    """Claim waiting jobs of this task for the same owner, as the worker does."""
    now = runtime.clock.now()
    waiting = (
        select(OutboxJob.id)
        .where(
            OutboxJob.task == job.task,
            OutboxJob.owner.is_(None),
            OutboxJob.failed_at.is_(None),
            OutboxJob.run_at <= now,
        )
        .order_by(OutboxJob.run_at, OutboxJob.id)
        .limit(_TOGETHER - 1)
    )
    with runtime.database.read() as session:
        if session.scalar(waiting.limit(1)) is None:
            return []
    with runtime.database.write() as session:
        ids = list(session.scalars(waiting.with_for_update(skip_locked=True)))
        claimed = (outbox.claim_one(session, each, job.owner, now, lease_of) for each in ids)
        return [each for each in claimed if each is not None]


def _give_back(runtime: Runtime, jobs: Sequence[Job], error: Exception) -> None:
    if not jobs:
        return
    now = runtime.clock.now()
    with runtime.database.write() as session:
        for each in jobs:
            outbox.release(session, each, f"beside others: {error}", now + backoff(each.tries), now)

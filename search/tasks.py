"""Background work of search."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from core import outbox
from core.errors import NotFound
from core.models import OutboxJob
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, backoff, lease_of, periodic, task
from search.errors import IndexBusy, SearchUnavailable
from search.exports import SearchExports
from search.index import Key
from search.saved import SavedSearches
from search.service import Searcher

log = structlog.get_logger()

_MOST_TRIES: Final = 40
_EXPORT_TRIES: Final = 5
_TOGETHER: Final = 50
"""How many waiting jobs one commit of the index serves."""
_REPORT_EVERY: Final = 5_000


@task("search.index", max_tries=_MOST_TRIES)
def index(runtime: Runtime, job: Job) -> None:
    """Bring one thing in the index up to date, and with it others that wait: a commit costs more than
    a record.

    The rows are read when the job runs, so that order and repetition do not matter.
    """
    searcher = runtime.get(Searcher)
    others = _take_along(runtime, job)
    try:
        searcher.refresh(map(_key, [job, *others]))
    except (IndexBusy, SearchUnavailable) as error:
        for each in others:
            _give_back(runtime, each, error)
        raise
    except Exception:  # one of them may never work; that must not hold up the rest
        for each in others:
            _index_alone(runtime, each)
        searcher.refresh([_key(job)])
        others = []
    with runtime.database.write() as session:
        outbox.finish(session, [job, *others])
    searcher.require_complete()


def _index_alone(runtime: Runtime, job: Job) -> None:
    try:
        runtime.get(Searcher).refresh([_key(job)])
    except Exception as error:  # as the worker does with a job of its own
        _give_back(runtime, job, error)
        return
    with runtime.database.write() as session:
        job.finish(session)


@task("search.check")
def check(runtime: Runtime, _job: Job) -> None:
    """Look after the index: one that is new, damaged or of another version is built again."""
    runtime.get(Searcher).check()


@task("search.reindex", lease=timedelta(hours=2))
def reindex(runtime: Runtime, job: Job) -> None:
    """Put everything into the index again; with ``if_incomplete`` only where that is still needed."""
    searcher = runtime.get(Searcher)
    if job.payload.get("if_incomplete") and searcher.is_complete():
        return

    def report(done: int, total: int) -> None:
        if done % _REPORT_EVERY == 0 or done == total:
            log.info("reindexing", done=done, total=total)

    searcher.reindex(report)


@task("search.watch_all")
def watch_all(runtime: Runtime, _job: Job) -> None:
    """Have every saved search that is watched looked after."""
    runtime.get(SavedSearches).ask_for_checks()


@task("search.watch")
def watch(runtime: Runtime, job: Job) -> None:
    """Look for what one saved search finds anew."""
    runtime.get(SavedSearches).check(UUID(str(job.payload["id"])))


@task("search.export", lease=timedelta(hours=2), max_tries=_EXPORT_TRIES)
def export(runtime: Runtime, job: Job) -> None:
    """Write the file of an export; when that fails for good, its person sees that it did."""
    exports = runtime.get(SearchExports)
    export_id = UUID(str(job.payload["id"]))
    try:
        exports.write(export_id)
    except NotFound as error:  # the person has left
        exports.fail(export_id, error)
    except Exception as error:
        if job.tries >= _EXPORT_TRIES:
            exports.fail(export_id, error)
        raise


@task("search.forget_exports")
def forget_exports(runtime: Runtime, _job: Job) -> None:
    """Forget the exports whose day is over; the store collects their files."""
    runtime.get(SearchExports).forget()


periodic("search.forget_exports", Schedule(every=timedelta(hours=1)))
periodic("search.watch_all", Schedule(every=timedelta(minutes=15)))
periodic("search.check", Schedule(every=timedelta(minutes=1)))


def _key(job: Job) -> Key:
    return Key(str(job.payload["kind"]), UUID(str(job.payload["id"])))


def _take_along(runtime: Runtime, job: Job) -> list[Job]:
    """Claim waiting jobs of this task for the same owner, as the worker does."""
    now = runtime.clock.now()
    waiting = select(OutboxJob.id).where(
        OutboxJob.task == job.task,
        OutboxJob.owner.is_(None),
        OutboxJob.failed_at.is_(None),
        OutboxJob.run_at <= now,
    )
    with runtime.database.read() as session:
        if session.scalar(waiting.limit(1)) is None:
            return []
    with runtime.database.write() as session:
        return outbox.claim(session, job.owner, now, lease_of, _TOGETHER - 1, task=job.task)


def _give_back(runtime: Runtime, job: Job, error: Exception) -> None:
    now = runtime.clock.now()
    retry_at = None if job.tries >= _MOST_TRIES else now + backoff(job.tries)
    with runtime.database.write() as session:
        outbox.release(session, job, f"{type(error).__name__}: {error}", retry_at, now)

"""Background work of search."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import task
from search.service import Searcher


@task("search.index", max_tries=20)
def index(runtime: Runtime, job: Job) -> None:
    """Bring one record up to date. The rows are read fresh, so order and repetition do not matter."""
    runtime.get(Searcher).index_now(job.payload["kind"], UUID(job.payload["id"]))


@task("search.reindex", lease=timedelta(hours=6))
def reindex(runtime: Runtime, _job: Job) -> None:
    """Build the index anew."""
    runtime.get(Searcher).reindex()

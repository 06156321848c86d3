"""Background work of storage."""

from __future__ import annotations

from datetime import timedelta

import structlog

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from storage.service import ObjectStore

log = structlog.get_logger()


@task("storage.collect_garbage", lease=timedelta(hours=1))
def collect_garbage(runtime: Runtime, _job: Job) -> None:
    """Delete objects that nothing has referred to for a day."""
    collected = runtime.get(ObjectStore).collect_garbage()
    if collected:
        log.info("garbage_collected", objects=collected)


periodic("storage.collect_garbage", Schedule(every=timedelta(hours=6)))

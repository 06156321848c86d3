"""Background work of retention."""

from __future__ import annotations

from datetime import time
from uuid import UUID

from core.models import Organisation
from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from retention.backups import LEASE, BackupService
from retention.service import RetentionService


@task("retention.classify")
def classify(runtime: Runtime, job: Job) -> None:
    """Give a finished case its keeping period."""
    with runtime.database.write() as session:
        runtime.get(RetentionService).classify(session, UUID(job.payload["case_id"]))
        job.finish(session)


@task("retention.backup", lease=LEASE, max_tries=3)
def backup(runtime: Runtime, job: Job) -> None:
    """Make the backup that was asked for."""
    runtime.get(BackupService).run(str(job.payload["kind"]))


@task("retention.backup_daily", lease=LEASE, max_tries=3)
def backup_daily(runtime: Runtime, _job: Job) -> None:
    """The daily incremental backup."""
    _backup(runtime, "incremental")


@task("retention.backup_weekly", lease=LEASE, max_tries=3)
def backup_weekly(runtime: Runtime, _job: Job) -> None:
    """The weekly full backup."""
    _backup(runtime, "full")


def _backup(runtime: Runtime, kind: str) -> None:
    with runtime.database.read() as session:
        if session.get(Organisation, 1) is None:
            return
    runtime.get(BackupService).run(kind)


periodic("retention.backup_daily", Schedule(at=time(2)))
periodic("retention.backup_weekly", Schedule(at=time(1), weekday=6))

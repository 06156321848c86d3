"""Reminders of the register: scans of stamped pages and lent seals that are overdue."""

from __future__ import annotations

from datetime import time

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import Schedule, periodic, task
from signing.service import SigningService


@task("signing.remind_register")
def remind_register(runtime: Runtime, job: Job) -> None:
    """Tell keepers, applicants and borrowers of what is overdue; who knows of it is told nothing new."""
    with runtime.database.write() as session:
        runtime.get(SigningService).by_hand.remind(session)
        job.finish(session)


periodic("signing.remind_register", Schedule(at=time(8, 30)))

"""Background work of ingest."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import task
from ingest.service import IngestService


@task("ingest.process", lease=timedelta(minutes=15))
def process(runtime: Runtime, job: Job) -> None:
    """Make the PDF, read its text, name its findings."""
    runtime.get(IngestService).process(UUID(job.payload["document_id"]))

"""Background work of ingest."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import task
from ingest.invoices.checking import MOST_TRIES, TASK, InvoiceChecking
from ingest.service import IngestService


@task("ingest.process", lease=timedelta(minutes=15))
def process(runtime: Runtime, job: Job) -> None:
    """Make the PDF, read its text, name its findings."""
    runtime.get(IngestService).process(UUID(job.payload["document_id"]))


@task(TASK, lease=timedelta(minutes=10), max_tries=MOST_TRIES)
def check_invoice(runtime: Runtime, job: Job) -> None:
    """Ask the gateway to the tax platform; tried again while the gateway is away."""
    is_last = job.tries >= MOST_TRIES
    runtime.get(InvoiceChecking).run(UUID(job.payload["check_id"]), is_last)

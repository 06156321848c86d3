"""Background work of ingest."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from core.outbox import Job
from core.runtime import Runtime
from core.tasks import task
from ingest.errors import FileRefused
from ingest.invoices.checking import MOST_TRIES, TASK, InvoiceChecking
from ingest.limits import LEASE
from ingest.models import RenditionPurpose
from ingest.processing import begin
from ingest.service import IngestService

_LOG = structlog.get_logger()


def _begin(session: Session, job: Job) -> None:
    begin(session, UUID(job.payload["document_id"]))


@task("ingest.process", lease=LEASE, begin=_begin)
def process(runtime: Runtime, job: Job) -> None:
    """Make the PDF, read its text, name its findings."""
    runtime.get(IngestService).process(UUID(job.payload["document_id"]), job.finish)


@task("ingest.archive", lease=LEASE)
def archive(runtime: Runtime, job: Job) -> None:
    """Make the PDF/A that is kept beside the original."""
    _make(runtime, job, RenditionPurpose.ARCHIVAL)


@task("ingest.neutralise", lease=LEASE)
def neutralise(runtime: Runtime, job: Job) -> None:
    """Make the rendition in which nothing acts."""
    _make(runtime, job, RenditionPurpose.VIEWER)


@task(TASK, lease=timedelta(minutes=10), max_tries=MOST_TRIES)
def check_invoice(runtime: Runtime, job: Job) -> None:
    """Ask the gateway to the tax platform; tried again while the gateway is away."""
    is_last = job.tries >= MOST_TRIES
    runtime.get(InvoiceChecking).run(UUID(job.payload["check_id"]), is_last)


def _make(runtime: Runtime, job: Job, purpose: RenditionPurpose) -> None:
    version_id = UUID(job.payload["version_id"])
    try:
        runtime.get(IngestService).archiving.make(version_id, purpose)
    except FileRefused as error:  # the file itself stays usable; trying again would change nothing
        _LOG.warning("rendition_failed", version=str(version_id), purpose=purpose.value, error=error.code)

"""Health: what needs an administrator's attention, in figures first."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.errors import NotFound, VermilionError
from core.models import AuditEntry, OutboxJob
from portal.administration import TABS, admin_pages
from portal.frame import Visiting, page, see_other
from portal.long_work import LongWork
from portal.visit import Visit
from signing import targets, trail, transparency
from signing.models import Certificate, CertificateRole
from signing.service import SigningService
from workflow.service import WorkflowService

router = admin_pages()

_LOW_DISK: Final = 2 * 1024**3
_SOON: Final = timedelta(days=60)
_WORK: Final = LongWork()
_MOST_SHOWN: Final = 50


@router.get("/admin/health")
def show_health(request: Request, visit: Visiting) -> Response:
    """Jobs, certificates, disk, and the cases whose papers lack evidence."""
    with visit.runtime.database.read() as session:
        context = _figures(session, visit)
    free = shutil.disk_usage(visit.runtime.settings.home.absolute()).free
    return page(
        request, visit, "admin/health.html", tabs=TABS, free=free, is_disk_low=free < _LOW_DISK,
        gigabytes=lambda count: f"{count / 1024**3:,.1f} GB", **context,
    )  # fmt: skip


@router.post("/admin/health/evidence/{case_id}/retry")
def retry_evidence(request: Request, visit: Visiting, case_id: UUID) -> Response:
    """Try to add the evidence of a finished case again."""
    with visit.runtime.database.write() as session:
        visit.runtime.get(WorkflowService).retry_evidence(session, visit.person, case_id)
    return see_other(request, "/admin/health#evidence")


@router.post("/admin/health/jobs/{job_id}/retry")
def retry_job(request: Request, visit: Visiting, job_id: UUID) -> Response:
    """Let a background job that was given up be tried again."""
    now = visit.runtime.clock.now()
    with visit.runtime.database.write() as session:
        found = session.execute(
            update(OutboxJob)
            .where(OutboxJob.id == job_id, OutboxJob.failed_at.is_not(None))
            .values(failed_at=None, tries=0, run_at=now)
            .returning(OutboxJob.task)
        ).one_or_none()
        if found is None:
            raise NotFound(what="job")
        session.info["outbox"] = True  # wakes the worker
        audit.record(session, now, visit.person.person_id, "job.retried", "job", job_id, {"task": found.task})
    return see_other(request, "/admin/health#jobs")


@router.post("/admin/health/audit")
def verify_audit(request: Request, visit: Visiting) -> Response:
    """Begin to check the audit trail, the register and the tree heads."""
    database = visit.runtime.database

    def walk(_advance: object) -> object:
        with database.snapshot() as session:
            return trail.check(session)

    return see_other(request, f"/admin/health/audit/{_WORK.start(walk)}")


@router.get("/admin/health/audit/{number}")
def show_audit(request: Request, visit: Visiting, number: str) -> Response:
    """What the check found, or that it goes on."""
    progress = _WORK.find(number)
    if progress is None:
        raise NotFound(what="verification")
    report = progress.result if isinstance(progress.result, trail.Report) else None
    findings = [trail.describe(one, visit.translator) for one in report.findings] if report else []
    return page(
        request, visit, "admin/audit-verification.html", tabs=TABS, progress=progress, number=number,
        report=report, findings=findings,
        trouble=visit.translator.error(progress.error) if progress.error else None,
    )  # fmt: skip


def _figures(session: Session, visit: Visit) -> dict[str, Any]:
    now = visit.runtime.clock.now()
    waiting, failed = session.execute(
        select(func.count(OutboxJob.id) - func.count(OutboxJob.failed_at), func.count(OutboxJob.failed_at))
    ).one()
    ends = session.scalar(
        select(func.min(Certificate.not_after)).where(
            Certificate.role.in_((CertificateRole.ISSUING, CertificateRole.TSA, CertificateRole.SERVICE)),
            Certificate.revoked_at.is_(None),
        )
    )
    return {
        "waiting": waiting,
        "failed": failed,
        "given_up": session.scalars(
            select(OutboxJob)
            .where(OutboxJob.failed_at.is_not(None))
            .order_by(OutboxJob.failed_at.desc())
            .limit(_MOST_SHOWN)
        ).all(),
        "entries": session.scalar(select(func.max(AuditEntry.sequence))) or 0,
        "heads": transparency.heads(session, limit=5),
        "head_troubles": transparency.troubles(session, visit.runtime.settings.head_targets),
        "head_targets": targets.labels(visit.runtime.settings.head_targets),
        "certificates_end": ends,
        "is_ending_soon": ends is not None and ends - now < _SOON,
        "not_ready": _signing_trouble(session, visit),
        "evidence": visit.runtime.get(WorkflowService).evidence_failures(session, visit.person),
        "lasting": visit.runtime.get(WorkflowService).renewal.outlook(session),
    }


def _signing_trouble(session: Session, visit: Visit) -> str | None:
    """Why nobody could sign now, or None."""
    try:
        visit.runtime.get(SigningService).check_ready(session)
    except VermilionError as error:
        return visit.translator.error(error)
    return None

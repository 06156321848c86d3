"""Administration of backups: what there is, making one, reading one to its end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Form, Request, Response
from sqlalchemy import select

from core import outbox
from core.errors import NotFound
from core.models import OutboxJob
from portal.administration import TABS, admin_pages
from portal.frame import Visiting, page, see_other
from portal.long_work import LongWork
from portal.visit import Visit
from retention.backups import BackupService
from retention.models import Backup

router = admin_pages()

TASK: Final = "retention.backup"
_OLD: Final = timedelta(days=2)
"""A last backup older than this needs attention: there is one each day."""
_WORK: Final = LongWork()


@router.get("/admin/backups")
def show_backups(request: Request, visit: Visiting) -> Response:
    """The state in figures, then the backups, newest first."""
    return page(request, visit, "admin/backups.html", tabs=TABS, **_state(visit))


@router.get("/admin/backups/list")
def show_list(request: Request, visit: Visiting) -> Response:
    """Only the list, while a backup is being made."""
    return page(request, visit, "parts/backup-list.html", **_state(visit))


@router.post("/admin/backups")
def run(request: Request, visit: Visiting, kind: Annotated[str, Form()] = "incremental") -> Response:
    """Have a backup made in the background."""
    wanted = kind if kind in ("full", "incremental") else "incremental"
    with visit.runtime.database.write() as session:
        outbox.enqueue(session, TASK, {"kind": wanted}, visit.runtime.clock.now(), key=TASK)
    return see_other(request, "/admin/backups")


@router.post("/admin/backups/{name}/verification")
def verify(request: Request, visit: Visiting, name: str) -> Response:
    """Begin to read a backup to its end."""
    service = visit.runtime.get(BackupService)
    number = _WORK.start(lambda advance: service.verify(name, progress=advance))
    return see_other(request, f"/admin/backups/verification/{number}?name={quote(name)}")


@router.get("/admin/backups/verification/{number}")
def show_verification(request: Request, visit: Visiting, number: str, name: str = "") -> Response:
    """How far the reading is, and what it found."""
    progress = _WORK.find(number)
    if progress is None:
        raise NotFound(what="verification")
    return page(
        request, visit, "admin/backup-verification.html", tabs=TABS, progress=progress, number=number,
        name=name, trouble=visit.translator.error(progress.error) if progress.error else None,
    )  # fmt: skip


def _state(visit: Visit) -> dict[str, Any]:
    with visit.runtime.database.read() as session:
        waiting = session.scalar(select(OutboxJob).where(OutboxJob.task == TASK).limit(1))
        rows = session.scalars(select(Backup).order_by(Backup.started_at.desc()).limit(100)).all()
    last = next((row.finished_at for row in rows if row.state == "done"), None)
    is_running = any(row.state == "running" for row in rows) or (
        waiting is not None and waiting.failed_at is None
    )
    return {
        "backups": rows,
        "last": last,
        "is_old": _is_old(last, visit.runtime.clock.now()),
        "is_running": is_running,
        "failure": waiting.last_error if waiting is not None and waiting.failed_at else None,
        "total_bytes": sum(row.bytes for row in rows if row.state == "done"),
    }


def _is_old(last: datetime | None, now: datetime) -> bool:
    return last is None or now - last > _OLD

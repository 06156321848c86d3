"""``/api/v1/backups``: made, listed, read to their end."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Accepted, Everything, Words
from api.schemas_operation import BackupAnswer, BackupVerified, NewBackup
from core import outbox
from core.models import Role
from retention.backups import BackupService


def keeps_backups(caller: Calling) -> None:
    """Only administrators of the whole organisation get further."""
    caller.require_everywhere(Role.ADMINISTRATOR)


backups = router("backups", needs=keeps_backups)


@backups.get("", summary="List backups", response_model=Everything[BackupAnswer])
def list_backups(runtime: Running) -> Everything[BackupAnswer]:
    """What is in the backup store, oldest first."""
    rows = runtime.get(BackupService).list()
    return Everything(items=[BackupAnswer.model_validate(row.to_json()) for row in rows])


@backups.post("", summary="Make a backup", response_model=Accepted, status_code=202)
@call(scope="admin")
def run_backup(runtime: Running, wanted: NewBackup) -> Accepted:
    """In the background; the list shows the result. Asking again while one waits changes nothing."""
    with runtime.database.write() as session:
        now = runtime.clock.now()
        outbox.enqueue(session, "retention.backup", {"kind": wanted.kind}, now, key="retention.backup")
    return Accepted()


@backups.post("/{name}/verification", summary="Check a backup", response_model=BackupVerified)
@call(scope="admin")
def verify_backup(
    runtime: Running,
    name: Annotated[
        Words, Path(max_length=80, description="Name of the backup, or `latest`.", examples=["latest"])
    ],
) -> BackupVerified:
    """Reads it to its end: every byte authenticated, every digest compared. This takes long."""
    report = runtime.get(BackupService).verify(name)
    return BackupVerified.model_validate(report)

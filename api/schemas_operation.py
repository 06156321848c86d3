"""Shapes of backups and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, example


class BackupAnswer(Shape):
    """One backup in the backup store."""

    model_config = example(
        {
            "name": "20260302T081530000000Z-full",
            "kind": "full",
            "state": "done",
            "started_at": EXAMPLE_TIME,
            "finished_at": EXAMPLE_TIME,
            "objects": 412,
            "rows": 18230,
            "bytes": 104857600,
            "error": None,
            "verified_at": None,
        }
    )

    name: str
    kind: str
    state: str = Field(description="`done`; `damaged` or `other-key` when it cannot be read.")
    started_at: datetime | None
    finished_at: datetime | None
    objects: int = Field(description="Objects in this backup; an incremental one holds the new ones.")
    rows: int
    bytes: int
    error: str | None
    verified_at: datetime | None


class NewBackup(Shape):
    """A backup to be made."""

    model_config = example({"kind": "incremental"})

    kind: Literal["full", "incremental"] = Field(
        default="incremental", description="The first one is always full."
    )


class BackupVerified(Shape):
    """A backup was read to its end and is whole."""

    model_config = example({"name": "20260302T081530000000Z-full", "objects": 412, "rows": 18230})

    name: str
    objects: int
    rows: int


class AuditAnswer(Shape):
    """An audit entry, with everything that others need to check the chain."""

    model_config = example(
        {
            "sequence": 17,
            "version": 1,
            "at": EXAMPLE_TIME,
            "actor_id": EXAMPLE_ID,
            "action": "case.submitted",
            "resource_type": "case",
            "resource_id": EXAMPLE_ID,
            "salt": "9f86d081884c7d659a2feaa0c55ad015",
            "payload": {"serial": "HT-2026-00012"},
            "payload_digest": EXAMPLE_DIGEST,
            "chain_digest": EXAMPLE_DIGEST,
        }
    )

    sequence: int
    version: int
    at: datetime
    actor_id: UUID | None
    action: str
    resource_type: str | None
    resource_id: UUID | None
    salt: str | None
    payload: dict[str, Any] | None
    payload_digest: str
    chain_digest: str


class FindingAnswer(Shape):
    """One thing that does not fit."""

    model_config = example({"code": "payload", "sequence": 17, "last": None, "message": "…"})

    code: str = Field(description="Stable, for programs; see docs/evidence.md.")
    sequence: int | None = Field(description="The audit entry, or the first of several.")
    last: int | None
    message: str


class AuditVerified(Shape):
    """Whether the audit trail is whole; else what does not fit, the first of it also by itself."""

    model_config = example({"is_whole": True, "sequence": None, "reason": None, "findings": []})

    is_whole: bool
    sequence: int | None
    reason: str | None
    findings: list[FindingAnswer]

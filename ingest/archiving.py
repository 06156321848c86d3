"""Archival renditions when they are needed, and sheets with other papers drawn behind them.

Opens its own short transactions: the worker process is waited for between them.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database, insert_unless_there
from core.ids import new_id
from ingest.limits import RENDERING_SECONDS
from ingest.models import Rendition, RenditionPurpose, Version
from ingest.sandbox import Sandbox
from storage.service import Kept, ObjectStore


@dataclass(frozen=True)
class Archival:
    """The archival rendition of a version: PDF/A-2b or 3b."""

    digest: str
    pages: int
    standard: str


class Archiving:
    """Finds or makes archival renditions, and draws their pages behind a sheet."""

    def __init__(
        self, database: Database, store: ObjectStore, sandbox: Sandbox, clock: Clock, staging: Path
    ) -> None:
        self._database = database
        self._store = store
        self._sandbox = sandbox
        self._clock = clock
        self._staging = staging

    def archival(self, version_id: UUID) -> Archival:
        """The archival rendition of a version; made now when it is not there. Raises FileRefused."""
        row = self.make(version_id, RenditionPurpose.ARCHIVAL)
        return Archival(row.digest, row.pages, row.standard or "")

    def make(self, version_id: UUID, purpose: RenditionPurpose) -> Rendition:
        """A rendition of a version; made now when it is not there. Raises FileRefused."""
        with self._database.read() as session:
            digest = session.get_one(Version, version_id).digest
            row = session.get(Rendition, (version_id, purpose))
            if row is not None:
                return row
        folder = self._folder()
        try:
            source, target = folder / "source", folder / "made.pdf"
            self._store.fetch(digest, source)
            answer = self._sandbox.run(
                purpose.value,
                source,
                target=str(target.absolute()),
                folder=str(folder.absolute()),
                seconds=RENDERING_SECONDS,
            )
            kept = self._store.keep(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        with self._database.write() as session:
            self.add(session, version_id, purpose, kept, answer)
        with self._database.read() as session:
            return session.get_one(Rendition, (version_id, purpose))

    def add(
        self, session: Session, version_id: UUID, purpose: RenditionPurpose, kept: Kept, made: dict[str, Any]
    ) -> None:
        """Write a rendition beside its version; one that is there already stays.

        ``made`` says ``pages`` and, of an archival one, ``standard`` and ``method``.
        """
        row = {
            "version_id": version_id,
            "purpose": purpose.value,
            "digest": kept.digest,
            "size": kept.size,
            "pages": int(made["pages"]),
            "standard": made.get("standard"),
            "method": made.get("method", purpose.value),
            "created_at": self._clock.now(),
        }
        if insert_unless_there(session, Rendition, [row]):
            self._store.adopt(session, kept.digest)

    def attach(self, sheet: bytes, parts: Sequence[tuple[str, int]]) -> bytes:
        """The sheet with the first pages of other PDFs drawn onto its last, empty pages.

        ``parts`` are digests and how many pages of each. Raises FileRefused.
        """
        folder = self._folder()
        try:
            source, target = folder / "sheet.pdf", folder / "whole.pdf"
            source.write_bytes(sheet)
            asked = []
            for number, (digest, pages) in enumerate(parts):
                self._store.fetch(digest, folder / f"part-{number}")
                asked.append({"file": f"part-{number}", "pages": pages})
            self._sandbox.run(
                "attach",
                source,
                target=str(target.absolute()),
                folder=str(folder.absolute()),
                parts=asked,
                seconds=RENDERING_SECONDS,
            )
            return target.read_bytes()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self) -> Path:
        folder = self._staging / str(new_id())
        folder.mkdir(parents=True)
        return folder

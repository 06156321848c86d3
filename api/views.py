"""Views and downloads in the audit trail."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import FastAPI

from api.principals import Caller
from core import audit
from core.runtime import Runtime
from ingest.models import Document, Version

_SAME_VIEW: Final = timedelta(hours=1)


class ViewLog:
    """Which views are in the trail already: leafing through the pages of a document is one view an hour."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._seen: OrderedDict[tuple[UUID, str], datetime] = OrderedDict()
        self._capacity = capacity
        self._lock = threading.Lock()

    def is_new(self, person_id: UUID, digest: str, now: datetime) -> bool:
        """Whether this view has not been noted within the hour; afterwards it has."""
        key = (person_id, digest)
        with self._lock:
            last = self._seen.pop(key, None)
            is_new = last is None or now - last > _SAME_VIEW
            self._seen[key] = now if last is None or is_new else last
            while len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
        return is_new


def note_view(app: FastAPI, runtime: Runtime, caller: Caller, document: Document, version: Version) -> None:
    """Enter a view, unless it stands there since less than an hour."""
    views: ViewLog = app.state.views
    if views.is_new(caller.principal.person_id, version.digest, runtime.clock.now()):
        _note(runtime, caller, "document.viewed", document, version)


def note_download(runtime: Runtime, caller: Caller, document: Document, version: Version) -> None:
    """Enter a download; every one."""
    _note(runtime, caller, "document.downloaded", document, version)


def _note(runtime: Runtime, caller: Caller, action: str, document: Document, version: Version) -> None:
    with runtime.database.write() as session:
        audit.record(
            session, runtime.clock.now(), caller.principal.person_id, action, "document", document.id,
            {"version": version.number, "digest": version.digest, "address": caller.address},
        )  # fmt: skip

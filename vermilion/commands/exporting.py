"""Everything that a search finds, into a file: the portal's exports, waited for at the terminal."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from core.ids import new_id
from core.permissions import Principal
from core.sheets import SHEET_FORMATS, SheetFormat
from search.errors import ExportFileThere, ExportFormatUnknown, ExportNotReady
from search.exports import SearchExports, find
from search.index import Query
from search.models import ExportState, SearchExport
from storage.service import ObjectStore
from vermilion.commands.terminal import Advance, Work

PLACE = "command line"
"""Where a download went, as the audit trail has it in the place of a network address."""
_LOOK_EVERY = 0.2  # seconds


def format_of(file: Path) -> SheetFormat:
    """What a file's name asks for. Raises ExportFormatUnknown; ExportFileThere for one that is there."""
    found = next((one for one in SHEET_FORMATS if file.suffix.lower() == f".{one}"), None)
    if found is None:
        raise ExportFormatUnknown(file=str(file), known=", ".join(f".{one}" for one in SHEET_FORMATS))
    if file.exists():
        raise ExportFileThere(file=str(file))
    return found


def export_to(work: Work, principal: Principal, query: Query, file: Path, advance: Advance) -> SearchExport:
    """Write all that the person may see of what a search finds into a new file. Returns the export.

    It is the export of the portal, written by whoever does the background work, and the same audit
    entries. Raises ExportFormatUnknown, ExportFileThere, ExportNotReady, ExportOutdated, TooManyExports.
    """
    form = format_of(file)
    exports = work.runtime.get(SearchExports)
    export_id = exports.start(principal, query, form, "en" if principal.language == "en" else "zh-CN").id
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(work.finish, task="search.export")
        while not doing.done():
            row = _row(work, principal, export_id)
            advance(row.done, row.total, "")
            time.sleep(_LOOK_EVERY)
        doing.result()
    row = _row(work, principal, export_id)
    if row.state != ExportState.DONE:
        raise ExportNotReady(state=row.error or row.state)
    found = exports.fetch(principal, export_id, PLACE)
    unfinished = file.with_name(f".{new_id()}.part")
    try:
        with unfinished.open("xb") as stream:
            stream.writelines(work.runtime.get(ObjectStore).chunks(found.digest))
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return row


def _row(work: Work, principal: Principal, export_id: UUID) -> SearchExport:
    with work.runtime.database.read() as session:
        return find(session, principal, export_id, work.runtime.clock.now())

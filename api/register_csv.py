"""The register as a table for spreadsheets, with the columns of the paper register."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from api.principals import Caller
from core import audit
from core.i18n import translator
from core.runtime import Runtime
from signing import register
from signing.register import RegisterEntry, RegisterFilter

COLUMNS: Final = (
    "number", "date", "seal", "subject", "document", "copies", "counterparty", "department", "applicant",
    "approvers", "keeper", "case",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SLICE: Final = 500


def export(runtime: Runtime, caller: Caller, wanted: RegisterFilter) -> Iterator[bytes]:
    """CSV (RFC 4180) of every line the caller may see, newest first; the export is an audit entry.

    UTF-8 with a byte order mark, so that spreadsheets read it. No cell can become a formula.
    """
    with runtime.database.write() as session:
        lines = register.count(session, caller.principal, wanted)
        audit.record(
            session, runtime.clock.now(), caller.principal.person_id, "register.exported",
            payload={"lines": lines, "address": caller.address},
        )  # fmt: skip
    return _rows(runtime, caller, wanted)


def cells(entry: RegisterEntry, zone: ZoneInfo) -> list[str]:
    """The cells of one line, in the order of the columns."""
    record = entry.record
    return [
        entry.number,
        record.sealed_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        entry.seal_name,
        record.subject,
        record.document_title,
        str(record.copies),
        record.counterparty or "",
        entry.department,
        entry.applicant,
        "、".join(entry.approvers),
        entry.keeper,
        record.case_serial,
    ]


def _rows(runtime: Runtime, caller: Caller, wanted: RegisterFilter) -> Iterator[bytes]:
    text = translator(caller.language)
    yield b"\xef\xbb\xbf" + _row([text.text(f"register-{column}") for column in COLUMNS])
    before = None
    while True:
        with runtime.database.read() as session:
            entries = register.entries(session, caller.principal, wanted, before=before, limit=_SLICE)
        yield from (_row(cells(entry, runtime.settings.zone)) for entry in entries)
        if len(entries) < _SLICE:
            return
        before = entries[-1].record.id


def _row(values: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([f"'{value}" if value.startswith(_FORMULA) else value for value in values])
    return buffer.getvalue().encode()

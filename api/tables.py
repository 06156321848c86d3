"""Tables for spreadsheets."""

from __future__ import annotations

import csv as csv_module
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from signing.register import RegisterEntry

REGISTER_COLUMNS: Final = (
    "number", "date", "seal", "subject", "document", "copies", "counterparty", "department", "applicant",
    "approvers", "keeper", "case",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def register_line(entry: RegisterEntry, zone: ZoneInfo) -> list[str]:
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


def csv(head: Sequence[str], lines: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """CSV (RFC 4180) in UTF-8 with a byte order mark. No cell can become a formula."""
    yield b"\xef\xbb\xbf"
    yield _row(head)
    for line in lines:
        yield _row(line)


def _row(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv_module.writer(buffer).writerow([_inert(cell) for cell in cells])
    return buffer.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

"""The register as a table for spreadsheets, with the columns of the paper register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from api.principals import Caller
from core import audit
from core.i18n import Translator, translator
from core.runtime import Runtime
from core.sheets import csv_pieces
from signing import register
from signing.models import UseKind
from signing.register import RegisterEntry, RegisterFilter
from signing.register_search import RegisterSearch

COLUMNS: Final = (
    "number", "date", "kind", "seal", "subject", "document", "copies", "counterparty", "department",
    "applicant", "approvers", "keeper", "case", "corrects", "changes", "reason", "second", "scan", "before",
    "after",
)  # fmt: skip
_SLICE: Final = 500


def export(runtime: Runtime, caller: Caller, wanted: RegisterFilter, text: str = "") -> Iterator[bytes]:
    """CSV (RFC 4180) of every line the caller may see, newest first; the export is an audit entry.

    UTF-8 with a byte order mark, so that spreadsheets read it. No cell can become a formula.
    """
    return csv_pieces(lines(runtime, caller, wanted, text))


def lines(runtime: Runtime, caller: Caller, wanted: RegisterFilter, text: str) -> Iterator[list[str]]:
    """The head and every line the caller may see, as cells, newest first; that it was asked is audited.

    With ``text``, the lines that it finds. Raises then as ``RegisterSearch.find``.
    """
    found = runtime.get(RegisterSearch).count(caller.principal, wanted, text) if text.strip() else None
    with runtime.database.write() as session:
        count = register.count(session, caller.principal, wanted) if found is None else found
        audit.record(
            session, runtime.clock.now(), caller.principal.person_id, "register.exported",
            payload={"lines": count, "address": caller.address, **({"text": text} if text.strip() else {})},
        )  # fmt: skip
    return _rows(runtime, caller, wanted, text)


def cells(entry: RegisterEntry, zone: ZoneInfo, text: Translator) -> list[str]:
    """The cells of one line, in the order of the columns."""
    record = entry.record
    scan = ""
    if record.kind == UseKind.PAPER:
        scan = text.text("register-scan-open" if entry.is_open else "register-scan-there")
    return [
        entry.number,
        record.sealed_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        text.text(f"register-kind-{record.kind}"),
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
        entry.corrects or "",
        "; ".join(
            f"{text.text(f'register-{name}')}: {before} → {after}" for name, before, after in entry.changes
        ),
        record.reason or "",
        entry.second or "",
        scan,
        record.digest_before,
        record.digest_after or "",
    ]


def _rows(runtime: Runtime, caller: Caller, wanted: RegisterFilter, text: str) -> Iterator[list[str]]:
    words = translator(caller.language)
    yield [words.text(f"register-{column}") for column in COLUMNS]
    if text.strip():
        entries = runtime.get(RegisterSearch).every(caller.principal, wanted, text)
    else:
        entries = _every(runtime, caller, wanted)
    yield from (cells(entry, runtime.settings.zone, words) for entry in entries)


def _every(runtime: Runtime, caller: Caller, wanted: RegisterFilter) -> Iterator[RegisterEntry]:
    before = None
    while True:
        with runtime.database.read() as session:
            entries = register.entries(session, caller.principal, wanted, before=before, limit=_SLICE)
        yield from entries
        if len(entries) < _SLICE:
            return
        before = entries[-1].record.id

"""Tables for spreadsheets: CSV and workbooks in which no cell computes anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import xlsxwriter

Cell = str | int | Decimal | datetime | None
"""``datetime`` is written as it stands, without its zone: the reader's, to the minute."""
SheetFormat = Literal["xlsx", "csv"]
SHEET_FORMATS: Final[tuple[SheetFormat, ...]] = ("xlsx", "csv")
MEDIA_TYPES: Final[dict[SheetFormat, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
MOST_ROWS: Final = 1_048_575
"""How many rows fit beneath the head of a workbook's sheet."""
_MARK: Final = b"\xef\xbb\xbf"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet compute a cell of a CSV file (OWASP, CSV injection), full width included."""
_LONGEST: Final = 32_767  # characters of a cell of a workbook
_MOMENT: Final = "yyyy-mm-dd hh:mm"


def csv_pieces(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """CSV (RFC 4180), a piece for each row. UTF-8 with a byte order mark, so that spreadsheets read it.

    Text that would be taken for a formula gets an apostrophe before it.
    """
    mark = _MARK
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer).writerow([_plain(cell) for cell in row])
        yield mark + buffer.getvalue().encode("utf-8", "replace")
        mark = b""


def write_workbook(path: Path, title: str, rows: Iterable[Sequence[Cell]]) -> None:
    """A workbook (Office Open XML) of one sheet; the first row is its head. Rows go to disk one by one.

    Text is text, whatever it begins with; amounts and times are what spreadsheets count with. Raises
    ValueError when there are more than ``MOST_ROWS``.
    """
    options = {"constant_memory": True, "tmpdir": str(path.parent), "default_date_format": _MOMENT}
    book = xlsxwriter.Workbook(str(path), options)
    try:
        head = book.add_format({"bold": True, "bottom": 1})
        money = book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet(_sheet_name(title))
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            if number > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
            for column, cell in enumerate(row):
                match cell:
                    case str():
                        text = _printable(cell)
                        sheet.write_string(number, column, text, head if number == 0 else None)
                    case datetime():
                        sheet.write_datetime(number, column, cell.replace(tzinfo=None))
                    case Decimal():
                        sheet.write_number(number, column, float(cell), money)
                    case int():
                        sheet.write_number(number, column, cell)
            if number == 0 and row:
                sheet.set_column(0, len(row) - 1, 18)
    finally:
        book.close()


def _plain(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return f"'{cell}" if cell.startswith(_FORMULA) else cell
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M}"
    return str(cell)


def _printable(text: str) -> str:
    """What XML cannot hold (C0 controls, halves of surrogate pairs) becomes a space."""
    kept = (one if (one >= " " or one in "\t\n") and not "\ud800" <= one <= "\udfff" else " " for one in text)
    return "".join(kept)[:_LONGEST]


def _sheet_name(title: str) -> str:
    """At most 31 characters, none of those that a sheet's name may not have."""
    return "".join(" " if one in "[]:*?/\\" else one for one in title)[:31].strip("' ") or "1"

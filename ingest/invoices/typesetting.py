"""An XML invoice typeset in the form in which people know it, as PDF/A-3b with the XML embedded.

It says on itself that it was made from the data and is not the tax bureau's own form: no seal is imitated.
The words of the invoice go in as data and cannot do anything; what the font lacks becomes □.
"""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import typst

from core import fonts
from ingest.conversion import Converted
from ingest.errors import FileBroken, FileTooLarge, TypeNotAccepted
from ingest.invoices import sheets, xml, xml_tree
from ingest.media import NAMES
from signing.glyphs import SERIF, drawable

STANDARD: Final = "3b"
MOST_LINES: Final = 5_000
"""Lines that are typeset: about 250 pages. A longer list stays data, and the form says so."""
_EPOCH: Final = date(1970, 1, 1)
_FORMS: Final = Path(__file__).with_name("forms")
_LONG_RUN: Final = re.compile(r"[!-~]{16,}")
_EMBEDDED: Final = "invoice.xml"


def convert(source: Path, folder: Path) -> Converted:
    """Typeset an XML invoice, or another voucher in XBRL. Raises FileRefused.

    Without a date in it the document bears the first day of computers, so that the same data give the
    same bytes.
    """
    if source.stat().st_size > xml_tree.MOST_BYTES:
        raise FileTooLarge(limit=xml_tree.MOST_BYTES // 1024**2)
    data = source.read_bytes()
    root = xml_tree.parse(data)
    readings = xml.read_all(root, "XML")
    reading = readings[0] if readings else None
    if reading is not None:
        form, sheet = sheets.of_invoice(reading, root, MOST_LINES)
    elif root.key == "xbrl":
        form, sheet = sheets.of_voucher(root)
    else:
        raise TypeNotAccepted(found="xml", accepted=", ".join(NAMES.values()))
    issued = (reading.get("issue_date") if reading else None) or _EPOCH
    at = datetime(issued.year, issued.month, issued.day, tzinfo=UTC)
    target = folder / "typeset.pdf"
    target.write_bytes(typeset(form, sheet, data, at, folder))
    return Converted(pdf=target, readings=readings, standard=STANDARD)


def typeset(form: str, sheet: dict[str, Any], data: bytes, at: datetime, folder: Path) -> bytes:
    """The PDF of a form (a name in ``forms``) with its words and with the data that it was made from.

    Typst reads files below its root only: they are laid into a folder of their own and taken away again.
    Raises FileBroken when it cannot be typeset.
    """
    root = folder / "typesetting"
    root.mkdir()
    try:
        for name in (f"{form}.typ", "paper.typ"):
            shutil.copyfile(_FORMS / name, root / name)
        (root / _EMBEDDED).write_bytes(data)
        known = {"source": _EMBEDDED, "media": "application/xml", "description": "Source data"}
        words = json.dumps(_drawable(sheet) | known, ensure_ascii=False)
        (root / "data.json").write_text(words, "utf-8")
        made: bytes = typst.compile(
            str(root / f"{form}.typ"),
            root=str(root),
            font_paths=[str(fonts.folder())],
            ignore_system_fonts=True,
            pdf_standards=["a-3b"],
            pdf_tags=False,
            timestamp=at,
        )
    except RuntimeError as error:
        raise FileBroken(reason="typesetting") from error
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return made + b"\n"  # typst ends its file without a line end, which a later revision would need


def _drawable(value: Any) -> Any:
    """Text that the font can draw, with places to break in long runs of letters."""
    if isinstance(value, str):
        spaced = re.sub(r"\s", " ", value)
        return _LONG_RUN.sub(lambda run: _breakable(run[0]), drawable(spaced, SERIF))
    if isinstance(value, list):
        return [_drawable(item) for item in value]
    if isinstance(value, dict):
        return {key: _drawable(item) for key, item in value.items()}
    return value


def _breakable(run: str) -> str:
    """A run of letters with zero-width spaces, unless it is a number or a tax id, which stay whole."""
    if re.fullmatch(r"[0-9A-Z.\-]{1,24}", run):
        return run
    return "\u200b".join(run[at : at + 8] for at in range(0, len(run), 8))

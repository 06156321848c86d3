"""The register as a workbook: Office Open XML (ECMA-376), one sheet, text cells, nothing that computes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Final
from xml.sax.saxutils import escape

from api import register_csv
from api.principals import Caller
from core.i18n import translator
from core.runtime import Runtime
from signing.register import RegisterFilter
from storage.objects import CHUNK

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def export(runtime: Runtime, caller: Caller, wanted: RegisterFilter) -> Iterator[bytes]:
    """The same lines and columns as the CSV; the export is an audit entry.

    The workbook is written to a temporary file first, because a ZIP is not whole before its end.
    """
    rows = register_csv.lines(runtime, caller, wanted)
    title = translator(caller.language).text("register-title")
    with TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
            for name, part in _PARTS.items():
                book.writestr(name, _XML + part)
            book.writestr(
                "xl/workbook.xml",
                f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
                f'<sheet name="{escape(title[:31])}" sheetId="1" r:id="r1"/></sheets></workbook>',
            )
            with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
                sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                for row in rows:
                    sheet.write(_row(row).encode())
                sheet.write(b"</sheetData></worksheet>")
        file.seek(0)
        yield from iter(lambda: file.read(CHUNK), b"")


def _row(cells: list[str]) -> str:
    return "<row>" + "".join(_cell(value) for value in cells) + "</row>"


def _cell(value: str) -> str:
    """A cell of inline text; what XML cannot hold (C0 controls) becomes a space."""
    text = "".join(one if one >= " " or one in "\t\n" else " " for one in value)
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'

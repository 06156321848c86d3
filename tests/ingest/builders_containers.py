# ruff: noqa: E501
"""ZIPs, mails and Office files, made by hand where it matters what every byte says."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from email.message import EmailMessage

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument"
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def raw_zip(name: bytes, data: bytes, flags: int = 0, extra: bytes = b"", size: int | None = None) -> bytes:
    """A ZIP of one stored member with exactly this name and these flags; ``size`` is what it claims."""
    crc, size = zlib.crc32(data), len(data) if size is None else size
    fields = struct.pack("<5H3L2H", 20, flags, 0, 0, 0x21, crc, len(data), size, len(name), len(extra))
    local = b"PK\x03\x04" + fields + name + extra + data
    central = (
        b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<3H2L", 0, 0, 0, 0, 0) + name + extra
    )
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def office(kind: str, parts: Mapping[str, str], main: str, overrides: str = "") -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    types = (
        f'{head}<Types xmlns="{_TYPES}"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{kind}"/>{overrides}</Types>'
    )
    relations = (
        f'{head}<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        f'Target="{main}"/></Relationships>'
    )
    return zipped(
        {
            "[Content_Types].xml": types.encode(),
            "_rels/.rels": relations.encode(),
            **{name: (head + text).encode() for name, text in parts.items()},
        }
    )


def docx(
    text: str = "采购合同", kind: str = f"{_MAIN}.wordprocessingml.document.main+xml", body: str = ""
) -> bytes:
    words = f'<w:document xmlns:w="{_W}"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p>{body}</w:body></w:document>'
    return office(kind, {"word/document.xml": words}, "word/document.xml")


def xlsx(value: str = "1234.5") -> bytes:
    book = (
        f'<workbook xmlns="{_S}" xmlns:r="{_OFFICE}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets>'
        "</workbook>"
    )
    relations = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    )
    sheet = f'<worksheet xmlns="{_S}"><sheetData><row r="1"><c r="A1"><v>{value}</v></c></row></sheetData></worksheet>'
    parts = {
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": relations,
        "xl/worksheets/sheet1.xml": sheet,
    }
    kind = f"{_MAIN}.spreadsheetml.worksheet+xml"
    return office(
        f"{_MAIN}.spreadsheetml.sheet.main+xml", parts, "xl/workbook.xml",
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}"/>',
    )  # fmt: skip


def pptx(text: str = "Slide of the year") -> bytes:
    a, p = (
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/presentationml/2006/main",
    )
    show = (
        f'<p:presentation xmlns:p="{p}" xmlns:r="{_OFFICE}"><p:sldIdLst><p:sldId id="256" r:id="rId1"/></p:sldIdLst>'
        '<p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    )
    relations = (
        f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="rId1" Type="{_OFFICE}/slide" '
        'Target="slides/slide1.xml"/></Relationships>'
    )
    slide = (
        f'<p:sld xmlns:p="{p}" xmlns:a="{a}" xmlns:r="{_OFFICE}"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id="1" '
        'name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/><p:sp><p:nvSpPr><p:cNvPr id="2" name="T"/>'
        '<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="900000" y="900000"/>'
        '<a:ext cx="6000000" cy="900000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f"<p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    )
    parts = {
        "ppt/presentation.xml": show,
        "ppt/_rels/presentation.xml.rels": relations,
        "ppt/slides/slide1.xml": slide,
    }
    kind = f"{_MAIN}.presentationml.slide+xml"
    return office(
        f"{_MAIN}.presentationml.presentation.main+xml", parts, "ppt/presentation.xml",
        f'<Override PartName="/ppt/slides/slide1.xml" ContentType="{kind}"/>',
    )  # fmt: skip


def mail(
    subject: str = "三月的发票", text: str = "您好：\n发票见附件。", html: str | None = None
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "王芳 <wang@example.cn>"
    message["To"] = "finance@example.cn"
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0800"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message

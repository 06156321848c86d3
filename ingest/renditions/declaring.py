"""A PDF declared as PDF/A-2b or 3b (ISO 19005-2 and -3): output intent, XMP metadata, attached sources."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name

from ingest.conversion import Member
from ingest.renditions import colours

_RELATIONS: Final = "Source"
_XMP: Final = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>
{properties}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def declare(
    document: pikepdf.Pdf, standard: str, attachments: Sequence[Member], like: Path | None = None
) -> None:
    """Output intent, document information in XMP and in its old place, attachments, the claim itself.

    ``like`` is a file whose document information is taken over.
    """
    info = _information(document)
    if like is not None:
        try:
            with pikepdf.open(like, suppress_warnings=True) as source:
                info = _information(source)
        except (pikepdf.PdfError, UnicodeError, ValueError, TypeError, RuntimeError):
            info = {}
    intent = document.make_stream(colours.srgb())
    intent.N = 3
    document.Root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name("/GTS_PDFA1"),
                OutputConditionIdentifier="sRGB",
                Info="sRGB IEC61966-2.1",
                DestOutputProfile=intent,
            )
        ]
    )
    _attach(document, attachments)
    if "/Info" in document.trailer:
        del document.trailer["/Info"]
    for key, value in info.items():
        document.docinfo[key] = value
    metadata = document.make_stream(_xmp(standard, info))
    metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
    document.Root.Metadata = metadata


def _attach(document: pikepdf.Pdf, attachments: Sequence[Member]) -> None:
    files: list[Any] = []
    for member in attachments:
        is_xml = member.name.lower().endswith((".xml", ".xbrl"))
        name = re.sub(r"[\\/]", "_", member.name)
        data = member.path.read_bytes()
        spec = pikepdf.AttachedFileSpec(
            document, data, filename=name, mime_type="text/xml" if is_xml else "application/octet-stream",
            relationship=Name("/" + _RELATIONS), description="Source data",
            mod_date="D:20000101000000Z",
        )  # fmt: skip
        document.attachments[f"{len(files):04d}-{name}"] = spec
        files.append(document.attachments[f"{len(files):04d}-{name}"].obj)
    if files:
        document.Root.AF = Array(files)


def _information(document: pikepdf.Pdf) -> dict[str, str]:
    """Title, author and so on as text that XML can carry; dates only when they are dates."""
    info = document.trailer.get("/Info")
    kept: dict[str, str] = {}
    if not isinstance(info, Dictionary):
        return kept
    for key in ("/Title", "/Author", "/Subject", "/Keywords", "/Creator", "/Producer"):
        if key in info:
            said = str(info[key])
            text = "".join(letter for letter in said if letter.isprintable())  # no lone surrogates
            if text.strip():
                kept[key] = text.strip()[:1000]
    for key in ("/CreationDate", "/ModDate"):
        at = _date(str(info.get(key, "")))
        if at is not None:
            kept[key] = at.strftime("D:%Y%m%d%H%M%SZ")
    return kept


def _date(written: str) -> datetime | None:
    try:
        at = pikepdf.models.metadata.decode_pdf_date(written)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at if 1900 <= at.year < 2200 else None


def _xmp(standard: str, info: dict[str, str]) -> bytes:
    words = {key: escape(value) for key, value in info.items()}
    properties = []
    if "/Title" in words:
        properties.append(_alternative("dc:title", words["/Title"]))
    if "/Subject" in words:
        properties.append(_alternative("dc:description", words["/Subject"]))
    if "/Author" in words:
        author = words["/Author"]
        properties.append(f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>")
    simple = {"/Keywords": "pdf:Keywords", "/Producer": "pdf:Producer", "/Creator": "xmp:CreatorTool"}
    properties += [f"<{name}>{words[key]}</{name}>" for key, name in simple.items() if key in words]
    for key, name in (("/CreationDate", "xmp:CreateDate"), ("/ModDate", "xmp:ModifyDate")):
        if key in words:
            at = datetime.strptime(words[key], "D:%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
            properties.append(f"<{name}>{at:%Y-%m-%dT%H:%M:%SZ}</{name}>")
    return _XMP.format(part=standard[0], properties="\n".join(properties)).encode()


def _alternative(name: str, value: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{value}</rdf:li></rdf:Alt></{name}>'

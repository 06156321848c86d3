"""The full type of a ZIP container or an XML file, by what lies inside. Runs in the worker process only."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Final

from lxml import etree

from ingest.errors import FileBroken, TypeNotAccepted
from ingest.invoices import xml, xml_tree
from ingest.media import NAMES, MediaType
from ingest.zipping import UNREADABLE, opened

MOST_MEMBERS: Final = 20_000
_MOST_TYPES: Final = 2 * 1024**2
"""Bytes of ``[Content_Types].xml`` that are read."""
_OPEN_XML: Final = re.compile(
    r"application/vnd\.openxmlformats-officedocument\."
    r"(?P<kind>wordprocessingml|spreadsheetml|presentationml)\."
    r"(document|sheet|presentation|template|slideshow)\.main\+xml",
    re.IGNORECASE,
)
_KINDS: Final = {
    "wordprocessingml": MediaType.DOCX,
    "spreadsheetml": MediaType.XLSX,
    "presentationml": MediaType.PPTX,
}
_INVOICE_ROOTS: Final = re.compile(
    r"\{http://www\.xbrl\.org/2003/instance\}xbrl"
    r"|\{[^}]*/e-invoice/\d{4}[^}]*\}.+"
    r"|\{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:\d+\}CrossIndustryInvoice"
    r"|\{urn:ferd:CrossIndustryDocument:[^}]*\}CrossIndustryDocument"
    r"|\{urn:oasis:names:specification:ubl:schema:xsd:(Invoice|CreditNote)-2\}(Invoice|CreditNote)"
    r"|(\{[^}]*\})?EInvoice"
    r"|(\{[^}]*\})?eInvoice"
)
"""数电票, the older VAT e-invoice, XBRL (railway, air), Factur-X/ZUGFeRD/CII, UBL.

Platforms wrap invoices in roots of their own: a file with another root is one when it can be read as one.
"""


def identify(source: Path, family: MediaType) -> MediaType:
    """The type of a file whose first bytes showed ``family``. Raises TypeNotAccepted, FileBroken."""
    if family is MediaType.ZIP:
        return _container(source)
    if family is MediaType.XML:
        return _data(source)
    return family


def _container(source: Path) -> MediaType:
    with opened(source, MOST_MEMBERS) as archive:
        names = {member.filename.lower(): member for member in reversed(archive.infolist())}
        if "ofd.xml" in names:
            return MediaType.OFD
        if "[content_types].xml" in names:
            return _open_xml(archive, names)
        if "mimetype" in names and "meta-inf/manifest.xml" in names:
            raise _not_accepted("opendocument")
        if "meta-inf/manifest.mf" in names or "androidmanifest.xml" in names:
            raise _not_accepted("program")
        return MediaType.ZIP


def _open_xml(archive: zipfile.ZipFile, names: dict[str, zipfile.ZipInfo]) -> MediaType:
    """The kind of an Office Open XML package (ECMA-376 part 2), by the content type of its main part."""
    try:
        with archive.open(names["[content_types].xml"]) as file:
            data = file.read(_MOST_TYPES)
    except UNREADABLE as error:
        raise FileBroken(reason=str(error)[:200]) from error
    types = [
        str(element.get("ContentType", "")) for element in _safely(data).iter("{*}Override", "{*}Default")
    ]
    has_macros = any("macroenabled" in one.lower() or "vbaproject" in one.lower() for one in types)
    if has_macros or any(name.endswith("vbaproject.bin") for name in names):
        raise _not_accepted("macros")
    for one in types:
        found = _OPEN_XML.fullmatch(one.strip())
        if found:
            return _KINDS[found["kind"].lower()]
    raise _not_accepted("zip")


def _data(source: Path) -> MediaType:
    """XML is taken when its root element is that of an invoice, or when its words make one."""
    with source.open("rb") as file:
        head = file.read(1024**2)
    try:
        root = _root(head)
    except FileBroken:
        root = _forgiven(source)
    if _INVOICE_ROOTS.fullmatch(root) or _is_invoice(source):
        return MediaType.XML
    raise _not_accepted("xml")


def _forgiven(source: Path) -> str:
    """The root's name as the invoices' own reader sees it: in an encoding that nothing declares, with faults
    that are harmless. Raises FileBroken, FileTooLarge."""
    if source.stat().st_size > xml_tree.MOST_BYTES:
        raise FileBroken(reason="XML")
    root = xml_tree.parse(source.read_bytes())
    return f"{{{root.namespace}}}{root.name}" if root.namespace else root.name


def _is_invoice(source: Path) -> bool:
    """Whether a file with any root says the number and an amount of an invoice."""
    if source.stat().st_size > xml_tree.MOST_BYTES:
        return False
    reading = xml.read(source.read_bytes(), "")
    return reading is not None and "number" in reading.fields and bool({"net", "total"} & set(reading.fields))


def _root(head: bytes) -> str:
    """The root element's name as ``{namespace}name``, from the beginning of a file.

    Entities are refused: they make a small file large, or read other files.
    """
    if re.search(rb"<!ENTITY", head.replace(b"\0", b""), re.IGNORECASE):
        raise FileBroken(reason="XML with entities")
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for at in range(0, len(head), 4096):
            parser.feed(head[at : at + 4096])
            for _, element in parser.read_events():
                if isinstance(element, etree._Element):
                    return str(element.tag)
    except etree.XMLSyntaxError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    raise FileBroken(reason="XML without a root element")


def _safely(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.parse(io.BytesIO(data), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise FileBroken(reason=str(error)[:200]) from error


def _not_accepted(found: str) -> TypeNotAccepted:
    return TypeNotAccepted(found=found, accepted=", ".join(NAMES.values()))

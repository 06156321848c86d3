"""Data inside a PDF: XBRL of Chinese tickets, 数电票 XML, Factur-X, an OFD beside the page, information.

They stand in the name tree of embedded files, in file annotations, and in arrays of associated files (AF);
each is read once, within limits, and recognised by its content, never by its name. The tax bureau writes the
words of its XML into the document information too.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pikepdf

from ingest.conversion import Member
from ingest.invoices import einvoice_xml, xml, xml_tree
from ingest.invoices.facts import Reading
from ingest.invoices.xml_tree import Node

MOST_FILES: Final = 50
MOST_BYTES: Final = 20 * 1024**2
"""Of one file, unpacked; a larger one is left where it is."""
MOST_TOGETHER: Final = 60 * 1024**2
_MOST_INFORMATION: Final = 100
_MOST_VALUE: Final = 1_000
_MOST_NODES: Final = 2_000
_MOST_ANNOTATIONS: Final = 5_000
_MOST_OBJECTS: Final = 20_000


def look(source: Path, folder: Path) -> tuple[list[Reading], list[Member]]:
    """What invoices' data in the PDF say, and the data files themselves, written to ``folder``.

    Only XML and OFD are taken out. What cannot be opened or unpacked has nothing in it.
    """
    readings: list[Reading] = []
    members: list[Member] = []
    with contextlib.ExitStack() as stack:
        try:
            document = stack.enter_context(pikepdf.open(source, suppress_warnings=True))
        except (pikepdf.PdfError, OSError, ValueError):
            return [], []
        left = MOST_TOGETHER
        seen: set[bytes] = set()
        for name, stream in _files(document):
            data = _unpacked(stream, min(MOST_BYTES, left))
            if data is None or data in seen or len(seen) >= MOST_FILES:
                continue
            seen.add(data)
            left -= len(data)
            ending = _ending(data)
            if ending is None:
                continue
            path = folder / f"attached-{len(members) + 1}{ending}"
            path.write_bytes(data)
            members.append(Member(name, path))
            reading = xml.read(data, name) if ending == ".xml" else None
            if reading is not None:
                readings.append(reading)
        said = _information(document)
        if said is not None:
            readings.append(said)
    return readings, members


def _information(document: pikepdf.Pdf) -> Reading | None:
    """What the document information (ISO 32000-1, 14.3.3) says in the words of a 数电票's XML."""
    nodes: list[Node] = []
    with contextlib.suppress(pikepdf.PdfError, ValueError, TypeError, AttributeError, UnicodeError):
        for name, value in list(document.docinfo.items())[:_MOST_INFORMATION]:
            if isinstance(value, pikepdf.String | str):
                nodes.append(Node(xml_tree.key(str(name)), str(name), "", {}, str(value)[:_MOST_VALUE]))
    root = Node("information", "information", "", {}, "", nodes)
    if not einvoice_xml.is_one(root) or not root.said("invoicenumber"):
        return None
    return einvoice_xml.read(root, "PDF")


def _ending(data: bytes) -> str | None:
    """``.xml`` or ``.ofd`` by content; None for what is not taken."""
    if data.startswith(b"PK\x03\x04") and b"OFD.xml" in data:
        return ".ofd"
    head = data[:400].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    is_markup = re.match(rb"<(\?xml|!--|[A-Za-z_])", head) and not head[:9].lower().startswith(
        (b"<html", b"<!doctype")
    )
    return ".xml" if is_markup else None


def _unpacked(stream: Any, most: int) -> bytes | None:
    """The bytes of a stream; None when it is too large, empty or broken."""
    try:
        if int(stream.get("/Length", 0)) > most:
            return None
        raw = stream.read_raw_bytes()
        if len(raw) > most:
            return None
        filters = stream.get("/Filter")
        if isinstance(filters, pikepdf.Array):
            names = [str(one) for one in filters]
        else:
            names = [str(filters)] if filters is not None else []
        if names == ["/FlateDecode"] and "/DecodeParms" not in stream:
            return _inflated(bytes(raw), most)
        if names and len(raw) > most // 100:  # other filters unpack all at once
            return None
        data = bytes(stream.read_bytes())
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError, NotImplementedError, MemoryError):
        return None
    return data if 0 < len(data) <= most else None


def _inflated(raw: bytes, most: int) -> bytes | None:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(raw, most + 1)
    except zlib.error:
        return None
    return data if 0 < len(data) <= most else None


def _files(document: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    """Name for people and stream of every embedded file, wherever it hangs; loose ones where none hangs."""
    found = False
    for specification in _specifications(document):
        with contextlib.suppress(
            pikepdf.PdfError, ValueError, TypeError, KeyError, UnicodeDecodeError, AttributeError
        ):
            embedded = specification.get("/EF")
            if not isinstance(embedded, pikepdf.Dictionary):
                continue
            keys = (key for key in ("/UF", "/F", "/Unix", "/DOS", "/Mac") if key in embedded)
            stream = next((embedded[key] for key in keys), None)
            if isinstance(stream, pikepdf.Stream):
                found = True
                yield _name(specification), stream
    if found:
        return
    for number, item in enumerate(document.objects):
        if number >= _MOST_OBJECTS:
            return
        if isinstance(item, pikepdf.Stream) and str(item.get("/Type", "")) == "/EmbeddedFile":
            yield "data.xml", item


def _name(specification: Any) -> str:
    """What the file calls itself, fit to be shown; never a path."""
    for key in ("/UF", "/F"):
        try:
            said = str(specification.get(key, ""))
        except (UnicodeDecodeError, ValueError, TypeError):
            continue
        base = re.split(r"[\\/]", said)[-1]
        plain = "".join(letter for letter in base if unicodedata.category(letter)[0] != "C").strip()
        if plain:
            return plain[:200]
    return "data.xml"


def _specifications(document: pikepdf.Pdf) -> Iterator[Any]:
    root = document.Root
    names = root.get("/Names")
    if isinstance(names, pikepdf.Dictionary):
        yield from _name_tree(names.get("/EmbeddedFiles"))
    yield from _associated(root)
    left = _MOST_ANNOTATIONS
    for page in document.pages:
        yield from _associated(page.obj)
        annotations = page.obj.get("/Annots")
        if not isinstance(annotations, pikepdf.Array):
            continue
        for annotation in annotations:
            left -= 1
            if left < 0:
                return
            if (
                isinstance(annotation, pikepdf.Dictionary)
                and str(annotation.get("/Subtype", "")) == "/FileAttachment"
            ):
                specification = annotation.get("/FS")
                if isinstance(specification, pikepdf.Dictionary):
                    yield specification


def _associated(holder: Any) -> Iterator[Any]:
    files = holder.get("/AF")
    if isinstance(files, pikepdf.Dictionary):
        files = [files]
    if isinstance(files, list | pikepdf.Array):
        for number, specification in enumerate(files):
            if number >= MOST_FILES:
                return
            if isinstance(specification, pikepdf.Dictionary):
                yield specification


def _name_tree(top: Any) -> Iterator[Any]:
    """The leaves of a name tree; nodes that point at themselves end it."""
    waiting = [top]
    count = 0
    while waiting and count < _MOST_NODES:
        node = waiting.pop(0)
        count += 1
        if not isinstance(node, pikepdf.Dictionary):
            continue
        listed, kids = node.get("/Names"), node.get("/Kids")
        if isinstance(listed, pikepdf.Array):
            for number in range(1, min(len(listed), 2 * MOST_FILES), 2):
                if isinstance(listed[number], pikepdf.Dictionary):
                    yield listed[number]
        if isinstance(kids, pikepdf.Array):
            waiting.extend(kids[number] for number in range(min(len(kids), MOST_FILES)))

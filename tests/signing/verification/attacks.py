"""Makers of attack files: what an attacker can write behind, into, or around a signed PDF."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterable, Mapping

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Writer = IncrementalPdfFileWriter
Change = Callable[[Writer], None]


class Quiet(IncrementalPdfFileWriter):
    """An incremental update that changes what it is told and nothing else."""

    def _update_meta(self) -> None:
        return


def revised(pdf: bytes, change: Change) -> bytes:
    """The file with one more revision, written as pyHanko writes them."""
    writer = Quiet(io.BytesIO(pdf), strict=False)
    change(writer)
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def stream(writer: Writer, data: bytes, **facts: generic.PdfObject) -> generic.IndirectObject:
    entries = {pdf_name(f"/{key}"): value for key, value in facts.items()}
    return writer.add_object(generic.StreamObject(entries, stream_data=data))


def dictionary(**facts: generic.PdfObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in facts.items()})


def numbers(*values: float) -> generic.ArrayObject:
    return generic.ArrayObject([generic.NumberObject(one) for one in values])


def first_page(writer: Writer) -> generic.DictionaryObject:
    page: generic.DictionaryObject = writer.root["/Pages"]
    while "/Kids" in page:
        page = page["/Kids"][0]
    return page


def annotate(writer: Writer, note: generic.DictionaryObject) -> None:
    page = first_page(writer)
    if "/Annots" in page:
        listed = generic.ArrayObject([*list.__iter__(page["/Annots"]), writer.add_object(note)])
    else:
        listed = generic.ArrayObject([writer.add_object(note)])
    page[pdf_name("/Annots")] = listed
    writer.update_container(page)


def xref(pdf: bytes) -> tuple[int, int, int]:
    """Where the newest section is, the size that it says, and the number of the catalog."""
    start = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    size = max(int(one) for one in re.findall(rb"/Size (\d+)", pdf))
    root = int(re.findall(rb"/Root (\d+) 0 R", pdf)[-1])
    return start, size, root


def appended(
    pdf: bytes,
    objects: Mapping[int, bytes],
    *,
    root: int | None = None,
    previous: int | None = None,
    listed: Iterable[tuple[int, int]] | None = None,
    junk: bytes = b"",
    generation: int = 0,
    entries: bytes = b"",
) -> bytes:
    """The file with a revision written by hand: bodies by number, and a table that lists them."""
    start, size, catalog = xref(pdf)
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    out += junk
    places: list[tuple[int, int]] = []
    for number, body in objects.items():
        places.append((number, len(out)))
        out += b"%d %d obj\n" % (number, generation) + body + b"\nendobj\n"
    at = len(out)
    out += b"xref\n"
    for number, place in places if listed is None else listed:
        out += b"%d 1\n%010d %05d n \n" % (number, place, generation)
    out += b"trailer\n<</Size %d /Root %d 0 R /Prev %d %s>>\n" % (
        max([size, *(one + 1 for one in objects)]),
        catalog if root is None else root,
        start if previous is None else previous,
        entries,
    )
    out += b"startxref\n%d\n%%%%EOF\n" % at
    return bytes(out)


def body_of(pdf: bytes, number: int) -> bytes:
    """The newest body of a plain object."""
    found = re.findall(rb"(?:^|[\r\n])%d 0 obj\s*(.*?)\s*endobj" % number, pdf, re.DOTALL)
    return bytes(found[-1])


def packed(pdf: bytes, objects: Mapping[int, bytes]) -> bytes:
    """The file with a revision whose objects are in an object stream, listed by a stream of references."""
    start, size, root = xref(pdf)
    out = bytearray(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    head, inside = b"", b""
    for number, body in objects.items():
        head += b"%d %d " % (number, len(inside))
        inside += body + b"\n"
    data = zlib.compress(head + inside)
    holder, at = size, len(out)
    out += b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n" % (
        holder, len(objects), len(head), len(data),
    )  # fmt: skip
    out += data + b"\nendstream\nendobj\n"
    own, place = size + 1, len(out)
    rows = {
        holder: b"\x01" + at.to_bytes(4, "big") + b"\0\0",
        own: b"\x01" + place.to_bytes(4, "big") + b"\0\0",
    }
    for index, number in enumerate(objects):
        rows[number] = b"\x02" + holder.to_bytes(4, "big") + index.to_bytes(2, "big")
    index_words = b" ".join(b"%d 1" % number for number in sorted(rows))
    table = zlib.compress(b"".join(rows[number] for number in sorted(rows)))
    facts = (own, size + 2, index_words, root, start, len(table))
    out += (
        b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Index[%s]/Root %d 0 R/Prev %d"
        b"/Filter/FlateDecode/Length %d>>\nstream\n" % facts
    )
    out += table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % place
    return bytes(out)

"""One revision of a PDF, as the bytes that are appended to it (ISO 32000-1, 7.5.6).

pyHanko keeps the objects: what is new, what was changed, which number it has. They are written here,
because nothing but the appended bytes has to be made: the file before them is never copied, it is
hashed where it lies, in memory or on disk. So a signature on a hundred megabytes costs one reading of
them.
"""

from __future__ import annotations

import binascii
import codecs
import io
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.font.api import FontSubsetCollection
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfWriteError

from signing.pdf_reader import Reader

_RANGE_ROOM: Final = 46
"""Three numbers of up to twelve digits, the zero before them, brackets and spaces."""


class SignatureValue(generic.DictionaryObject):
    """A signature dictionary whose byte range and value are filled in when the revision is written.

    ``room`` is the most bytes that the value takes (DER).
    """

    def __init__(self, entries: dict[str, generic.PdfObject], room: int) -> None:
        super().__init__({pdf_name(name): value for name, value in entries.items()})  # type: ignore[no-untyped-call]
        self.room = room


class Revision(IncrementalPdfFileWriter):
    """The objects of one revision. Document information and XMP stay as they are: rewriting them
    would break PDF/A and would be a change that no signature needs."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.stream, prev=reader)
        self.original = reader.source

    def write(self, stream: Any) -> None:
        """Not how a revision is had: ``appended`` and ``signed`` give its bytes."""
        raise NotImplementedError

    def appended(self) -> bytes:
        """What has to stand behind the file."""
        return bytes(self._tail(None)[0])

    def signed(self, value: SignatureValue, algorithm: str, sign: Callable[[bytes], bytes]) -> bytes:
        """The same, with a signature. ``sign`` gives the DER over a digest of all but the value itself.

        Raises PdfWriteError when it does not fit in ``value.room``.
        """
        tail, start = self._tail(value)
        end = start + 2 * value.room + 2
        base = self.original.size
        numbers = b"[0 %d %d %d]" % (base + start, base + end, len(tail) - end)
        place = start - len(b" /Contents ") - _RANGE_ROOM
        tail[place : place + len(numbers)] = numbers
        hashed = self.original.hasher(algorithm)
        view = memoryview(tail)
        hashed.update(view[:start])
        hashed.update(view[end:])
        view.release()
        signature = sign(hashed.digest())
        if len(signature) > value.room:
            raise PdfWriteError(f"the signature takes {len(signature)} bytes, {value.room} were left for it")
        tail[start + 1 : start + 1 + 2 * len(signature)] = binascii.hexlify(signature)
        return bytes(tail)

    def _tail(self, value: SignatureValue | None) -> tuple[bytearray, int]:
        """The appended bytes, and where in them the value of the signature begins (0 without one)."""
        if self.object_streams or any(_has_fonts(one) for one in self._font_resources.values()):
            raise PdfWriteError("a revision has neither object streams nor fonts")
        base = self.original.size
        tail = bytearray(b"" if self.original.ends_its_line else b"\n")
        places: dict[tuple[int, int], int] = {}
        start = 0
        for generation, number in sorted(self.objects):
            made = self.objects[generation, number]
            places[number, generation] = base + len(tail)
            tail += b"%d %d obj\n" % (number, generation)
            if made is value:
                tail += encoded(generic.DictionaryObject(made))[:-2]
                tail += b"/ByteRange " + b" " * _RANGE_ROOM + b" /Contents "
                start = len(tail)
                tail += b"<" + b"0" * (2 * made.room) + b">>>"
            else:
                tail += encoded(made)
            tail += b"\nendobj\n"
        self._write_references(tail, places)
        return tail, start

    def _write_references(self, tail: bytearray, places: dict[tuple[int, int], int]) -> None:
        base = self.original.size
        begin = base + len(tail)
        trailer = generic.DictionaryObject(
            {pdf_name("/Prev"): generic.NumberObject(self.prev.last_startxref)}
        )
        for name, entry in (("/Root", self._root), ("/Info", self._info), ("/ID", self._document_id)):
            if entry is not None:
                trailer[pdf_name(name)] = entry
        number = self._lastobj_id + 1
        if self.stream_xrefs:  # the two kinds may not be mixed (7.5.8.4)
            places = {**places, (number, 0): begin}
            runs = _runs(places)
            rows = b"".join(
                b"\x01" + places[one].to_bytes(8, "big") + one[1].to_bytes(2, "big")
                for run in runs
                for one in run
            )
            packed = zlib.compress(rows)
            trailer[pdf_name("/Size")] = generic.NumberObject(number + 1)
            index = b" ".join(b"%d %d" % (run[0][0], len(run)) for run in runs)
            tail += b"%d 0 obj\n" % number
            tail += encoded(trailer)[:-2]
            tail += b"/Type /XRef /W [1 8 2] /Index [%b] /Filter /FlateDecode /Length %d>>" % (
                index,
                len(packed),
            )
            tail += b"\nstream\n" + packed + b"\nendstream\nendobj\n"
        else:
            trailer[pdf_name("/Size")] = generic.NumberObject(number)
            tail += b"xref\n0 1\n0000000000 65535 f \n"
            for run in _runs(places):
                tail += b"%d %d\n" % (run[0][0], len(run))
                for one in run:
                    tail += b"%010d %05d n \n" % (places[one], one[1])
            tail += b"trailer\n" + encoded(trailer) + b"\n"
        tail += b"startxref\n%d\n%%%%EOF\n" % begin


def _has_fonts(collection: FontSubsetCollection) -> bool:
    return bool(collection.subsets)


def _runs(places: dict[tuple[int, int], int]) -> list[list[tuple[int, int]]]:
    """Object numbers with their generations, in runs without gaps."""
    runs: list[list[tuple[int, int]]] = []
    for one in sorted(places):
        if runs and runs[-1][-1][0] + 1 == one[0]:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def encoded(value: generic.PdfObject) -> bytes:
    """A PDF object as it stands in a file."""
    kind = type(value)
    if kind is generic.NameObject:
        return _name(value)
    if kind is generic.IndirectObject:
        return b"%d %d R" % (value.idnum, value.generation)  # type: ignore[attr-defined]
    if kind is generic.NumberObject:
        return repr(value).encode()
    if isinstance(value, generic.StreamObject):
        return _stream(value)
    if isinstance(value, generic.DictionaryObject):
        pairs = b" ".join(b"%b %b" % (_name(name), encoded(one)) for name, one in value.items())
        return b"<<%b>>" % pairs
    if kind is generic.ArrayObject:
        return b"[%b]" % b" ".join(encoded(one) for one in value)  # type: ignore[attr-defined]
    if kind is generic.TextStringObject:
        return _text(value)  # type: ignore[arg-type]
    written = io.BytesIO()
    value.write_to_stream(written)
    return written.getvalue()


@lru_cache(1024)
def _name(name: generic.NameObject) -> bytes:
    written = io.BytesIO()
    name.write_to_stream(written)
    return written.getvalue()


def _text(text: generic.TextStringObject) -> bytes:
    """A literal string where it is plain ASCII, UTF-16 with its mark otherwise (7.9.2.2)."""
    if text.force_output_encoding is None and text.isascii() and text.isprintable():
        plain = text.encode("ascii")
        for special in (b"\\", b"(", b")"):
            plain = plain.replace(special, b"\\" + special)
        return b"(%b)" % plain
    if text.force_output_encoding is None:
        return b"<%b>" % binascii.hexlify(codecs.BOM_UTF16_BE + text.encode("utf-16be"))
    written = io.BytesIO()
    text.write_to_stream(written)
    return written.getvalue()


def _stream(stream: generic.StreamObject) -> bytes:
    data = stream.encoded_data
    entries = {name: one for name, one in stream.items() if name != "/Length"}
    head = encoded(generic.DictionaryObject(entries))[:-2]
    return b"%b/Length %d>>\nstream\n%b\nendstream" % (head, len(data), data)

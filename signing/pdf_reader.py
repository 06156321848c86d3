"""pyHanko's PDF reader, with a fast path for what nearly every file is made of.

pyHanko reads a byte at a time, and a file that was signed ten times is ten cross-reference tables and
long hexadecimal strings: opening it takes most of a signature's time. Here dictionaries, arrays and
plain values of a file in memory are read with one regular expression, and cross-reference tables of
the standard's own form (ISO 32000-1, 7.5.4) in one piece. Whatever is written in another way (streams,
strings with escapes, comments, tables that are not quite right) is left to pyHanko, whose objects come
out either way: a test compares the two.
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits
from pyhanko.pdf_utils.reader import (
    PdfFileReader,
    _read_header_version,
    process_data_at_eof,
)
from pyhanko.pdf_utils.xref import (
    ObjStreamRef,
    XRefBuilder,
    XRefCache,
    XRefSection,
    XRefSectionData,
    XRefSectionMetaInfo,
    XRefSectionType,
)

_SPACE: Final = rb"[\t\n\f\r ]"  # without NUL, which pyHanko takes for a space in some places only
_END: Final = rb"(?=[\t\n\f\r ()<>\[\]{}/%])"
_TOKEN: Final = re.compile(
    _SPACE + rb"*(?:"
    rb"(?P<name>/[!\"$&'*-.0-;=?-Z\\^-z|~]*)" + _END + rb"|"
    rb"(?P<number>\d{1,10})" + _SPACE + rb"{1,4}(?P<generation>\d{1,5})" + _SPACE + rb"{1,4}R" + _END + rb"|"
    rb"(?P<integer>[+-]?\d{1,18})" + _END + rb"|"
    rb"(?P<real>[+-]?(?:\d{1,18}\.\d{0,18}|\.\d{1,18}))" + _END + rb"|"
    rb"<(?P<hex>(?:[0-9A-Fa-f]{2})*)>|"
    rb"\((?P<text>[^()\\\r]*)\)|"
    rb"\((?P<escaped>(?:[^()\\\r]|\\[0-7]{3}|\\[nrtbf()\\])*)\)|"
    rb"(?P<open><<|\[)|"
    rb"(?P<close>>>|\])|"
    rb"(?P<word>true|false|null)" + _END + rb")"
)
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEADER: Final = re.compile(rb"(\d{1,10}) (\d{1,5}) obj" + _SPACE + rb"*")
_AFTER: Final = re.compile(_SPACE + rb"*(endobj)" + _END)
_SUBSECTION: Final = re.compile(_SPACE + rb"*(\d{1,10}) (\d{1,7}) *\r?\n")
_ENTRIES: Final = re.compile(rb"(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*")
_TRAILER: Final = re.compile(_SPACE + rb"*trailer" + _SPACE + rb"*(?=<<)")
_ENTRY: Final = 20
_DEEPEST: Final = 60


class _NotPlain(Exception):
    """Written in a way that is left to pyHanko."""


class Reader(PdfFileReader):
    """A PDF in memory. Raises what ``PdfFileReader`` raises, and is not strict."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        stream = BytesIO(data)
        self._security_handler = None
        self.strict = False
        self._decode_context = DecodeContext(DecodeLimits(), input_size=len(data))
        self.resolved_objects = {}
        self._input_version = None
        self._historical_resolver_cache = {}
        self.stream = stream
        self._header_version = _read_header_version(stream)
        stream.seek(-1, os.SEEK_END)
        builder = _Builder(self, data, stream, process_data_at_eof(stream))
        self.xrefs = XRefCache(self, builder.read_xrefs())  # type: ignore[no-untyped-call]
        self.last_startxref = builder.last_startxref
        self.trailer = builder.trailer
        self.has_xref_stream = builder.has_xref_stream
        self._embedded_signatures = None

    def _read_object(
        self,
        ref: generic.Reference,
        marker: int | ObjStreamRef | None,
        never_decrypt: bool = False,
        as_metadata_stream: bool = False,
    ) -> Any:
        if isinstance(marker, int) and (never_decrypt or not self.encrypted):
            try:
                return self._read_plain(ref, marker)
            except _NotPlain:
                pass
        return super()._read_object(ref, marker, never_decrypt, as_metadata_stream)

    def _read_plain(self, ref: generic.Reference, start: int) -> generic.PdfObject:
        header = _HEADER.match(self._data, start)
        if header is None or (int(header[1]), int(header[2])) != (ref.idnum, ref.generation):
            raise _NotPlain
        read, end = parse(self._data, header.end(), generic.Reference(ref.idnum, ref.generation, self))
        if _AFTER.match(self._data, end) is None:  # a stream, or damage
            raise _NotPlain
        return read


class _Builder(XRefBuilder):
    """Reads the chain of cross-reference sections."""

    def __init__(self, reader: Reader, data: bytes, stream: BytesIO, last_startxref: int) -> None:
        super().__init__(reader, stream, False, last_startxref)
        self._data = data

    def _read_xref_table(self, declared_startxref: int) -> Any:
        position = self.stream.tell()
        try:
            return self._read_plain_table(position, declared_startxref)
        except _NotPlain:
            self.stream.seek(position)
            return super()._read_xref_table(declared_startxref)

    def _read_plain_table(self, start: int, declared_startxref: int) -> Any:
        section, end = _entries(self._data, start)
        trailer, after = parse(self._data, end, generic.TrailerReference(self.handler))
        if not isinstance(trailer, generic.DictionaryObject) or "/XRefStm" in trailer:
            raise _NotPlain
        size = trailer.get("/Size")
        if not isinstance(size, int):
            raise _NotPlain
        facts = XRefSectionMetaInfo(
            XRefSectionType.STANDARD, int(size), declared_startxref, start, end, stream_ref=None
        )
        previous = trailer.get("/Prev")
        if previous is not None and not isinstance(previous, generic.NumberObject):
            raise _NotPlain
        self.sections.append(XRefSection(facts, section))
        self.trailer.add_trailer_revision(trailer)
        self.stream.seek(after)
        return previous


def _entries(data: bytes, start: int) -> tuple[XRefSectionData, int]:
    """The entries of a table from just behind ``xref``, and where its trailer begins."""
    section, position = XRefSectionData(), start
    while (trailer := _TRAILER.match(data, position)) is None:
        head = _SUBSECTION.match(data, position)
        if head is None:
            raise _NotPlain
        first, count, begin = int(head[1]), int(head[2]), head.end()
        position = begin + count * _ENTRY
        if position > len(data) or (whole := _ENTRIES.match(data, begin, position)) is None:
            raise _NotPlain
        if whole.end() != position:
            raise _NotPlain
        for number in range(first, first + count):
            line = data[begin : begin + _ENTRY]
            begin += _ENTRY
            if number == 0:
                continue
            generation = int(line[11:16])
            if generation > 0xFFFF:
                continue
            if line[17] == 0x6E:  # n
                section.standard_xrefs[number] = (generation, int(line[:10]))
                section.explicit_refs_in_revision.add((number, generation))
            else:
                section.freed[number] = generation
                section.explicit_refs_in_revision.add((number, generation - 1))
    return section, trailer.end()


def parse(data: bytes, start: int, owner: generic.Dereferenceable) -> tuple[generic.PdfObject, int]:
    """One object without streams, and where it ends. Raises _NotPlain."""
    match = _TOKEN.match(data, start)
    if match is None:
        raise _NotPlain
    value = _value(match, data, owner, 0)
    return value


def _value(
    match: re.Match[bytes], data: bytes, owner: generic.Dereferenceable, depth: int
) -> tuple[generic.PdfObject, int]:
    kind, end = match.lastgroup, match.end()
    made: generic.PdfObject
    if kind == "name":
        made = generic.NameObject(match["name"].decode("ascii"))
    elif kind == "generation":
        made = generic.IndirectObject(int(match["number"]), int(match["generation"]), owner.get_pdf_handler())
    elif kind == "integer":
        made = generic.NumberObject(match["integer"])
    elif kind == "real":
        made = generic.FloatObject(match["real"].decode())
    elif kind == "hex":
        made = generic.pdf_string(bytes.fromhex(match["hex"].decode()))
    elif kind == "text":
        made = generic.pdf_string(match["text"])
    elif kind == "escaped":
        made = generic.pdf_string(_ESCAPE.sub(_unescaped, match["escaped"]))
    elif kind == "open" and depth < _DEEPEST:
        made, end = (_dictionary if match["open"] == b"<<" else _array)(data, end, owner, depth + 1)
    elif kind == "word":
        word = match["word"]
        made = generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")
    else:
        raise _NotPlain
    made.container_ref = owner
    return made, end


def _unescaped(match: re.Match[bytes]) -> bytes:
    """What stands behind a backslash (ISO 32000-1, table 3): three octal digits, or one character."""
    said = match[1]
    if len(said) == 3:
        return bytes([int(said, 8) & 0xFF])
    return _ESCAPED.get(said, said)


def _array(
    data: bytes, position: int, owner: generic.Dereferenceable, depth: int
) -> tuple[generic.PdfObject, int]:
    made = generic.ArrayObject()
    while True:
        match = _TOKEN.match(data, position)
        if match is None:
            raise _NotPlain
        if match.lastgroup == "close":
            if match["close"] != b"]":
                raise _NotPlain
            return made, match.end()
        value, position = _value(match, data, owner, depth)
        list.append(made, value)


def _dictionary(
    data: bytes, position: int, owner: generic.Dereferenceable, depth: int
) -> tuple[generic.PdfObject, int]:
    entries: dict[Any, generic.PdfObject] = {}
    while True:
        match = _TOKEN.match(data, position)
        if match is None:
            raise _NotPlain
        if match.lastgroup == "close":
            if match["close"] != b">>":
                raise _NotPlain
            return generic.DictionaryObject(entries), match.end()
        if match.lastgroup != "name":
            raise _NotPlain
        key, position = _value(match, data, owner, depth)
        match = _TOKEN.match(data, position)
        if match is None or key in entries:  # pyHanko decides what a name that is there twice means
            raise _NotPlain
        entries[key], position = _value(match, data, owner, depth)

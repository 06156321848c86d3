"""pyHanko's PDF reader, with a fast path for what nearly every file is made of.

pyHanko reads a byte at a time, and a file that was signed ten times is ten cross-reference tables and
long hexadecimal strings: opening it takes most of a signature's time. Here dictionaries, arrays and
plain values of a file in memory are read with one regular expression, and cross-reference tables of
the standard's own form (ISO 32000-1, 7.5.4) in one piece. Whatever is written in another way (streams,
strings with rarer escapes, comments, tables that are not quite right) is left to pyHanko, whose objects come
out either way: a test compares the two.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, BinaryIO, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits
from pyhanko.pdf_utils.misc import PdfReadError
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

from signing.source import Data, Source

_SPACE: Final = rb"[\t\n\f\r ]"  # without NUL, which pyHanko takes for a space in some places only
_END: Final = rb"(?=[\t\n\f\r ()<>\[\]{}/%])"
_TOKEN: Final = re.compile(
    _SPACE + rb"*(?:"
    rb"(?P<name>/[!\"$&'*-.0-;=?-Z\\^-z|~]*)" + _END + rb"|"
    rb"(?P<number>\d{1,10})" + _SPACE + rb"{1,4}(?P<generation>\d{1,5})" + _SPACE + rb"{1,4}R" + _END + rb"|"
    rb"(?P<integer>[+-]?\d{1,18})" + _END + rb"|"
    rb"(?P<real>[+-]?(?:\d{1,18}\.\d{0,18}|\.\d{1,18}))" + _END + rb"|"
    rb"<(?P<hex>(?:[0-9A-Fa-f]{2})*)>|"
    rb"\((?P<text>(?:[^()\\\r]|\\[0-3][0-7]{2}|\\[nrtbf()\\])*)\)|"
    rb"(?P<open><<|\[)|"
    rb"(?P<close>>>|\])|"
    rb"(?P<word>true|false|null)" + _END + rb")"
)
_ESCAPE: Final = re.compile(rb"\\([0-3][0-7]{2}|[nrtbf()\\])")
_ESCAPED: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEADER: Final = re.compile(rb"(\d{1,10}) (\d{1,5}) obj" + _SPACE + rb"*")
_AFTER: Final = re.compile(_SPACE + rb"*(endobj)" + _END)
_SUBSECTION: Final = re.compile(_SPACE + rb"*(\d{1,10}) (\d{1,7}) *\r?\n")
_ENTRIES: Final = re.compile(rb"(?:\d{10} \d{5} [nf](?: \r| \n|\r\n))*")
_TRAILER: Final = re.compile(_SPACE + rb"*trailer" + _SPACE + rb"*(?=<<)")
_SIMPLE: Final = re.compile(
    rb"<<(?:" + _SPACE + rb"*/[A-Za-z0-9]+(?:" + _SPACE + rb"*<[0-9A-Fa-f]*>|"
    + _SPACE + rb"+\d{1,10}(?: \d{1,5} R)?|" + _SPACE + rb"*\[(?:" + _SPACE + rb"*<(?:[0-9A-Fa-f]{2})*>)*"
    + _SPACE + rb"*\])(?=[\t\n\f\r />]))*" + _SPACE + rb"*>>"
)  # fmt: skip
"""A trailer of references, numbers and hexadecimal strings, as everybody writes it."""
_SIZE: Final = re.compile(rb"/Size" + _SPACE + rb"+(\d{1,10})(?! \d)")
_PREVIOUS: Final = re.compile(rb"/Prev" + _SPACE + rb"+(\d{1,10})(?! \d)")
_ENTRY: Final = 20
_DEEPEST: Final = 60
_MOST_ENTRIES: Final = 1_000_000
"""Cross-references of a file, all revisions together."""


class _NotPlain(Exception):
    """Written in a way that is left to pyHanko."""


class Reader(PdfFileReader):
    """A PDF in memory or on the disk. Raises what ``PdfFileReader`` raises, and is not strict."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._data = data = source.data
        stream = source.stream
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
        self.source.looked()
        header = _HEADER.match(self._data, start)
        if header is None or (int(header[1]), int(header[2])) != (ref.idnum, ref.generation):
            raise _NotPlain
        read, end = parse(self._data, header.end(), generic.Reference(ref.idnum, ref.generation, self))
        if _AFTER.match(self._data, end) is None:  # a stream, or damage
            raise _NotPlain
        return read


class _EarlierTrailer(generic.DictionaryObject):
    """A trailer before the newest, parsed when something is asked that it may have.

    The newest repeats all that still counts (7.5.5), so mostly nothing is; but a file has as many
    trailers as signatures.
    """

    def __init__(self, written: bytes, owner: generic.Dereferenceable) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._written: bytes | None = written
        self._owner = owner

    def _load(self) -> None:
        if self._written is not None:
            written, self._written = self._written, None
            trailer: Any = parse(written + b" ", 0, self._owner)[0]
            dict.update(self, trailer)

    def raw_get(self, key: Any, decrypt: Any = generic.EncryptedObjAccess.TRANSPARENT) -> Any:
        if self._written is not None and str(key).encode() not in self._written:
            raise KeyError(key)
        self._load()
        return super().raw_get(key, decrypt)

    def __contains__(self, key: object) -> bool:
        if self._written is not None and str(key).encode() not in self._written:
            return False
        self._load()
        return super().__contains__(key)

    def __getitem__(self, key: Any) -> Any:
        return self.raw_get(key).get_object()

    def get(self, key: Any, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (this is get)

    def __iter__(self) -> Iterator[Any]:
        self._load()
        return super().__iter__()

    def items(self) -> Any:
        self._load()
        return super().items()


class _Builder(XRefBuilder):
    """Reads the chain of cross-reference sections."""

    def __init__(self, reader: Reader, data: Data, stream: BinaryIO, last_startxref: int) -> None:
        super().__init__(reader, stream, False, last_startxref)
        self._data = data
        self._listed = 0

    def _read_xref_stream_object(self) -> Any:
        """A cross-reference stream that has as many entries as it says (7.5.8.3).

        pyHanko makes up the entries that are missing, two milliards of them if a file says so.
        """
        reference, stream = super()._read_xref_stream_object()  # type: ignore[no-untyped-call]
        widths = [int(one) for one in stream["/W"]]
        pairs = [int(one) for one in stream["/Index"]] if "/Index" in stream else [0, int(stream["/Size"])]
        count, width = sum(pairs[1::2]), sum(widths)
        if width <= 0 or min([*widths, *pairs]) < 0 or count * width > len(stream.data):
            raise PdfReadError("a cross-reference stream has fewer entries than it says")
        self._count(count)
        return reference, stream

    def _count(self, entries: int) -> None:
        """Note entries of the file's sections. Raises PdfReadError where there are too many."""
        self._listed += entries
        if self._listed > _MOST_ENTRIES:
            raise PdfReadError(f"more than {_MOST_ENTRIES} cross-references")

    def _read_xref_table(self, declared_startxref: int) -> Any:
        position = self.stream.tell()
        try:
            return self._read_plain_table(position, declared_startxref)
        except _NotPlain:
            self.stream.seek(position)
            return super()._read_xref_table(declared_startxref)

    def _read_plain_table(self, start: int, declared_startxref: int) -> Any:
        section, end = _entries(self._data, start, self._count)
        owner = generic.TrailerReference(self.handler)
        simple = _SIMPLE.match(self._data, end) if self.sections else None
        trailer: generic.PdfObject
        size: Any
        if simple is not None and (numbers := _numbers(simple[0])) is not None:
            size, previous = numbers
            trailer, after = _EarlierTrailer(simple[0], owner), simple.end()
        else:
            trailer, after = parse(self._data, end, owner)
            if not isinstance(trailer, generic.DictionaryObject) or "/XRefStm" in trailer:
                raise _NotPlain
            size, previous = trailer.get("/Size"), trailer.get("/Prev")
            if not isinstance(size, int):
                raise _NotPlain
            if previous is not None and not isinstance(previous, generic.NumberObject):
                raise _NotPlain
        facts = XRefSectionMetaInfo(
            XRefSectionType.STANDARD, int(size), declared_startxref, start, end, stream_ref=None
        )
        self.sections.append(XRefSection(facts, section))
        self.trailer.add_trailer_revision(trailer)
        self.stream.seek(after)
        return previous


def _numbers(trailer: bytes) -> tuple[int, generic.NumberObject | None] | None:
    """Size and place of the section before, of a trailer that names each once and no other section."""
    size, previous = _SIZE.findall(trailer), _PREVIOUS.findall(trailer)
    if (
        len(size) != 1
        or len(previous) != trailer.count(b"/Prev")
        or len(previous) > 1
        or b"/XRefStm" in trailer
    ):
        return None
    return int(size[0]), generic.NumberObject(previous[0]) if previous else None


def _entries(data: Data, start: int, count_in: Callable[[int], None]) -> tuple[XRefSectionData, int]:
    """The entries of a table from just behind ``xref``, and where its trailer begins."""
    section, position = XRefSectionData(), start
    while (trailer := _TRAILER.match(data, position)) is None:
        head = _SUBSECTION.match(data, position)
        if head is None:
            raise _NotPlain
        first, count, begin = int(head[1]), int(head[2]), head.end()
        position = begin + count * _ENTRY
        count_in(count)
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


def parse(data: Data, start: int, owner: generic.Dereferenceable) -> tuple[generic.PdfObject, int]:
    """One object without streams, and where it ends. Raises _NotPlain."""
    match = _TOKEN.match(data, start)
    if match is None:
        raise _NotPlain
    value = _value(match, data, owner, 0)
    return value


def _value(
    match: re.Match[bytes], data: Data, owner: generic.Dereferenceable, depth: int
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
        made = generic.pdf_string(_ESCAPE.sub(_unescaped, match["text"]))
    elif kind == "open" and depth < _DEEPEST:
        made, end = (_dictionary if match["open"] == b"<<" else _array)(data, end, owner, depth + 1)
    elif kind == "word":
        word = match["word"]
        made = generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")
    else:
        raise _NotPlain
    made.container_ref = owner
    return made, end


@lru_cache(4096)
def _key(name: bytes) -> generic.NameObject:
    """A name as a key; keys belong to no object, so that all dictionaries share them."""
    return generic.NameObject(name.decode("ascii"))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _ESCAPED.get(code, code)


def _array(
    data: Data, position: int, owner: generic.Dereferenceable, depth: int
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
    data: Data, position: int, owner: generic.Dereferenceable, depth: int
) -> tuple[generic.PdfObject, int]:
    entries: dict[Any, generic.PdfObject] = {}
    while True:
        match = _TOKEN.match(data, position)
        if match is None:
            raise _NotPlain
        if match.lastgroup == "close":
            if match["close"] != b">>":
                raise _NotPlain
            made = generic.DictionaryObject()
            dict.update(made, entries)
            return made, match.end()
        if match.lastgroup != "name":
            raise _NotPlain
        key = _key(match["name"])
        match = _TOKEN.match(data, match.end())
        if match is None or key in entries:  # pyHanko decides what a name that is there twice means
            raise _NotPlain
        entries[key], position = _value(match, data, owner, depth)

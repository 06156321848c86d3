"""The objects of a PDF as each of its revisions had them; every written object is read once.

pyHanko reads the cross-reference sections and whatever is written in an unusual way. What an object was
in a revision is decided here, from the sections up to that revision alone, and objects come raw: a
reference stays a reference, and an encrypted string stays encrypted.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.xref import XRefSectionType

from signing.pdf_reader import Reader, _NotPlain, parse
from signing.source import Data, Source

MOST_OBJECTS: Final = 300_000
MOST_REVISIONS: Final = 2_000
_DEEPEST: Final = 40
_SPACE: Final = rb"[\x00\t\n\f\r ]"
_HEADER: Final = re.compile(rb"(\d{1,10})[ ](\d{1,5})[ ]obj" + _SPACE + rb"*")
_END: Final = re.compile(_SPACE + rb"*endobj(?=[\x00\t\n\f\r (<\[/%]|$)")
_STREAM: Final = re.compile(_SPACE + rb"*stream(?:\r\n|\n)")
_STREAM_END: Final = re.compile(rb"(?:\r\n|\n|\r)?endstream" + _SPACE + rb"*endobj")
_TAIL: Final = re.compile(_SPACE + rb"*startxref" + _SPACE + rb"+(\d{1,12})" + _SPACE + rb"+%%EOF")
_HEAD_OF_TABLE: Final = re.compile(rb"xref" + _SPACE + rb"+")
_SUBSECTION: Final = re.compile(_SPACE + rb"*(\d{1,10}) (\d{1,7}) *\r?\n")
_TRAILER: Final = re.compile(_SPACE + rb"*trailer" + _SPACE + rb"*(?=<<)")
_MARK: Final = b"%%EOF"
_BLANK: Final = b"\x00\t\n\f\r "


class OutOfBounds(Exception):
    """A file with more objects, revisions or levels than are looked at."""


@dataclass(frozen=True)
class _Place:
    """Where an object is written: an offset, or a place in the object stream that a revision had."""

    number: int
    generation: int
    offset: int
    container: int = 0
    revision: int = 0


class Stream(generic.StreamObject):
    """A stream whose data stay where they are in the file until somebody asks for them."""

    def __init__(self, source: Source, begin: int, end: int) -> None:
        self.source, self.span = source, (begin, end)
        super().__init__()

    @property
    def _encoded_data(self) -> bytes | None:
        return self.source.data[self.span[0] : self.span[1]]

    @_encoded_data.setter
    def _encoded_data(self, data: bytes | None) -> None:
        """The file has them."""


class File:
    """A PDF. Raises what pyHanko raises for files that are none, and OutOfBounds."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = source.data
        self.reader = Reader(source)
        self.revisions: int = self.reader.xrefs.total_revisions
        if self.revisions > MOST_REVISIONS:
            raise OutOfBounds
        self.changed: list[frozenset[int]] = []
        self.containers: set[int] = set()
        self.xref_streams = {reference.idnum for reference in self.reader.xrefs.xref_stream_refs}
        self._history: dict[int, tuple[list[int], list[_Place | None]]] = {}
        self._read: dict[int, tuple[Any, int, int, int]] = {}
        self._streams: dict[int, dict[int, Any]] = {}
        self.odd: set[int] = set()
        for revision in range(self.revisions):
            self._note(revision)

    def _note(self, revision: int) -> None:
        data = self.reader.xrefs.get_xref_data(revision)
        places: dict[int, _Place | None] = {}
        for one in ([data.hybrid.xref_data] if data.hybrid else []) + [data]:
            places.update(dict.fromkeys(one.freed))
            for number, (generation, offset) in one.standard_xrefs.items():
                places[number] = _Place(number, generation, offset)
            for number, where in one.xrefs_in_objstm.items():
                self.containers.add(where.obj_stream_id)
                places[number] = _Place(number, 0, -1, where.obj_stream_id, revision)
        for number, place in places.items():
            if (known := self._history.get(number)) is None:
                self._history[number] = ([revision], [place])
            else:
                known[0].append(revision)
                known[1].append(place)
        self.changed.append(frozenset(places))
        if len(self._history) > MOST_OBJECTS:
            raise OutOfBounds

    # objects

    def place(self, number: int, revision: int) -> _Place | None:
        """Where a revision had an object; None when it had none."""
        known = self._history.get(number)
        if known is None or (index := bisect_right(known[0], revision)) == 0:
            return None
        return known[1][index - 1]

    def value(self, number: int, revision: int) -> Any:
        """An object as a revision had it, raw; None when it had none."""
        place = self.place(number, revision)
        return None if place is None else self._at(place)

    def resolve(self, value: Any, revision: int) -> Any:
        """What a value is when references are followed."""
        for _ in range(_DEEPEST):
            if not isinstance(value, generic.IndirectObject):
                return None if isinstance(value, generic.NullObject) else value
            value = self.value(value.idnum, revision)
        return None

    def get(self, holder: Any, key: str, revision: int) -> Any:
        """The resolved value of a key; None where there is none."""
        return self.resolve(raw(holder, key), revision)

    def trailer(self, key: str, revision: int) -> Any:
        """A trailer entry as a revision had it, raw."""
        try:
            return self.reader.trailer.raw_get(key, generic.EncryptedObjAccess.RAW, revision=revision)
        except KeyError:
            return None

    def numbers(self, revision: int) -> list[int]:
        """Every object that some revision up to this one wrote."""
        return [number for number, (revisions, _) in self._history.items() if revisions[0] <= revision]

    def _at(self, place: _Place) -> Any:
        if place.offset < 0:
            return self._in_stream(place)
        if (known := self._read.get(place.offset)) is None:
            value, end = self._read_at(place)
            known = self._read[place.offset] = (value, end, place.number, place.generation)
        if known[2:] != (place.number, place.generation):
            raise PdfReadError(f"two objects are said to be at {place.offset}")
        return known[0]

    def end(self, number: int, revision: int) -> int | None:
        """Where the bytes of an object end that a revision wrote at an offset of its own."""
        place = self.place(number, revision)
        if place is None or place.offset < 0:
            return None
        self._at(place)
        return self._read[place.offset][1]

    def _read_at(self, place: _Place) -> tuple[Any, int]:
        self.source.looked()
        data = self.data
        head = _HEADER.match(data, place.offset)
        reference = generic.Reference(place.number, place.generation, self.reader)
        if head is not None:
            if (int(head[1]), int(head[2])) != (place.number, place.generation):
                raise PdfReadError(f"object {place.number} is not at {place.offset}")
            try:
                value, end = parse(data, head.end(), reference)
                if (closing := _END.match(data, end)) is not None:
                    return value, closing.end()
                if (opening := _STREAM.match(data, end)) is not None:
                    return self._stream(value, opening.end(), reference)
            except _NotPlain:
                pass
        self.odd.add(place.offset)
        value = super(Reader, self.reader)._read_object(reference, place.offset, never_decrypt=True)
        return value, self.reader.stream.tell()

    def _stream(self, facts: Any, start: int, reference: generic.Reference) -> tuple[Any, int]:
        length = dict.get(facts, "/Length") if isinstance(facts, generic.DictionaryObject) else None
        if isinstance(length, generic.IndirectObject):
            length = self.value(length.idnum, self.revisions - 1)
        if not isinstance(length, int) or length < 0:
            raise _NotPlain
        closing = _STREAM_END.match(self.data, start + length)
        if closing is None:
            raise _NotPlain
        stream = Stream(self.source, start, start + length)
        for key, value in dict.items(facts):
            dict.__setitem__(stream, key, value)
        stream.container_ref = reference
        return stream, closing.end()

    def _in_stream(self, place: _Place) -> Any:
        where = self.place(place.container, place.revision)
        if where is None or where.offset < 0:
            return None
        if (known := self._streams.get(where.offset)) is None:
            known = self._streams[where.offset] = self._unpack(where)
        return known.get(place.number)

    def _unpack(self, where: _Place) -> dict[int, Any]:
        stream = self._at(where)
        if self.reader.encrypted:
            reference = generic.Reference(where.number, where.generation, self.reader)
            stream = self.reader.get_object(reference)  # type: ignore[no-untyped-call]
        if not isinstance(stream, generic.StreamObject):
            return {}
        data = stream.read_data(DecodePurpose.OBJECT_STREAM)
        count, first = int(stream["/N"]), int(stream["/First"])
        if not 0 <= count <= MOST_OBJECTS or not 0 <= first <= len(data):
            raise OutOfBounds
        head = [int(word) for word in data[:first].split()[: 2 * count]]
        found: dict[int, Any] = {}
        for number, offset in zip(head[::2], head[1::2], strict=False):
            if number in found:
                raise PdfReadError("an object stream holds one object twice")
            found[number] = self._packed(data, first + offset, number)
        return found

    def _packed(self, data: bytes, start: int, number: int) -> Any:
        reference = generic.Reference(number, 0, self.reader)
        try:
            return parse(data + b" ", start, reference)[0]
        except _NotPlain:
            stream = io.BytesIO(data)
            stream.seek(start)
            return generic.read_object(stream, reference)

    def owners(self, places: list[int]) -> list[tuple[int, int] | None]:
        """For each place in the file the object and revision that are written there, or None."""
        starts = sorted(
            {
                one.offset: (number, revision)
                for number, (revisions, history) in self._history.items()
                for revision, one in zip(revisions, history, strict=True)
                if one is not None and one.offset >= 0
            }.items()
        )
        offsets = [offset for offset, _ in starts]
        found: list[tuple[int, int] | None] = []
        for place in places:
            index = bisect_right(offsets, place) - 1
            owner = starts[index][1] if index >= 0 else None
            end = self.end(*owner) if owner is not None else None
            found.append(owner if end is not None and place < end else None)
        return found

    def packed(self) -> Iterator[tuple[int, int]]:
        """Every object in an object stream, with the revision that wrote it there."""
        for number, (revisions, history) in self._history.items():
            for revision, place in zip(revisions, history, strict=True):
                if place is not None and place.offset < 0:
                    yield number, revision

    # the bytes of a revision

    def startxref(self, revision: int) -> int:
        """Where a revision's cross-reference section is."""
        return int(self.reader.xrefs.get_xref_container_info(revision).start_location)

    def is_tidy(self, revision: int, begin: int) -> int | None:
        """Whether the bytes from ``begin`` are just what the revision names, and where they end.

        An incremental update is objects, each listed with its true place, then the section that lists
        them. Programs that repair files read whatever looks like an object, so that bytes which
        nothing names may be seen by one reader and not by the other (ISO 32000-1, 7.5.6 and annex C).
        None when there is anything else.
        """
        facts = self.reader.xrefs.get_xref_container_info(revision)
        section = self.reader.xrefs.get_xref_data(revision)
        if facts.xref_section_type not in (XRefSectionType.STANDARD, XRefSectionType.STREAM):
            return None
        position = begin
        own = facts.stream_ref.idnum if facts.stream_ref is not None else None
        places = sorted((offset, number) for number, (_, offset) in section.standard_xrefs.items())
        for offset, number in places:
            if number == own:
                continue
            place = self.place(number, revision)
            if place is None or offset < position or not self._is_blank(position, offset):
                return None
            if _HEADER.match(self.data, offset) is None:
                return None
            self._at(place)
            if offset in self.odd and not self._is_strict(place):
                return None
            position = self._read[offset][1]
        start = self._start_of_section(revision, own)
        if start is None or start < position or not self._is_blank(position, start):
            return None
        behind = self._behind_section(revision, start, own)
        tail = _TAIL.match(self.data, behind) if behind is not None else None
        if tail is None or int(tail[1]) != start:
            return None
        return tail.end()

    def _is_blank(self, begin: int, end: int) -> bool:
        return self.source.is_blank(begin, end, _BLANK)

    def _is_strict(self, place: _Place) -> bool:
        """Whether a strict reader takes an unusually written object, too: no key twice, no open end."""
        self.reader.strict = True
        try:
            reference = generic.Reference(place.number, place.generation, self.reader)
            super(Reader, self.reader)._read_object(reference, place.offset, never_decrypt=True)
        except Exception:
            return False
        finally:
            self.reader.strict = False
        return True

    def _start_of_section(self, revision: int, own: int | None) -> int | None:
        facts = self.reader.xrefs.get_xref_container_info(revision)
        declared = int(facts.declared_startxref)
        if own is not None:
            head = _HEADER.match(self.data, declared)
            return declared if head is not None and int(head[1]) == own else None
        return declared if _HEAD_OF_TABLE.match(self.data, declared) else None

    def _behind_section(self, revision: int, start: int, own: int | None) -> int | None:
        if own is not None:
            head = _HEADER.match(self.data, start)
            if head is None:
                return None
            try:
                reference = generic.Reference(own, 0, self.reader)
                facts, end = parse(self.data, head.end(), reference)
                opening = _STREAM.match(self.data, end)
                return self._stream(facts, opening.end(), reference)[1] if opening else None
            except _NotPlain:
                return None
        head = _HEAD_OF_TABLE.match(self.data, start)
        position, seen = head.end() if head else start, set[int]()
        while (trailer := _TRAILER.match(self.data, position)) is None:
            part = _SUBSECTION.match(self.data, position)
            if part is None:
                return None
            numbers = range(int(part[1]), int(part[1]) + int(part[2]))
            if len(numbers) > MOST_OBJECTS or not seen.isdisjoint(numbers):
                return None
            seen.update(numbers)
            position = part.end() + 20 * len(numbers)
        try:
            return parse(self.data, trailer.end(), generic.TrailerReference(self.reader))[1]
        except _NotPlain:
            return None


def end_of(pdf: Data, start: int) -> int:
    """Where the revision ends whose cross-references are at ``start``: behind its mark and line end."""
    mark = pdf.find(_MARK, start)
    if mark < 0:
        return len(pdf)
    end = mark + len(_MARK)
    if pdf[end : end + 2] == b"\r\n":
        return end + 2
    return end + 1 if pdf[end : end + 1] in (b"\n", b"\r") else end


def raw(holder: Any, key: str) -> Any:
    """The value of a key as it is written; None where there is none."""
    return dict.get(holder, key) if isinstance(holder, generic.DictionaryObject) else None


def items(value: Any) -> list[Any]:
    """What an array holds, as it is written; nothing for what is no array."""
    return list(list.__iter__(value)) if isinstance(value, generic.ArrayObject) else []


def references(value: Any) -> Iterator[generic.IndirectObject]:
    """Every reference in a value, however deep, that is not behind another one."""
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        if isinstance(one, generic.IndirectObject):
            yield one
        elif depth > _DEEPEST:
            raise OutOfBounds
        elif isinstance(one, generic.DictionaryObject):
            waiting += [(part, depth + 1) for part in dict.values(one)]
        elif isinstance(one, generic.ArrayObject):
            waiting += [(part, depth + 1) for part in list.__iter__(one)]


def same(one: Any, other: Any, depth: int = 0) -> bool:
    """Whether two raw values are the same to every reader: a name is no string, a reference no value."""
    if depth > _DEEPEST:
        raise OutOfBounds
    if one is other:
        return True
    if isinstance(one, generic.StreamObject) and isinstance(other, generic.StreamObject):
        if not _same_data(one, other):
            return False
    elif type(one) is not type(other):
        return False
    if isinstance(one, generic.DictionaryObject):
        return dict.keys(one) == dict.keys(other) and all(
            same(value, dict.__getitem__(other, key), depth + 1) for key, value in dict.items(one)
        )
    if isinstance(one, generic.ArrayObject):
        left, right = items(one), items(other)
        return len(left) == len(right) and all(
            same(a, b, depth + 1) for a, b in zip(left, right, strict=True)
        )
    if isinstance(one, generic.IndirectObject):
        return bool(one.idnum == other.idnum and one.generation == other.generation)
    if isinstance(one, generic.BooleanObject):
        return bool(one.value == other.value)
    return isinstance(one, generic.NullObject) or bool(one == other)


def _same_data(one: generic.StreamObject, other: generic.StreamObject) -> bool:
    if isinstance(one, Stream) and isinstance(other, Stream):
        return one.source.is_same(one.span, other.span)
    return bool(one.encoded_data == other.encoded_data)

"""The signatures of a PDF, found in every way there is: fields, widgets of pages, and the bytes themselves.

A signature that no field of the newest revision leads to is *hidden*: somebody took it out of sight, or
put it where only some programs look.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import parse_pdf_date

from signing.source import Data
from signing.verification.objects import File, OutOfBounds, items, raw
from signing.verification.reading import MALFORMED, NotReadable

MOST_SIGNATURES: Final = 500
_MOST_FIELDS: Final = 20_000
_DEEPEST: Final = 30
_BLANK: Final = b"\x00\t\n\f\r "


def _escaped(name: bytes) -> bytes:
    """A pattern for a name of which any character may be written as its number (ISO 32000-1, 7.3.5)."""
    return b"/" + b"".join(
        b"(?:" + re.escape(bytes([one])) + b"|#" + b"".join(
            b"[%c%c]" % (digit, ord(chr(digit).upper())) for digit in b"%02x" % one
        ) + b")"
        for one in name
    )  # fmt: skip


_BYTE_RANGE: Final = re.compile(_escaped(b"ByteRange"))
LONGEST_NAME: Final = 1 + 3 * len("ByteRange")
_CONTENTS: Final = re.compile(_escaped(b"Contents"))


@dataclass(frozen=True)
class Lock:
    """What a signature locks (FieldMDP; ISO 32000-1, 12.8.2.4)."""

    action: str
    names: frozenset[str]

    def covers(self, name: str) -> bool:
        """Whether the field of that name may not change any more; a name stands for what is below it."""
        is_named = any(name == one or name.startswith(f"{one}.") for one in self.names)
        if self.action == "/Include":
            return is_named
        return self.action == "/All" or not is_named


@dataclass
class Signature:
    """One signature as the file has it. ``revision`` is the newest that its byte range covers whole."""

    fq_name: str
    number: int | None
    holder: int | None
    value: generic.DictionaryObject
    contents: bytes
    byte_range: tuple[int, ...]
    revision: int = -1
    docmdp_level: int | None = None
    lock: Lock | None = None
    reason: str = ""
    claimed_at: datetime | None = None
    subfilter: str = ""

    @property
    def sig_object(self) -> generic.DictionaryObject:
        """The signature's dictionary."""
        return self.value

    @property
    def pkcs7_content(self) -> bytes:
        """What ``/Contents`` holds, padding included."""
        return self.contents

    @property
    def end(self) -> int:
        """Where the covered bytes end."""
        return self.byte_range[2] + self.byte_range[3] if len(self.byte_range) == 4 else 0


@dataclass
class Found:
    """The signatures of a file, in the order of the bytes they cover."""

    file: File
    signatures: list[Signature] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    hidden: int = 0
    removed: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FieldNode:
    """A field or widget: its full name, its type as inherited, and the object it is (None when direct)."""

    name: str
    kind: str | None
    number: int | None
    value: generic.DictionaryObject
    is_terminal: bool


def find(file: File) -> Found:
    """Every signature. Raises NotReadable where there are too many."""
    found, newest = Found(file), file.revisions - 1
    by_number: dict[int, Signature] = {}
    known_fields: set[int] = set()
    for node in fields(file, newest):
        if node.number is not None:
            known_fields.add(node.number)
        if node.kind == "/Sig":
            _add(found, node, by_number)
    for number, widget in widgets(file, newest):
        if number in known_fields or file.get(widget, "/FT", newest) != "/Sig":
            continue
        if file.get(widget, "/V", newest) is not None:
            found.hidden += 1
            name = text_of(file, widget, "/T", number)
            _add(found, FieldNode(name, "/Sig", number, widget, True), by_number)
    _search(found, by_number)
    found.signatures.sort(key=lambda one: one.end)
    contents = [one.contents for one in found.signatures]
    found.doubled += [
        one.fq_name for index, one in enumerate(found.signatures) if one.contents in contents[:index]
    ]
    return found


def _add(found: Found, node: FieldNode, by_number: dict[int, Signature]) -> None:
    written = raw(node.value, "/V")
    file, newest = found.file, found.file.revisions - 1
    if file.resolve(written, newest) is None:
        return
    if len(found.signatures) >= MOST_SIGNATURES:
        raise NotReadable("too-many-signatures", str(MOST_SIGNATURES))
    number = written.idnum if isinstance(written, generic.IndirectObject) else None
    if number is not None and number in by_number:
        found.doubled.append(node.name)
        return
    try:
        signature = _read(file, node, number)
    except MALFORMED:
        found.unreadable.append(node.name)
        if number is not None:
            by_number[number] = Signature(node.name, number, None, generic.DictionaryObject(), b"", ())
        return
    found.signatures.append(signature)
    by_number[number if number is not None else -len(by_number) - 1] = signature


def _read(file: File, node: FieldNode, number: int | None) -> Signature:
    newest = file.revisions - 1
    value = file.resolve(raw(node.value, "/V"), newest)
    contents = file.get(value, "/Contents", newest)
    written = [file.resolve(one, newest) for one in items(file.get(value, "/ByteRange", newest))]
    if not isinstance(value, generic.DictionaryObject) or contents is None or not written:
        raise ValueError("no signature")
    signature = Signature(
        node.name,
        number,
        number if number is not None else node.number,
        value,
        bytes(contents.original_bytes),
        tuple(one if type(one) is generic.NumberObject else -1 for one in written),
        subfilter=str(file.get(value, "/SubFilter", newest) or ""),
        reason=text_of(file, value, "/Reason", number),
    )
    signature.claimed_at = _claimed(file, value, number)
    _read_references(file, value, signature, newest)
    return signature


def _read_references(file: File, value: Any, signature: Signature, newest: int) -> None:
    for one in items(file.get(value, "/Reference", newest)):
        facts = file.resolve(one, newest)
        method = file.get(facts, "/TransformMethod", newest)
        rules = file.get(facts, "/TransformParams", newest)
        if method == "/DocMDP":
            level = file.get(rules, "/P", newest)
            signature.docmdp_level = int(level) if level in (1, 2, 3) else 1 if level is not None else 2
        elif method == "/FieldMDP":
            names = [file.resolve(name, newest) for name in items(file.get(rules, "/Fields", newest))]
            action = str(file.get(rules, "/Action", newest) or "/All")
            signature.lock = Lock(action, frozenset(str(name) for name in names))


def _claimed(file: File, value: Any, number: int | None) -> datetime | None:
    text = text_of(file, value, "/M", number)
    try:
        claimed = parse_pdf_date(text, strict=False) if text else None
    except MALFORMED:
        return None
    if claimed is None:
        return None
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def text_of(file: File, holder: Any, key: str, number: int | None) -> str:
    """A string of an object; encrypted strings are opened with the empty password that opened the file."""
    newest = file.revisions - 1
    if file.reader.encrypted and number is not None:
        try:
            reference = generic.Reference(number, 0, file.reader)
            plain: Any = file.reader.get_object(reference)  # type: ignore[no-untyped-call]
            return str(plain[key]) if key in plain else ""
        except MALFORMED:
            return ""
    value = file.resolve(raw(holder, key), newest)
    return "" if value is None else str(value)[:500]


# fields and widgets


def fields(file: File, revision: int) -> Iterator[FieldNode]:
    """Every field of a revision's form, kids included, with what they inherit."""
    form = file.get(file.resolve(file.trailer("/Root", revision), revision), "/AcroForm", revision)
    waiting: list[tuple[Any, str, str | None, int]] = [
        (one, "", None, 0) for one in items(file.get(form, "/Fields", revision))
    ]
    waiting.reverse()
    seen: set[int] = set()
    visited = 0
    while waiting:
        written, prefix, kind, depth = waiting.pop()
        visited += 1
        if visited > _MOST_FIELDS or depth > _DEEPEST:
            raise OutOfBounds
        number = written.idnum if isinstance(written, generic.IndirectObject) else None
        if number is not None:
            if number in seen:
                continue
            seen.add(number)
        value = file.resolve(written, revision)
        if not isinstance(value, generic.DictionaryObject):
            continue
        own = text_of(file, value, "/T", number)
        name = ".".join(part for part in (prefix, own) if part)
        said = file.get(value, "/FT", revision)
        kind = str(said) if said is not None else kind
        kids = items(file.get(value, "/Kids", revision))
        yield FieldNode(name, kind, number, value, not kids)
        waiting += [(kid, name, kind, depth + 1) for kid in reversed(kids)]


def pages(file: File, revision: int) -> list[tuple[int | None, generic.DictionaryObject]]:
    """The pages in their order. Raises OutOfBounds."""
    root = file.resolve(file.trailer("/Root", revision), revision)
    waiting: list[tuple[Any, int]] = [(raw(root, "/Pages"), 0)]
    found: list[tuple[int | None, generic.DictionaryObject]] = []
    while waiting:
        written, depth = waiting.pop()
        if depth > _DEEPEST or len(found) > _MOST_FIELDS or len(waiting) > 10 * _MOST_FIELDS:
            raise OutOfBounds
        value = file.resolve(written, revision)
        if not isinstance(value, generic.DictionaryObject):
            continue
        kids = file.get(value, "/Kids", revision)
        if kids is not None:
            waiting += [(kid, depth + 1) for kid in reversed(items(kids))]
        else:
            found.append((getattr(written, "idnum", None), value))
    return found


def widgets(file: File, revision: int) -> Iterator[tuple[int | None, generic.DictionaryObject]]:
    """The annotations of all pages that are widgets."""
    for _, page in pages(file, revision):
        for written in items(file.get(page, "/Annots", revision)):
            value = file.resolve(written, revision)
            if isinstance(value, generic.DictionaryObject):
                yield getattr(written, "idnum", None), value


# the bytes


def _search(found: Found, by_number: dict[int, Signature]) -> None:
    """Look for the key that every signature has, in the bytes and in all object streams."""
    file = found.file
    places = []
    for place in file.source.places(_BYTE_RANGE, LONGEST_NAME):
        places.append(place)
        if len(places) > 10 * MOST_SIGNATURES:
            raise NotReadable("too-many-signatures", str(MOST_SIGNATURES))
    seen: set[tuple[int, int]] = set()
    direct = {one.holder for one in found.signatures if one.number is None}
    for place, owner in zip(places, file.owners(places), strict=True):
        if owner is None:
            if _looks_like_dictionary(file.data, place):
                found.hidden += 1
            continue
        if owner in seen or owner[0] in by_number or owner[0] in direct:
            continue
        seen.add(owner)
        _note_lost(found, *owner)
    for number, revision in file.packed():
        value = file.value(number, revision)
        if number not in by_number and raw(value, "/ByteRange") is not None:
            _note_lost(found, number, revision)


def _note_lost(found: Found, number: int, revision: int) -> None:
    """A signature that no field of the newest revision leads to: hidden, or there before and now gone."""
    value = found.file.value(number, revision)
    if isinstance(value, generic.StreamObject) or not _holds_signature(value):
        return
    found.hidden += 1
    for earlier in range(revision, found.file.revisions):
        for node in fields(found.file, earlier):
            written = raw(node.value, "/V")
            if isinstance(written, generic.IndirectObject) and written.idnum == number:
                found.removed.append(node.name)
                return
        if earlier > revision + 1:
            return


def _holds_signature(value: Any, depth: int = 0) -> bool:
    if depth > 6:
        return False
    if isinstance(value, generic.DictionaryObject):
        if raw(value, "/ByteRange") is not None and raw(value, "/Contents") is not None:
            return True
        return any(_holds_signature(one, depth + 1) for one in dict.values(value))
    return any(_holds_signature(one, depth + 1) for one in items(value))


def _looks_like_dictionary(data: Data, place: int) -> bool:
    """Whether a key stands before an array of numbers; not when the word is somewhere inside data."""
    return re.match(rb"/[^\s\[]{9,40}\s*\[\s*\d+\s+\d+", data[place : place + 80]) is not None


def is_named_once(file: File, signature: Signature) -> bool:
    """Whether the bytes of a signature's dictionary have ``/ByteRange`` and ``/Contents`` once each."""
    if signature.holder is None:
        return False
    place = file.place(signature.holder, file.revisions - 1)
    end = file.end(signature.holder, file.revisions - 1)
    if place is None or end is None or len(signature.byte_range) != 4:
        return False
    first, second = signature.byte_range[1], signature.byte_range[2]
    if not place.offset < first < second <= end:
        return False
    around = file.data[place.offset : first] + b"<>" + file.data[second:end]
    if len(_BYTE_RANGE.findall(around)) != 1 or len(_CONTENTS.findall(around)) != 1:
        return False
    return file.data[place.offset : first].rstrip(_BLANK).endswith(b"/Contents")

"""Reading DER that others wrote, not always well: lengths in the long form, BER's open lengths, wrong tags.

Every element keeps its bytes as they stand, because signatures are over those and not over what
they would be if written anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from typing import Final

DEEPEST: Final = 40
MOST_ELEMENTS: Final = 20_000

INTEGER: Final = 2
BIT_STRING: Final = 3
OCTET_STRING: Final = 4
OID: Final = 6
UTC_TIME: Final = 23
GENERALIZED_TIME: Final = 24
SEQUENCE: Final = 16
SET: Final = 17
_UNIVERSAL: Final = 0
_CONTEXT: Final = 2
_STRINGS: Final = frozenset({12, 18, 19, 20, 22, 25, 26, 27, 28, 30})
_CHINA: Final = timezone(timedelta(hours=8))
_CONTINUED: Final = 0x80


class DerBroken(ValueError):
    """The bytes are not what they should be; the text says at which element."""


@dataclass(frozen=True)
class Element:
    """A tag with its content. ``raw`` is all of it as it stands in the file."""

    tag_class: int
    is_constructed: bool
    number: int
    raw: bytes
    content: bytes

    @cached_property
    def children(self) -> tuple[Element, ...]:
        """What a constructed element holds. Raises DerBroken."""
        if not self.is_constructed:
            raise DerBroken("a plain value where a structure was expected")
        return tuple(_read_all(self.content))

    def is_universal(self, *numbers: int) -> bool:
        return self.tag_class == _UNIVERSAL and self.number in numbers

    def is_context(self, number: int) -> bool:
        """Whether the tag is ``[number]``."""
        return self.tag_class == _CONTEXT and self.number == number

    def sequence(self, least: int = 0, name: str = "SEQUENCE") -> tuple[Element, ...]:
        """The children of a SEQUENCE with at least so many. Raises DerBroken."""
        if not (self.is_universal(SEQUENCE) and self.is_constructed) or len(self.children) < least:
            raise DerBroken(name)
        return self.children

    def integer(self, name: str = "INTEGER") -> int:
        if not self.is_universal(INTEGER) or not 0 < len(self.content) <= 64:
            raise DerBroken(name)
        return int.from_bytes(self.content, "big", signed=True)

    def octets(self, name: str = "OCTET STRING") -> bytes:
        """The bytes of an OCTET STRING; one in pieces (BER) is put together. Raises DerBroken."""
        if not self.is_universal(OCTET_STRING):
            raise DerBroken(name)
        return self.pieces()

    def pieces(self) -> bytes:
        """The content of a string of octets, however it is tagged. Raises DerBroken."""
        if self.is_constructed:
            return b"".join(child.octets() for child in self.children)
        return self.content

    def bits(self, name: str = "BIT STRING") -> bytes:
        """The bytes of a BIT STRING of whole bytes. Raises DerBroken."""
        if not self.is_universal(BIT_STRING) or self.is_constructed or self.content[:1] != b"\x00":
            raise DerBroken(name)
        return self.content[1:]

    def oid(self, name: str = "OBJECT IDENTIFIER") -> str:
        """The dotted form. Raises DerBroken."""
        if not self.is_universal(OID) or not self.content or self.content[-1] & _CONTINUED:
            raise DerBroken(name)
        arcs, value = [], 0
        for byte in self.content[:64]:
            value = value << 7 | byte & 0x7F
            if not byte & _CONTINUED:
                arcs.append(value)
                value = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))

    def algorithm(self, name: str = "algorithm") -> str:
        """The OID of an algorithm, alone or in an AlgorithmIdentifier. Raises DerBroken."""
        return self.sequence(1, name)[0].oid(name) if self.is_universal(SEQUENCE) else self.oid(name)

    def text(self, name: str = "string") -> str:
        """Any kind of string; what is no UTF-8 is tried as GB 18030. Raises DerBroken."""
        if self.tag_class != _UNIVERSAL or self.number not in _STRINGS or self.is_constructed:
            raise DerBroken(name)
        if self.number == 30:
            return self.content.decode("utf-16-be", "replace").rstrip("\x00")
        for encoding in ("utf-8", "gb18030"):
            try:
                return self.content.decode(encoding).rstrip("\x00")
            except UnicodeDecodeError:
                continue
        return self.content.decode("latin-1")

    def time(self, name: str = "time") -> datetime:
        """UTCTime or GeneralizedTime. Raises DerBroken."""
        if not self.is_universal(UTC_TIME, GENERALIZED_TIME):
            raise DerBroken(name)
        found = time_of(self.content, is_short=self.number == UTC_TIME)
        if found is None:
            raise DerBroken(name)
        return found


def read(data: bytes, *, is_padded: bool = False) -> Element:
    """The one element that ``data`` is. Raises DerBroken, also for bytes behind it.

    ``is_padded`` allows zeros behind it, which fill the room for a signature in a PDF.
    """
    element, end = _read_one(data, 0, 0, _Budget())
    rest = data[end:]
    if rest.strip(b"\x00") or (rest and not is_padded):
        raise DerBroken("bytes behind the structure")
    return element


def time_of(written: bytes, *, is_short: bool = False) -> datetime | None:
    """A time as ASN.1 writes it, or None. Without a zone it is China's, as its signers write it."""
    try:
        said = written.decode("ascii").strip().rstrip("\x00")
    except UnicodeDecodeError:
        return None
    zone: timezone = _CHINA
    if said.endswith("Z"):
        said, zone = said[:-1], UTC
    elif len(said) > 5 and said[-5] in "+-" and said[-4:].isdigit():
        sign = -1 if said[-5] == "-" else 1
        offset = timedelta(hours=int(said[-4:-2]), minutes=int(said[-2:]))
        if offset >= timedelta(hours=24):
            return None
        said, zone = said[:-5], timezone(sign * offset)
    digits, _, fraction = said.partition(".")
    if not digits.isdigit() or (fraction and not fraction.isdigit()):
        return None
    if is_short and len(digits) in (10, 12):
        digits = ("19" if int(digits[:2]) >= 50 else "20") + digits
    try:
        at = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 (the zone follows)
        return at.replace(microsecond=int(fraction[:6].ljust(6, "0") or 0), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class _Budget:
    """How much more may be read."""

    def __init__(self) -> None:
        self.left = MOST_ELEMENTS

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DerBroken("too many elements")


def _read_all(content: bytes) -> list[Element]:
    budget, place, found = _Budget(), 0, []
    while place < len(content):
        element, place = _read_one(content, place, 0, budget)
        found.append(element)
    return found


def _read_one(data: bytes, start: int, depth: int, budget: _Budget) -> tuple[Element, int]:
    budget.spend()
    if depth > DEEPEST:
        raise DerBroken("too deep")
    place = start
    try:
        first = data[place]
        place += 1
        number = first & 0x1F
        if number == 0x1F:
            number = 0
            while True:
                byte = data[place]
                place += 1
                number = number << 7 | byte & 0x7F
                if not byte & _CONTINUED:
                    break
                if number > 1 << 28:
                    raise DerBroken("tag")
        length = data[place]
        place += 1
        is_constructed = bool(first & 0x20)
        if length == _CONTINUED:
            return _read_open(data, start, place, first, number, depth, budget)
        if length > _CONTINUED:
            count = length & 0x7F
            if count > 8:
                raise DerBroken("length")
            length = int.from_bytes(data[place : place + count], "big")
            place += count
    except IndexError as error:
        raise DerBroken("the end is missing") from error
    end = place + length
    if end > len(data):
        raise DerBroken("a length goes beyond the end")
    return Element(first >> 6, is_constructed, number, data[start:end], data[place:end]), end


def _read_open(
    data: bytes, start: int, place: int, first: int, number: int, depth: int, budget: _Budget
) -> tuple[Element, int]:
    """BER's open length: elements up to two zeros."""
    if not first & 0x20:
        raise DerBroken("length")
    inner = place
    while data[place : place + 2] != b"\x00\x00":
        if place >= len(data):
            raise DerBroken("the end is missing")
        _element, place = _read_one(data, place, depth + 1, budget)
    return Element(first >> 6, True, number, data[start : place + 2], data[inner:place]), place + 2

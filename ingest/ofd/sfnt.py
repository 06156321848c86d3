"""TrueType and OpenType files read leniently: OFD makers cut fonts down to tables that a viewer needs.

Only what drawing needs is read (ISO/IEC 14496-22): outlines, widths, and the map from characters.
"""

from __future__ import annotations

import bisect
import struct
from array import array
from collections.abc import Callable
from functools import cached_property
from typing import Final

_MAGIC: Final = (b"\x00\x01\x00\x00", b"OTTO", b"true", b"\x00\x02\x00\x00")
_MOST_TABLES: Final = 200
_PREFERENCE: Final = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0), (3, 0), (3, 3), (1, 0))
_GBK: Final = (3, 3)
_SYMBOL: Final = (3, 0)

Lookup = Callable[[int], int]


class Unusable(ValueError):
    """The font cannot be drawn with."""


class Sfnt:
    """One font of a file. ``wanted`` names the one of a collection."""

    def __init__(self, data: bytes, wanted: str = "") -> None:
        """Raises Unusable."""
        self.data = data
        offset = 0
        if data[:4] == b"ttcf":
            offset = self._chosen(wanted)
        elif data[:4] not in _MAGIC:
            raise Unusable("not a TrueType or OpenType font")
        self._tables = self._directory(offset)
        self.is_cff = b"CFF " in self._tables
        if not self.is_cff and not (b"glyf" in self._tables and b"loca" in self._tables):
            raise Unusable("no outlines")
        head = self.table(b"head")
        self.units = struct.unpack_from(">H", head, 18)[0] if len(head) >= 20 else 0
        if not 16 <= self.units <= 16384:
            self.units = 1000 if self.is_cff else 2048
        maxp = self.table(b"maxp")
        self.glyph_count = struct.unpack_from(">H", maxp, 4)[0] if len(maxp) >= 6 else 0

    def _chosen(self, wanted: str) -> int:
        """Where in a collection the wanted font begins; the first one when none has the name."""
        try:
            count = min(struct.unpack_from(">L", self.data, 8)[0], 64)
            offsets = struct.unpack_from(f">{count}L", self.data, 12)
        except struct.error as error:
            raise Unusable("a broken collection") from error
        if not offsets:
            raise Unusable("an empty collection")
        plain = wanted.replace(" ", "").lower()
        for offset in offsets:
            self._tables = self._directory(offset)
            names = self.table(b"name")
            said = names.replace(b"\0", b"").decode("latin-1").replace(" ", "").lower()
            if plain and (plain in said or plain.encode("utf-16-be") in names.lower()):
                return int(offset)
        return int(offsets[0])

    def _directory(self, offset: int) -> dict[bytes, tuple[int, int]]:
        try:
            count = struct.unpack_from(">H", self.data, offset + 4)[0]
            tables = {}
            for index in range(min(count, _MOST_TABLES)):
                tag, _, start, length = struct.unpack_from(">4sLLL", self.data, offset + 12 + 16 * index)
                if start < len(self.data):
                    tables[tag] = (start, length)
        except struct.error as error:
            raise Unusable("a broken table directory") from error
        return tables

    def table(self, tag: bytes) -> bytes:
        """A table's bytes, as many as there are; empty when it is not there."""
        start, length = self._tables.get(tag, (0, 0))
        return self.data[start : start + length]

    @cached_property
    def _advances(self) -> array[int]:
        """The advance widths; empty when the font has none."""
        hhea, hmtx = self.table(b"hhea"), self.table(b"hmtx")
        count = struct.unpack_from(">H", hhea, 34)[0] if len(hhea) >= 36 else 0
        count = min(count, len(hmtx) // 4)
        return array("H", struct.unpack(f">{2 * count}H", hmtx[: 4 * count])[::2])

    @property
    def has_advances(self) -> bool:
        """Whether the font says how wide its glyphs are."""
        return len(self._advances) > 0

    def advance(self, glyph: int) -> int:
        """How far a glyph moves on, in font units: an em where the font does not say."""
        if not self._advances:
            return self.units
        return self._advances[min(glyph, len(self._advances) - 1)]

    @cached_property
    def _lookups(self) -> list[tuple[tuple[int, int], Lookup]]:
        cmap = self.table(b"cmap")
        found = []
        try:
            count = struct.unpack_from(">H", cmap, 2)[0]
            records = [struct.unpack_from(">HHL", cmap, 4 + 8 * index) for index in range(min(count, 50))]
        except struct.error:
            return []
        for platform, encoding, offset in records:
            if (platform, encoding) in _PREFERENCE:
                try:
                    lookup = _lookup(cmap, offset)
                except (struct.error, ValueError):
                    continue
                if lookup is not None:
                    found.append(((platform, encoding), lookup))
        return sorted(found, key=lambda one: _PREFERENCE.index(one[0]))

    def glyph_of(self, character: str) -> int:
        """The glyph of a character by the first map that has it; 0 when none does."""
        code = ord(character)
        for kind, lookup in self._lookups:
            glyph = 0
            if kind == _GBK:
                encoded = character.encode("gb18030", "replace")
                glyph = lookup(int.from_bytes(encoded, "big")) if len(encoded) <= 2 else 0
            elif kind == (1, 0):
                encoded = character.encode("mac_roman", "ignore")
                glyph = lookup(encoded[0]) if encoded else 0
            else:
                glyph = lookup(code)
                if not glyph and kind == _SYMBOL and code < 0x100:
                    glyph = lookup(0xF000 + code)
            if glyph > 0 and (not self.glyph_count or glyph < self.glyph_count):
                return glyph
        return 0


def _lookup(cmap: bytes, offset: int) -> Lookup | None:
    kind = struct.unpack_from(">H", cmap, offset)[0]
    if kind == 0:
        table = cmap[offset + 6 : offset + 262]
        return lambda code: table[code] if code < len(table) else 0
    if kind == 4:
        return _segmented(cmap, offset)
    if kind == 6:
        first, count = struct.unpack_from(">HH", cmap, offset + 6)
        count = min(count, (len(cmap) - offset - 10) // 2)
        glyphs = struct.unpack_from(f">{max(count, 0)}H", cmap, offset + 10)
        return lambda code: int(glyphs[code - first]) if first <= code < first + len(glyphs) else 0
    if kind in (12, 13):
        return _grouped(cmap, offset, is_many_to_one=kind == 13)
    return None


def _segmented(cmap: bytes, offset: int) -> Lookup:
    """Format 4. The lengths it states are not believed: they overflow in large fonts."""
    count = struct.unpack_from(">H", cmap, offset + 6)[0] // 2
    at = offset + 14
    ends = struct.unpack_from(f">{count}H", cmap, at)
    starts = struct.unpack_from(f">{count}H", cmap, at + 2 * count + 2)
    deltas = struct.unpack_from(f">{count}H", cmap, at + 4 * count + 2)
    ranges_at = at + 6 * count + 2
    ranges = struct.unpack_from(f">{count}H", cmap, ranges_at)

    def glyph(code: int) -> int:
        index = bisect.bisect_left(ends, code)
        if code > 0xFFFF or index >= count or starts[index] > code:
            return 0
        if ranges[index] in (0, 0xFFFF):
            return (code + int(deltas[index])) & 0xFFFF
        place = ranges_at + 2 * index + ranges[index] + 2 * (code - starts[index])
        if place + 2 > len(cmap):
            return 0
        found = int.from_bytes(cmap[place : place + 2], "big")
        return (found + int(deltas[index])) & 0xFFFF if found else 0

    return glyph


def _grouped(cmap: bytes, offset: int, is_many_to_one: bool) -> Lookup:
    count = struct.unpack_from(">L", cmap, offset + 12)[0]
    count = min(count, (len(cmap) - offset - 16) // 12)
    numbers = struct.unpack_from(f">{3 * max(count, 0)}L", cmap, offset + 16)
    starts, ends, glyphs = numbers[::3], numbers[1::3], numbers[2::3]

    def glyph(code: int) -> int:
        index = bisect.bisect_left(ends, code)
        if index >= len(ends) or starts[index] > code:
            return 0
        return int(glyphs[index]) + (0 if is_many_to_one else code - int(starts[index]))

    return glyph

"""A TrueType font cut down to some of its glyphs, for a PDF (ISO 32000-1, 9.9)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from ingest.ofd.sfnt import Sfnt, Unusable

_MOST_PARTS: Final = 2000
_LIMITS: Final = (0xFFFF, 0xFFF, 0xFFFF, 0xFFF, 2, 16, 64, 64, 64, 512, 0xFFF, 64, 16)
"""Of maxp, where a font has none: large enough for any glyph."""
_WORDS, _SCALE, _MORE, _TWO_SCALES, _MATRIX = 0x1, 0x8, 0x20, 0x40, 0x80


class Outlines:
    """The glyphs of a font with TrueType outlines."""

    def __init__(self, font: Sfnt) -> None:
        """Raises Unusable."""
        self._font = font
        self._glyf = font.table(b"glyf")
        head, loca = font.table(b"head"), font.table(b"loca")
        is_long = len(head) < 52 or struct.unpack_from(">h", head, 50)[0] != 0
        if is_long:
            self._places = struct.unpack(f">{len(loca) // 4}L", loca[: len(loca) // 4 * 4])
        else:
            short = struct.unpack(f">{len(loca) // 2}H", loca[: len(loca) // 2 * 2])
            self._places = tuple(2 * place for place in short)
        self.count = len(self._places) - 1
        if self.count < 1:
            raise Unusable("no glyphs")

    def glyph(self, number: int) -> bytes:
        """The bytes of a glyph; empty for one without an outline, or whose place is outside."""
        if not 0 <= number < self.count:
            return b""
        start, end = self._places[number], self._places[number + 1]
        data = self._glyf[start:end] if start < end else b""
        return data if len(data) >= 10 else b""

    def subset(self, glyphs: Sequence[int], advances: Sequence[int]) -> bytes:
        """A font of these glyphs with these widths, in this order, and whatever they are composed of."""
        order = list(glyphs)
        places: dict[int, int] = {}
        for place, number in enumerate(order):
            places.setdefault(number, place)
        made: list[bytes] = []
        at = 0
        while at < len(order):
            data = self.glyph(order[at])
            if data[:2] and data[:1] >= b"\x80":
                data = self._recomposed(data, order, places)
            made.append(data + b"\0" * (-len(data) % 4))
            at += 1
        return self._file(order, made, advances)

    @staticmethod
    def _recomposed(data: bytes, order: list[int], places: dict[int, int]) -> bytes:
        """A composed glyph with the new numbers of its parts, which join the order."""
        changed, at = bytearray(data), 10
        for _ in range(64):
            if at + 4 > len(changed):
                return b""
            flags, part = struct.unpack_from(">HH", changed, at)
            if part not in places:
                if len(order) >= 65_000 or len(places) > 60_000 + _MOST_PARTS:
                    return b""
                places[part] = len(order)
                order.append(part)
            struct.pack_into(">H", changed, at + 2, places[part])
            at += 8 if flags & _WORDS else 6
            at += 2 if flags & _SCALE else 4 if flags & _TWO_SCALES else 8 if flags & _MATRIX else 0
            if not flags & _MORE:
                return bytes(changed)
        return b""

    def _file(self, order: list[int], made: list[bytes], advances: Sequence[int]) -> bytes:
        font, count = self._font, len(order)
        places, at = [0], 0
        for data in made:
            at += len(data)
            places.append(at)
        head = bytearray(font.table(b"head")[:54].ljust(54, b"\0"))
        struct.pack_into(">L", head, 0, 0x00010000)
        struct.pack_into(">L", head, 8, 0)
        struct.pack_into(">L", head, 12, 0x5F0F3CF5)
        struct.pack_into(">H", head, 18, font.units)
        struct.pack_into(">h", head, 50, 1)
        hhea = bytearray(font.table(b"hhea")[:36].ljust(36, b"\0"))
        struct.pack_into(">L", hhea, 0, 0x00010000)
        struct.pack_into(">H", hhea, 34, count)
        maxp = bytearray(font.table(b"maxp")[:32].ljust(32, b"\0"))
        if len(font.table(b"maxp")) < 32:
            struct.pack_into(
                ">13H", maxp, 6, 0xFFFF, 0xFFF, 0xFFFF, 0xFFF, 2, 16, 64, 64, 64, 512, 0xFFF, 64, 16
            )
        struct.pack_into(">LH", maxp, 0, 0x00010000, count)
        bearings = [struct.unpack_from(">h", data, 2)[0] if data else 0 for data in made]
        widths = [*advances, *(font.advance(number) for number in order[len(advances) :])]
        hmtx = b"".join(
            struct.pack(">Hh", width, bearing) for width, bearing in zip(widths, bearings, strict=True)
        )
        tables = {
            b"glyf": b"".join(made) or b"\0\0\0\0",
            b"head": bytes(head),
            b"hhea": bytes(hhea),
            b"hmtx": hmtx,
            b"loca": struct.pack(f">{len(places)}L", *places),
            b"maxp": bytes(maxp),
        }
        for tag in (b"cvt ", b"fpgm", b"prep"):
            if font.table(tag):
                tables[tag] = font.table(tag)
        return assembled(b"\x00\x01\x00\x00", tables)


def assembled(magic: bytes, tables: dict[bytes, bytes]) -> bytes:
    """A font file of its tables, with checksums."""
    count = len(tables)
    power = count.bit_length() - 1
    out = bytearray(struct.pack(">4sHHHH", magic, count, 16 << power, power, 16 * count - (16 << power)))
    at = 12 + 16 * count
    body = bytearray()
    for tag in sorted(tables):
        data = tables[tag]
        padded = data + b"\0" * (-len(data) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}L", padded)) & 0xFFFFFFFF
        out += struct.pack(">4sLLL", tag, checksum, at + len(body), len(data))
        body += padded
    return bytes(out + body)

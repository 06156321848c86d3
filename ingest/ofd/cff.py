"""Glyphs of a Compact Font Format font taken out and put into a small CID-keyed one for a PDF.

Source: Adobe Technical Notes 5176 (CFF) and 5177 (Type 2 charstrings). Subroutines are written out where
they are called, so that a glyph stands alone; hints stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.ofd.sfnt import Unusable

_MOST_GLYPHS: Final = 65_535
_MOST_KEPT: Final = 16_384
"""Glyphs that are kept for the next file, of fonts that stay open."""
_MOST_DEPTH: Final = 12
_MOST_CHARSTRING: Final = 256 * 1024
_STEMS: Final = frozenset({1, 3, 18, 23})
_MASKS: Final = frozenset({19, 20})
_MOVES: Final = {21: 2, 4: 1, 22: 1}
_CALL, _CALL_GLOBAL, _RETURN, _END, _ESCAPE = 10, 29, 11, 14, 12

Dict = dict[int, list[float]]


class Index:
    """An INDEX: byte strings by number, read when they are asked for."""

    def __init__(self, data: bytes, at: int) -> None:
        try:
            self.count = struct.unpack_from(">H", data, at)[0]
            if not self.count:
                self._size, self._start, self._base, self.end = 1, at, at, at + 2
                return
            self._size = data[at + 2]
        except (struct.error, IndexError) as error:
            raise Unusable("a broken INDEX") from error
        if not 1 <= self._size <= 4:
            raise Unusable("a broken INDEX")
        self._data = data
        self._start = at + 3
        self._base = self._start + self._size * (self.count + 1) - 1
        self.end = self._base + self._offset(self.count)
        if self.end > len(data) + 4 or self.end < self._base:
            raise Unusable("a broken INDEX")

    def _offset(self, number: int) -> int:
        place = self._start + self._size * number
        return int.from_bytes(self._data[place : place + self._size], "big")

    def __getitem__(self, number: int) -> bytes:
        if not 0 <= number < self.count:
            return b""
        return self._data[self._base + self._offset(number) : self._base + self._offset(number + 1)]


def read_dict(data: bytes) -> Dict:
    """A DICT: operators (two-byte ones as 1200 + second byte) and their operands."""
    found: Dict = {}
    operands: list[float] = []
    at = 0
    while at < len(data):
        byte = data[at]
        at += 1
        if byte <= 21:
            if byte == _ESCAPE:
                byte = 1200 + (data[at] if at < len(data) else 0)
                at += 1
            found[byte] = operands
            operands = []
        elif byte == 30:
            text, at = _real(data, at)
            operands.append(text)
        elif byte in (28, 29):
            size = 2 if byte == 28 else 4
            operands.append(int.from_bytes(data[at : at + size], "big", signed=True))
            at += size
        elif byte <= 246:
            operands.append(byte - 139)
        elif byte <= 254:
            low = data[at] if at < len(data) else 0
            operands.append(
                (byte - 247) * 256 + low + 108 if byte <= 250 else -(byte - 251) * 256 - low - 108
            )
            at += 1
    return found


def _real(data: bytes, at: int) -> tuple[float, int]:
    text = ""
    while at < len(data):
        byte = data[at]
        at += 1
        for nibble in (byte >> 4, byte & 15):
            if nibble == 15:
                try:
                    return float(text), at
                except ValueError:
                    return 0.0, at
            text += "0123456789.EE?-"[nibble] + ("-" if nibble == 12 else "")
    return 0.0, at


@dataclass
class _Private:
    """What the charstrings of one font dictionary refer to."""

    subroutines: Index | None = None
    default_width: float = 0.0
    nominal_width: float = 0.0


@dataclass(frozen=True)
class Charstring:
    """A glyph: its hints, its outline, and its width in font units, which both are without."""

    hints: bytes
    outline: bytes
    width: float

    def written(self, width: int, shift: int = 0) -> bytes:
        """The charstring with a width, moved to the right."""
        move = _integer(shift) + bytes((22,)) if shift else b""
        return _integer(width) + self.hints + move + self.outline


@dataclass
class _Run:
    """A charstring while it is written out: pieces of it, each a number or an operator with its mask."""

    pieces: list[bytes] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    """Operands since the last operator that clears them; the last pieces are these numbers."""
    stems: int = 0
    width: float | None = None
    drawing_at: int | None = None
    """How many pieces stand before the operands of the first move."""
    has_begun: bool = False
    size: int = 0


class Outlines:
    """The glyphs of a CFF table."""

    def __init__(self, data: bytes) -> None:
        """Raises Unusable."""
        self._known: dict[int, Charstring] = {}
        try:
            self._read(data)
        except (struct.error, IndexError, OverflowError) as error:
            raise Unusable("a broken CFF table") from error

    def _read(self, data: bytes) -> None:
        names = Index(data, data[2])
        tops = Index(data, names.end)
        strings = Index(data, tops.end)
        self._global = Index(data, strings.end)
        top = read_dict(tops[0])
        if 17 not in top or not top[17] or int(top.get(1206, [2])[0]) != 2:
            raise Unusable("no Type 2 charstrings")
        self._charstrings = Index(data, int(top[17][0]))
        self.count = self._charstrings.count
        if not self.count:
            raise Unusable("no glyphs")
        matrix = top.get(1207)
        self._selected: bytes | list[int] = b""
        if 1236 in top:
            dicts = Index(data, int(top[1236][0]))
            fonts = [read_dict(dicts[number]) for number in range(min(dicts.count, 256))]
            self._privates = [_private(data, font) for font in fonts] or [_Private()]
            matrix = matrix or (fonts[0].get(1207) if fonts else None)
            if 1237 in top:
                self._selected = _selection(data, int(top[1237][0]), self.count)
        else:
            self._privates = [_private(data, top)]
        self.matrix = matrix if matrix and len(matrix) == 6 and matrix[0] > 0 else None
        self.units = 1 / self.matrix[0] if self.matrix else 1000.0

    def glyph(self, number: int) -> Charstring:
        """A glyph's charstring without calls."""
        found = self._known.get(number)
        if found is None:
            found = self._written_out(number)
            if len(self._known) < _MOST_KEPT:
                self._known[number] = found
        return found

    def _written_out(self, number: int) -> Charstring:
        chosen = self._selected[number] if number < len(self._selected) else 0
        private = self._privates[chosen] if chosen < len(self._privates) else self._privates[0]
        run = _Run()
        ended = self._expand(self._charstrings[number], run, private, 0)
        if not ended:
            run.pieces.append(bytes((_END,)))
        width = private.default_width if run.width is None else private.nominal_width + run.width
        hints = b"".join(run.pieces[: run.drawing_at or 0])
        return Charstring(hints, b"".join(run.pieces[run.drawing_at or 0 :]), width)

    def _expand(self, code: bytes, run: _Run, private: _Private, depth: int) -> bool:
        """Write out ``code``; whether the glyph has ended."""
        at, length = 0, len(code)
        pieces, numbers = run.pieces, run.numbers
        run.size += length
        if depth > _MOST_DEPTH or run.size > _MOST_CHARSTRING:
            return True
        while at < length:
            byte = code[at]
            if byte >= 32 or byte == 28:
                at = _push(code, at, pieces, numbers)
                continue
            at += 1
            if byte in (_CALL, _CALL_GLOBAL):
                called = private.subroutines if byte == _CALL else self._global
                if not numbers or called is None:
                    return False
                pieces.pop()
                number = int(numbers.pop()) + _bias(called.count)
                if self._expand(called[number], run, private, depth + 1):
                    return True
            elif byte == _RETURN:
                return False
            elif byte == _ESCAPE:
                pieces.append(code[at - 1 : at + 1])
                if code[at : at + 1] >= b"\x22":  # a flex; the others are arithmetic and leave a number
                    numbers.clear()
                at += 1
            else:
                at = self._operate(code, at, byte, run)
                if byte == _END:
                    return True
        return False

    def _operate(self, code: bytes, at: int, byte: int, run: _Run) -> int:
        count = len(run.numbers)
        if byte in _STEMS or byte in _MASKS:
            self._begin(run, count % 2 == 1)
            run.stems += len(run.numbers) // 2
        elif byte in _MOVES:
            self._begin(run, count > _MOVES[byte])
            if run.drawing_at is None:
                run.drawing_at = len(run.pieces) - len(run.numbers)
        elif byte == _END:
            self._begin(run, count in (1, 5))  # four are an accented letter's (5177, appendix C)
        mask = (run.stems + 7) // 8 if byte in _MASKS else 0
        run.pieces.append(code[at - 1 : at + mask])
        run.numbers.clear()
        return at + mask

    @staticmethod
    def _begin(run: _Run, has_width: bool) -> None:
        """Take off the width, which may stand before the operands of the first operator."""
        if has_width and not run.has_begun:
            del run.pieces[len(run.pieces) - len(run.numbers)]
            run.width = run.numbers.pop(0)
        run.has_begun = True


def _push(code: bytes, at: int, pieces: list[bytes], numbers: list[float]) -> int:
    byte = code[at]
    if byte == 28:
        end = at + 3
        numbers.append(int.from_bytes(code[at + 1 : end], "big", signed=True))
    elif byte <= 246:
        end = at + 1
        numbers.append(byte - 139)
    elif byte < 255:
        end = at + 2
        numbers.append(_short(byte, code[at + 1] if end <= len(code) else 0))
    else:
        end = at + 5
        numbers.append(int.from_bytes(code[at + 1 : end], "big", signed=True) / 65536)
    pieces.append(code[at:end])
    return end


def _short(byte: int, low: int) -> int:
    """An integer in two bytes, the same in dictionaries and charstrings."""
    return (byte - 247) * 256 + low + 108 if byte <= 250 else -(byte - 251) * 256 - low - 108


def _bias(count: int) -> int:
    return 107 if count < 1240 else 1131 if count < 33900 else 32768


def _private(data: bytes, font: Dict) -> _Private:
    size, at = (int(value) for value in font[18]) if len(font.get(18, [])) == 2 else (0, 0)
    if size <= 0 or at <= 0:
        return _Private()
    found = read_dict(data[at : at + size])
    private = _Private(
        default_width=(found.get(20) or [0.0])[0],
        nominal_width=(found.get(21) or [0.0])[0],
    )
    if found.get(19):
        private.subroutines = Index(data, at + int(found[19][0]))
    return private


def _selection(data: bytes, at: int, count: int) -> bytes | list[int]:
    """The font dictionary of each glyph."""
    if data[at] == 0:
        return data[at + 1 : at + 1 + count]
    ranges = struct.unpack_from(">H", data, at + 1)[0]
    selected: list[int] = []
    for number in range(ranges):
        first, chosen, end = struct.unpack_from(">HBH", data, at + 3 + 3 * number)
        if first != len(selected) or end < first:
            raise Unusable("a broken FDSelect")
        selected.extend([chosen] * min(end - first, _MOST_GLYPHS))
    return selected


def subset(name: str, glyphs: Sequence[bytes], matrix: list[float] | None) -> bytes:
    """A CID-keyed font of whole charstrings, numbered in this order."""
    strings = _index([b"Adobe", b"Identity"])
    head = b"\x01\x00\x04\x04" + _index([name.encode("ascii", "replace")])
    registry = _operand(391) + _operand(392) + _operand(0) + b"\x0c\x1e"
    scale = b"".join(_real_operand(value) for value in matrix) + b"\x0c\x07" if matrix else b""
    top_size = len(registry) + len(scale) + 5 + 2 + 5 + 1 + 5 + 1 + 5 + 2 + 5 + 2
    body_at = len(head) + (2 + 1 + 2 * 4) + top_size + len(strings) + 2
    charset = b"\x02" + struct.pack(">HH", 1, len(glyphs) - 2) if len(glyphs) > 1 else b"\x00"
    chosen = struct.pack(">BHHBH", 3, 1, 0, 0, len(glyphs))
    private = _operand(0) + bytes((20,)) + _operand(0) + bytes((21,))
    charset_at = body_at
    chosen_at = charset_at + len(charset)
    private_at = chosen_at + len(chosen)
    fonts_at = private_at + len(private)
    fonts = _index([_operand(len(private)) + _operand(private_at) + bytes((18,))])
    charstrings_at = fonts_at + len(fonts)
    top = b"".join(
        (
            registry, scale,
            _operand(len(glyphs)), b"\x0c\x22",
            _operand(charset_at), bytes((15,)),
            _operand(charstrings_at), bytes((17,)),
            _operand(fonts_at), b"\x0c\x24",
            _operand(chosen_at), b"\x0c\x25",
        )
    )  # fmt: skip
    parts = (
        head,
        _index([top], 4),
        strings,
        _index([]),
        charset,
        chosen,
        private,
        fonts,
        _index(glyphs),
    )
    return b"".join(parts)


def _index(items: Sequence[bytes], size: int = 0) -> bytes:
    if not items:
        return b"\0\0"
    total = sum(map(len, items)) + 1
    size = size or (total.bit_length() + 7) // 8
    places, at = [(1).to_bytes(size, "big")], 1
    for item in items:
        at += len(item)
        places.append(at.to_bytes(size, "big"))
    return struct.pack(">HB", len(items), size) + b"".join(places) + b"".join(items)


def _operand(value: int) -> bytes:
    """An integer of a DICT in five bytes, so that its length is known beforehand."""
    return b"\x1d" + struct.pack(">l", value)


def _integer(value: int) -> bytes:
    """An integer of a charstring."""
    value = max(-32768, min(32767, value))
    return bytes((value + 139,)) if -107 <= value <= 107 else b"\x1c" + struct.pack(">h", value)


def _real_operand(value: float) -> bytes:
    text = f"{value:.9f}".rstrip("0").rstrip(".") or "0"
    nibbles = ["0123456789.".index(letter) if letter != "-" else 14 for letter in text] + [15]
    if len(nibbles) % 2:
        nibbles.append(15)
    return b"\x1e" + bytes(nibbles[at] << 4 | nibbles[at + 1] for at in range(0, len(nibbles), 2))

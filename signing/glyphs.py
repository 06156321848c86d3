"""Text as vector outlines for signature appearances.

A Chinese font in every signature would cost hundreds of milliseconds and kilobytes, and an
unembedded one breaks PDF/A. Outlines cost almost nothing and need no font at all. They cannot be
searched: who needs the words finds them in the signature itself.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont

from core import fonts
from signing.errors import GlyphMissing

SANS: Final = fonts.SANS
SERIF: Final = fonts.SERIF
FALLBACK: Final = "□"
_LOADING: Final = threading.Lock()


@dataclass(frozen=True)
class Glyph:
    """``outline`` as PDF operators in font units, empty for a space; ``advance`` in ems."""

    outline: str
    advance: float
    units_per_em: int


class _Pen(BasePen):  # type: ignore[misc]
    def __init__(self, glyph_set: Any) -> None:
        super().__init__(glyph_set)
        self.segments: list[tuple[str, tuple[float, ...]]] = []

    def _moveTo(self, pt: tuple[float, float]) -> None:
        self.segments.append(("m", pt))

    def _lineTo(self, pt: tuple[float, float]) -> None:
        self.segments.append(("l", pt))

    def _curveToOne(
        self, pt1: tuple[float, float], pt2: tuple[float, float], pt3: tuple[float, float]
    ) -> None:
        self.segments.append(("c", (*pt1, *pt2, *pt3)))

    def _closePath(self) -> None:
        self.segments.append(("h", ()))

    def _endPath(self) -> None:
        self.segments.append(("h", ()))


@lru_cache(maxsize=4)
def _font(name: str) -> tuple[Any, dict[int, str], int]:
    font = TTFont(fonts.path(name), lazy=True)
    return font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm


@lru_cache(maxsize=16384)
def glyph(character: str, font: str = SANS) -> Glyph:
    """The outline of one character. Raises GlyphMissing."""
    with _LOADING:  # a lazily read font file has one position
        glyph_set, table, units = _font(font)
        name = table.get(ord(character))
        if name is None:
            raise GlyphMissing(character=character)
        pen = _Pen(glyph_set)
        glyph_set[name].draw(pen)
        outline = " ".join(
            " ".join([*(f"{number:g}" for number in numbers), letter]) for letter, numbers in pen.segments
        )
        return Glyph(outline, glyph_set[name].width / units, units)


def drawable(text: str, font: str = SANS) -> str:
    """``text`` with characters that the font lacks replaced, and controls left out."""
    kept = []
    for character in text:
        if not character.isprintable():
            continue
        try:
            glyph(character, font)
        except GlyphMissing:
            kept.append(FALLBACK)
        else:
            kept.append(character)
    return "".join(kept)


def width(text: str, size: float, font: str = SANS) -> float:
    """How wide a line is, in the unit of ``size``."""
    return sum(glyph(character, font).advance for character in text) * size


def place(
    character: str,
    x: float,
    y: float,
    size: float,
    *,
    turn: float = 0.0,
    stretch: float = 1.0,
    centred: bool = False,
    font: str = SANS,
) -> str:
    """PDF operators that fill one character with its baseline at (x, y), turned by ``turn`` radians.

    ``stretch`` scales along the baseline; ``centred`` puts the middle of the advance at x.
    """
    drawn = glyph(character, font)
    if not drawn.outline:
        return ""
    scale = size / drawn.units_per_em
    cosine, sine = math.cos(turn), math.sin(turn)
    if centred:
        half = drawn.advance * size * stretch / 2
        x, y = x - cosine * half, y - sine * half
    matrix = (cosine * scale * stretch, sine * scale * stretch, -sine * scale, cosine * scale, x, y)
    return f"q {' '.join(f'{value:.5f}' for value in matrix)} cm {drawn.outline} f Q"


def line(text: str, x: float, y: float, size: float, font: str = SANS) -> str:
    """PDF operators for a line of text with its baseline beginning at (x, y)."""
    parts = []
    for character in text:
        parts.append(place(character, x, y, size, font=font))
        x += glyph(character, font).advance * size
    return "\n".join(part for part in parts if part)


def fitted(text: str, size: float, room: float, font: str = SANS) -> str:
    """``text``, cut with an ellipsis where it is wider than ``room``."""
    if width(text, size, font) <= room:
        return text
    while text and width(text + "…", size, font) > room:
        text = text[:-1]
    return text + "…"


def wrapped(text: str, size: float, room: float, most: int, font: str = SANS) -> list[str]:
    """``text`` in at most ``most`` lines no wider than ``room``; the last is cut where needed."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most - 1:
        count = len(rest)
        while count > 1 and width(rest[:count], size, font) > room:
            count -= 1
        lines.append(rest[:count])
        rest = rest[count:]
    return [*lines, fitted(rest, size, room, font)] if rest else lines

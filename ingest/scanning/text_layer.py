"""Recognised words as invisible text over a page, so that they can be searched, selected and copied.

One font without visible glyphs serves all scripts: two boxes, of a full and of half a letter's width, to
which every character is mapped; what they mean says the ToUnicode map. The font is embedded and its widths
are right, so that PDF/A stays PDF/A (ISO 19005-2, 6.2.11).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache
from typing import Final

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, Stream

from ingest.scanning.recognition import units
from ingest.words import Page, Word

_ASCENT: Final = 800
_DESCENT: Final = -200
"""Thousandths of the type size: a word's box is filled from one to the other."""
_NAME: Final = "VRMLNA+InvisibleBoxes"
Frame = Callable[[float, float], tuple[float, float]]
"""From fractions of the shown page (from the left top) to the page's own coordinates, in points."""


class TextLayer:
    """The invisible text of one document: ``content`` for each page, then ``finish`` once."""

    def __init__(self, document: pikepdf.Pdf) -> None:
        self._document = document
        self._codes: dict[str, int] = {}
        self.font = document.make_indirect(Dictionary(Type=Name.Font))
        """For the resources of the pages; complete after ``finish``."""

    def content(self, words: Page, frame: Frame, font_name: str) -> bytes:
        """The operators that write the words; empty when there are none."""
        written = [piece for word in words for piece in self._word(word, frame, font_name)]
        return b"q BT 3 Tr\n" + b"\n".join(written) + b"\nET Q\n" if written else b""

    def _word(self, word: Word, frame: Frame, font_name: str) -> list[bytes]:
        text = "".join(letter for letter in word.text if letter.isprintable())
        place = word.place
        origin, right, top = (
            frame(place.left, place.bottom),
            frame(place.right, place.bottom),
            frame(place.left, place.top),
        )
        along, up = (right[0] - origin[0], right[1] - origin[1]), (top[0] - origin[0], top[1] - origin[1])
        wide, high = (along[0] ** 2 + along[1] ** 2) ** 0.5, (up[0] ** 2 + up[1] ** 2) ** 0.5
        if not text or wide < 0.01 or high < 0.01:
            return []
        if len(text) > 1 and high > 1.5 * wide:  # letters below each other
            step = (-up[0] / len(text), -up[1] / len(text))
            cell = (-step[0], -step[1])
            return [
                self._run(
                    letter,
                    (top[0] + step[0] * (at + 1), top[1] + step[1] * (at + 1)),
                    along,
                    cell,
                    font_name,
                )
                for at, letter in enumerate(text)
            ]
        return [self._run(text, origin, along, up, font_name)]

    def _run(
        self,
        text: str,
        origin: tuple[float, float],
        along: tuple[float, float],
        up: tuple[float, float],
        font_name: str,
    ) -> bytes:
        """Text that fills the box between the origin (left bottom), along its line, and up."""
        size = (up[0] ** 2 + up[1] ** 2) ** 0.5
        advance = sum(units(letter) for letter in text) * size
        lift = -_DESCENT / 1000
        matrix = (
            along[0] / advance,
            along[1] / advance,
            up[0] / size,
            up[1] / size,
            origin[0] + up[0] * lift,
            origin[1] + up[1] * lift,
        )
        codes = "".join(f"{self._code(letter):04X}" for letter in text)
        numbers = " ".join(f"{number:.4f}" for number in matrix)
        return f"/{font_name} {size:.3f} Tf {numbers} Tm <{codes}> Tj".encode()

    def _code(self, letter: str) -> int:
        return self._codes.setdefault(letter, min(len(self._codes) + 1, 0xFFFF))

    def finish(self) -> None:
        """Write the font: only now is it known which characters there are."""
        make = self._document.make_indirect
        letters = list(self._codes)[:0xFFFF]
        widths = [1000 if units(letter) == 1 else 500 for letter in letters]
        glyphs = b"\x00\x00" + b"".join(b"\x00\x01" if width == 1000 else b"\x00\x02" for width in widths)
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/" + _NAME),
            Flags=4,
            FontBBox=Array([0, _DESCENT, 1000, _ASCENT]),
            ItalicAngle=0,
            Ascent=_ASCENT,
            Descent=_DESCENT,
            CapHeight=_ASCENT,
            StemV=80,
            FontFile2=make(self._packed(_font(), Length1=len(_font()))),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name("/" + _NAME),
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=make(descriptor),
            DW=1000,
            W=Array([1, Array(widths)]) if widths else Array(),
            CIDToGIDMap=make(self._packed(glyphs)),
        )
        self.font.Subtype = Name.Type0
        self.font.BaseFont = Name("/" + _NAME)
        self.font.Encoding = Name("/Identity-H")
        self.font.DescendantFonts = Array([make(descendant)])
        self.font.ToUnicode = make(self._packed(_to_unicode(letters)))

    def _packed(self, data: bytes, **entries: int) -> Stream:
        return Stream(self._document, zlib.compress(data, 9), Filter=Name.FlateDecode, **entries)


def _to_unicode(letters: list[str]) -> bytes:
    """The map from codes (from 1) to characters. Source: ISO 32000-1, 9.10.3."""
    head = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
    )
    blocks = []
    for start in range(0, len(letters), 100):
        block = letters[start : start + 100]
        rows = [
            f"<{code:04X}> <{letter.encode('utf-16-be', 'replace').hex().upper()}>"
            for code, letter in enumerate(block, start=start + 1)
        ]
        blocks.append(f"{len(block)} beginbfchar\n" + "\n".join(rows) + "\nendbfchar\n")
    tail = "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    return (head + "".join(blocks) + tail).encode("ascii")


@cache
def _font() -> bytes:
    """A TrueType font of three glyphs: none, a box of a full letter's width, and of half of it."""
    builder = FontBuilder(1000, isTTF=True)
    widths = {".notdef": 1000, "full": 1000, "half": 500}
    builder.setupGlyphOrder(list(widths))
    builder.setupCharacterMap({})
    glyphs = {}
    for name, width in widths.items():
        pen = TTGlyphPen(None)
        pen.moveTo((0, _DESCENT))
        for corner in ((0, _ASCENT), (width, _ASCENT), (width, _DESCENT)):
            pen.lineTo(corner)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (width, 0) for name, width in widths.items()})
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_DESCENT)
    builder.setupNameTable({"familyName": "InvisibleBoxes", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=_ASCENT, sTypoDescender=_DESCENT)
    builder.setupPost()
    builder.font.recalcTimestamp = False
    builder.font["head"].created = builder.font["head"].modified = 0
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()

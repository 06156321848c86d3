"""The fonts of a package: those inside it, and those that stand for the ones that are not.

Glyphs are collected while pages are drawn; each font is written once, cut down to them. No font is ever
taken from the machine, so that a file looks the same everywhere.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from core import fonts
from core.fonts import SANS, SERIF
from ingest.ofd import cff, truetype
from ingest.ofd.sfnt import Sfnt, Unusable

MOST_GLYPHS: Final = 60_000
_SERIF_NAMES: Final = re.compile(
    r"宋|楷|仿|明体|明體|小标|隶|行书|song|sim ?sun|fang|kai|ming|fzss|fzxbs"
    r"|times|roman|georgia|garamond|cambria|book ?antiqua|palatino|century"
    r"|(?<!sans )(?<!sans)(?<!sans-)serif",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fit:
    """Another width for a glyph, and how far it is moved in it; in thousandths of an em. TrueType glyphs
    are not moved."""

    advance: int
    shift: int


@dataclass(frozen=True)
class Drawn:
    """A glyph that a PDF uses, and the text that it stands for there."""

    number: int
    text: str
    fit: Fit | None = None


class Outline:
    """A font that glyphs can be taken from. Measures are in ems."""

    def __init__(self, data: bytes, wanted: str = "") -> None:
        """Raises Unusable."""
        self._sfnt: Sfnt | None = None
        if data[:1] == b"\x01" and data[1:2] <= b"\x01" and data[:4] != b"\x01\0\0\0":
            self._cff: cff.Outlines | None = cff.Outlines(data)
        else:
            self._sfnt = Sfnt(data, wanted)
            self._cff = cff.Outlines(self._sfnt.table(b"CFF ")) if self._sfnt.is_cff else None
        if self._cff is None:
            assert self._sfnt is not None
            self._glyf: truetype.Outlines | None = truetype.Outlines(self._sfnt)
            self.units, self.count = float(self._sfnt.units), self._glyf.count
        else:
            self._glyf = None
            self.units, self.count = self._cff.units, self._cff.count
        self.is_cff = self._cff is not None
        self._widths: dict[int, float] = {}

    def glyph_of(self, character: str) -> int:
        """The glyph of a character, 0 when there is none."""
        found = self._sfnt.glyph_of(character) if self._sfnt else 0
        return found if found < self.count else 0

    def advance(self, glyph: int) -> float:
        """How far a glyph moves on."""
        if self._sfnt is not None and (self._cff is None or self._sfnt.has_advances):
            return self._sfnt.advance(glyph) / self._sfnt.units
        if glyph not in self._widths:
            assert self._cff is not None
            self._widths[glyph] = self._cff.glyph(glyph).width / self.units
        return self._widths[glyph]

    def box(self) -> list[int]:
        """The box around all glyphs, in thousandths of an em."""
        head = self._sfnt.table(b"head") if self._sfnt else b""
        if self._sfnt is None or len(head) < 44:
            return [-200, -250, 1200, 950]
        sides = struct.unpack_from(">4h", head, 36)
        return [round(side * 1000 / self._sfnt.units) for side in sides]

    def heights(self) -> tuple[int, int]:
        """How far letters reach up and down from the line, in thousandths of an em: who reads the PDF's text
        tells lines apart by it, so that what no line of text can have is not believed."""
        up, down = 880, -120
        if self._sfnt is not None:
            typographic, hhea = self._sfnt.table(b"OS/2"), self._sfnt.table(b"hhea")
            if len(typographic) >= 72:
                up, down = struct.unpack_from(">2h", typographic, 68)
            elif len(hhea) >= 8:
                up, down = struct.unpack_from(">2h", hhea, 4)
            up, down = round(up * 1000 / self._sfnt.units), round(down * 1000 / self._sfnt.units)
        return max(600, min(950, up)), max(-300, min(-100, down))

    def subset(self, name: str, glyphs: list[Drawn]) -> bytes:
        """A font file of these glyphs in this order, the first being .notdef."""
        widths = [
            round((glyph.fit.advance / 1000 if glyph.fit else self.advance(glyph.number)) * self.units)
            for glyph in glyphs
        ]
        if self._glyf is not None:
            return self._glyf.subset([glyph.number for glyph in glyphs], widths)
        assert self._cff is not None
        drawn = []
        for glyph, width in zip(glyphs, widths, strict=True):
            shift = glyph.fit.shift / 1000 if glyph.fit else 0.0
            drawn.append(self._cff.glyph(glyph.number).written(width, round(shift * self.units)))
        return cff.subset(name, drawn, self._cff.matrix if self._cff.units != 1000 else None)


@lru_cache(maxsize=2)
def _installed(name: str) -> Outline:
    """A font of the product: read once in the worker's life."""
    return Outline(fonts.path(name).read_bytes())


class Face:
    """A font as one PDF uses it: the glyphs drawn so far, numbered from 1."""

    def __init__(self, outline: Outline, name: str, *, is_substitute: bool, tag: int) -> None:
        self.outline = outline
        self.is_substitute = is_substitute
        self.resource = f"/F{tag}"
        self._name = f"{_letters(tag)}+{re.sub(r'[^A-Za-z0-9-]', '', name)[:60] or 'Font'}"
        self._codes: dict[Drawn, int] = {}

    @property
    def is_used(self) -> bool:
        """Whether anything was drawn with it."""
        return bool(self._codes)

    def code(self, glyph: Drawn) -> int:
        """The number of a glyph in the PDF's font; one that stands for another text is another one."""
        found = self._codes.get(glyph)
        if found is None:
            if len(self._codes) >= MOST_GLYPHS:
                return 1
            found = self._codes[glyph] = len(self._codes) + 1
        return found

    def write(self, document: pikepdf.Pdf, target: Dictionary) -> None:
        """Fill ``target`` with the font's dictionary (ISO 32000-1, 9.7)."""
        glyphs = [Drawn(0, ""), *self._codes]
        file = Stream(document, self.outline.subset(self._name, glyphs))
        if self.outline.is_cff:
            file.Subtype = Name.CIDFontType0C
        box = self.outline.box()
        up, down = self.outline.heights()
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/" + self._name),
            Flags=4,
            FontBBox=Array(box),
            ItalicAngle=0,
            Ascent=up,
            Descent=down,
            CapHeight=up,
            StemV=80,
        )
        descriptor[Name.FontFile3 if self.outline.is_cff else Name.FontFile2] = document.make_indirect(file)
        widths = [
            glyph.fit.advance if glyph.fit else round(self.outline.advance(glyph.number) * 1000, 2)
            for glyph in glyphs
        ]
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType0 if self.outline.is_cff else Name.CIDFontType2,
            BaseFont=Name("/" + self._name),
            CIDSystemInfo=Dictionary(
                Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
            ),
            FontDescriptor=document.make_indirect(descriptor),
            DW=1000,
            W=Array([0, Array(widths)]),
        )
        if not self.outline.is_cff:
            descendant.CIDToGIDMap = Name.Identity
        target.Type = Name.Font
        target.Subtype = Name.Type0
        target.BaseFont = Name("/" + self._name)
        target.Encoding = Name("/Identity-H")
        target.DescendantFonts = Array([document.make_indirect(descendant)])
        target.ToUnicode = document.make_indirect(Stream(document, self._to_unicode()))

    def _to_unicode(self) -> bytes:
        """The text of every glyph (ISO 32000-1, 9.10.3)."""
        lines = [
            f"<{code:04X}> <{glyph.text.encode('utf-16-be', 'replace').hex().upper()}>"
            for glyph, code in self._codes.items()
            if glyph.text
        ]
        parts = [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000> <FFFF> endcodespacerange",
        ]
        for at in range(0, len(lines), 100):
            block = lines[at : at + 100]
            parts += [f"{len(block)} beginbfchar", *block, "endbfchar"]
        parts.append("endcmap CMapName currentdict /CMap defineresource pop end end")
        return "\n".join(parts).encode()


def _letters(number: int) -> str:
    """Six capitals, as the name of a subset begins."""
    found = ""
    for _ in range(6):
        found = chr(65 + number % 26) + found
        number //= 26
    return found


@dataclass(frozen=True)
class Font:
    """A font of the resources: the faces to look for a glyph in, the font's own first when it is there."""

    faces: tuple[Face, ...]
    is_bold: bool = False
    is_italic: bool = False

    @property
    def is_embedded(self) -> bool:
        """Whether the package holds the font itself: only then do glyph numbers mean anything."""
        return not self.faces[0].is_substitute

    def glyph_of(self, character: str) -> tuple[Face, int]:
        """The first face that has a character, and its glyph there; else the box for a missing one."""
        for face in self.faces:
            glyph = face.outline.glyph_of(character)
            if glyph:
                return face, glyph
        return self.faces[-1], 0


class Shelf:
    """All faces that a PDF uses."""

    def __init__(self, document: pikepdf.Pdf) -> None:
        self._document = document
        self._faces: dict[str, tuple[Face, Dictionary]] = {}

    def embedded(self, key: str, data: bytes, name: str) -> Face:
        """The face of a font file, ``key`` being its place. Raises Unusable."""
        if key not in self._faces:
            self._add(key, Outline(data, name), name, is_substitute=False)
        return self._faces[key][0]

    def known(self, key: str) -> Face | None:
        """A face that was opened before."""
        found = self._faces.get(key)
        return found[0] if found else None

    def substitutes(self, name: str, is_serif: bool = False) -> tuple[Face, Face]:
        """What stands for a font that is not there: the nearer face first."""
        files = (SERIF, SANS) if is_serif or _SERIF_NAMES.search(name) else (SANS, SERIF)
        first, second = (self._substitute(file) for file in files)
        return first, second

    def _substitute(self, file: str) -> Face:
        if file not in self._faces:
            self._add(file, _installed(file), Path(file).stem, is_substitute=True)
        return self._faces[file][0]

    def _add(self, key: str, outline: Outline, name: str, *, is_substitute: bool) -> None:
        face = Face(outline, name, is_substitute=is_substitute, tag=len(self._faces) + 1)
        self._faces[key] = (face, self._document.make_indirect(Dictionary()))

    def dictionary(self, face: Face) -> Dictionary:
        """The PDF object of a face, which is filled at the end."""
        return next(target for known, target in self._faces.values() if known is face)

    def write(self) -> None:
        """Write every face that was drawn with."""
        for face, target in self._faces.values():
            if face.is_used:
                face.write(self._document, target)


__all__ = ["Drawn", "Face", "Fit", "Font", "Outline", "Shelf", "Unusable"]

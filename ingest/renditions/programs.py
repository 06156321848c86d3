"""Font programs as PDF embeds them: which glyph a code means, how wide it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

from fontTools.agl import AGL2UV
from fontTools.cffLib import CFFFontSet
from fontTools.encodings.MacRoman import MacRoman
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.t1Lib import T1Font
from fontTools.ttLib import TTFont, TTLibError
from pikepdf import Array, Dictionary, Name, Stream

from ingest.errors import FileBroken


class Program:
    """A font program. ``glyph`` is a glyph's number or, in CFF by name, its name."""

    def __init__(self, truetype: Any, cff: Any, type1: Any = None) -> None:
        self.truetype: Any = truetype
        self.cff: Any = cff
        self.type1: Any = type1
        if type1 is not None:
            self._units = 1 / (type1["FontMatrix"][0] or 0.001)
        elif truetype is not None:
            self._units = truetype["head"].unitsPerEm
            self._metrics = truetype["hmtx"].metrics
            self._order = truetype.getGlyphOrder()
        else:
            matrix = getattr(cff, "FontMatrix", None) or [0.001]
            self._units = 1 / matrix[0] if matrix[0] else 1000

    @property
    def is_cid_keyed(self) -> bool:
        return self.cff is not None and hasattr(self.cff, "ROS")

    def name(self, number: int) -> str | None:
        """The name of the glyph with this number."""
        order = self._order if self.truetype is not None else self.cff.charset
        return order[number] if 0 <= number < len(order) else None

    def is_notdef(self, glyph: str) -> bool:
        return glyph in (".notdef", "cid00000")

    def width(self, glyph: str) -> float:
        """In thousandths of an em."""
        if self.truetype is not None:
            return float(self._metrics[glyph][0] * 1000 / self._units)
        outline = (self.type1["CharStrings"] if self.type1 is not None else self.cff.CharStrings)[glyph]
        outline.decompile()
        bounds = _Ignoring()
        outline.draw(bounds)
        return float(outline.width * 1000 / self._units)


class _Ignoring:
    """A pen that draws nothing; drawing is what makes fontTools read a width."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_arguments, **_options: None


def read(data: bytes, key: str, subtype: str) -> Program:
    """The program in a font descriptor. Raises FileBroken."""
    try:
        if key == "/FontFile":
            return Program(None, None, _type1(data))
        if key == "/FontFile2" or subtype == "/OpenType":
            font = TTFont(io.BytesIO(data), lazy=True)
            if "CFF " in font:
                return Program(None, font["CFF "].cff[0])
            for table in ("glyf", "head", "hhea", "hmtx", "loca", "maxp"):
                font[table]
            return Program(font, None)
        if key == "/FontFile3" and subtype in ("/Type1C", "/CIDFontType0C"):
            fonts = CFFFontSet()
            fonts.decompile(io.BytesIO(data), None)
            return Program(None, fonts[0])
    except (TTLibError, KeyError, IndexError, ValueError, AssertionError, AttributeError, TypeError) as error:
        raise FileBroken(reason="font program") from error
    raise FileBroken(reason="kind of font program")


def _type1(data: bytes) -> Any:
    """A Type 1 program, parsed from memory: fontTools' own way begins with a file."""
    if b"eexec" not in data[:65_536]:
        raise FileBroken(reason="font program")
    font = T1Font.__new__(T1Font)
    font.encoding = "latin-1"
    font.data = data
    try:
        font.parse()
    except Exception as error:  # an interpreter of PostScript raises whatever the program makes it
        raise FileBroken(reason="font program") from error
    return font


def cid_mapping(program: Program, kind: str, mapping: Any) -> Callable[[int], str | None]:
    """From CID to glyph (ISO 32000-1, 9.7.4.2)."""
    if kind == "/CIDFontType2":
        if program.truetype is None:
            raise FileBroken(reason="font program")
        if isinstance(mapping, Stream):
            table = mapping.read_bytes()
            return lambda cid: program.name(int.from_bytes(table[2 * cid : 2 * cid + 2], "big"))
        if isinstance(mapping, Name) and str(mapping) == "/Identity":
            return program.name
        raise FileBroken(reason="CIDToGIDMap")
    if kind == "/CIDFontType0" and program.cff is not None:
        if program.is_cid_keyed:
            known = set(program.cff.charset)
            return lambda cid: name if (name := f"cid{cid:05d}") in known else None
        return program.name
    raise FileBroken(reason="kind of font")


def names_of(encoding: Any, base: list[str]) -> list[str]:
    """The glyph names of a simple font's 256 codes."""
    names = list(base)
    if isinstance(encoding, Dictionary):
        if "/BaseEncoding" in encoding:
            names = list(_base(encoding.BaseEncoding))
        code = 0
        for one in encoding.get("/Differences", ()):
            if isinstance(one, Name):
                if code < 256:
                    names[code] = str(one)[1:]
                code += 1
            else:
                code = int(one)
    elif isinstance(encoding, Name):
        names = list(_base(encoding))
    return names


def _base(name: Any) -> list[str]:
    known = {"/WinAnsiEncoding": WIN_ANSI, "/MacRomanEncoding": list(MacRoman),
             "/StandardEncoding": list(StandardEncoding)}  # fmt: skip
    if str(name) not in known:
        raise FileBroken(reason="encoding")
    return known[str(name)]


_GLYPH_OF: Final = {value: name for name, value in reversed(list(AGL2UV.items()))}


def _win_ansi() -> list[str]:
    names = []
    for code in range(256):
        letter = bytes((code,)).decode("cp1252", "replace")
        names.append(_PREFERRED.get(code) or _STANDARD_NAMES.get(ord(letter), ".notdef"))
    return names


_STANDARD_NAMES: Final = {
    value: name
    for name, value in AGL2UV.items()
    if name in set(StandardEncoding) | set(MacRoman) or (len(name) > 1 and value < 0x2200 and name.isalpha())
}
_PREFERRED: Final = {0x20: "space", 0x2D: "hyphen", 0xA0: "space", 0xAD: "hyphen", 0xB5: "mu", 0x80: "Euro",
                     0x7F: "bullet", 0x81: "bullet", 0x8D: "bullet", 0x8F: "bullet", 0x90: "bullet",
                     0x9D: "bullet", 0xAF: "macron", 0xB7: "periodcentered"}  # fmt: skip
WIN_ANSI: Final = _win_ansi()


def type1_encoding(program: Program, encoding: Any) -> Callable[[int], str | None]:
    """By glyph names in a CFF program; its own encoding where the file names none."""
    if program.type1 is not None:
        return _type1_names(program, encoding)
    if program.cff is None or program.is_cid_keyed:
        raise FileBroken(reason="font program")
    own = program.cff.Encoding
    if own == "StandardEncoding":
        own = list(StandardEncoding)
    if not isinstance(own, list):
        raise FileBroken(reason="encoding")
    names = names_of(encoding, own)
    known = set(program.cff.charset)
    return lambda code: names[code] if names[code] in known else None


def _type1_names(program: Program, encoding: Any) -> Callable[[int], str | None]:
    own = list(program.type1["Encoding"])
    names = names_of(encoding, own if len(own) == 256 else list(StandardEncoding))
    known = program.type1["CharStrings"]
    return lambda code: names[code] if names[code] in known else None


def symbolic_encoding(program: Program) -> Callable[[int], str | None]:
    """A symbolic TrueType font: the one table it has, or (3, 0) (6.2.11.6)."""
    tables = _tables(program)
    chosen = next((one for one in tables if (one.platformID, one.platEncID) == (3, 0)), None)
    if chosen is None and len(tables) == 1:
        chosen = tables[0]
    if chosen is None:
        raise FileBroken(reason="table of a symbolic font")
    known = chosen.cmap
    return lambda code: next(
        (known[base + code] for base in (0xF000, 0, 0xF100, 0xF200) if base + code in known), None
    )


def truetype_encoding(program: Program, encoding: Any) -> Callable[[int], str | None]:
    """A nonsymbolic TrueType font: names of the Adobe Glyph List through the Unicode table (6.2.11.6)."""
    base = encoding.get("/BaseEncoding") if isinstance(encoding, Dictionary) else encoding
    if str(base) not in ("/WinAnsiEncoding", "/MacRomanEncoding"):
        raise FileBroken(reason="encoding")
    unicode_table = next(
        (one.cmap for one in _tables(program) if (one.platformID, one.platEncID) == (3, 1)), None
    )
    if unicode_table is None:
        raise FileBroken(reason="Unicode table")
    names = names_of(encoding, WIN_ANSI)
    if isinstance(encoding, Dictionary) and isinstance(encoding.get("/Differences"), Array):
        for one in encoding.Differences:
            if isinstance(one, Name) and str(one)[1:] not in AGL2UV:
                raise FileBroken(reason="glyph name")
    return lambda code: unicode_table.get(AGL2UV.get(names[code], -1))


def _tables(program: Program) -> list[Any]:
    if program.truetype is None or "cmap" not in program.truetype:
        raise FileBroken(reason="table of characters")
    return list(program.truetype["cmap"].tables)

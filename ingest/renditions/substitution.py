"""Fonts that a PDF only names (SimSun in GBK, Helvetica) get a real one, made of the product's own.

The page's content stays: each code that is shown gets the glyph of its character, no wider than the file
says. A font whose codes cannot be told for certain is not touched, and the rendition is made another way.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pikepdf
from fontTools.agl import AGL2UV
from fontTools.encodings.StandardEncoding import StandardEncoding
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable
from pikepdf import Array, Dictionary, Name, Stream
from pypdf._codecs.core_font_metrics import CORE_FONT_METRICS

from core import fonts as files
from ingest.errors import FileBroken
from ingest.renditions import programs
from ingest.renditions.content import drawings
from ingest.renditions.fonts import Shown, descriptor_of, is_embedded, widths_of

_SERIF: Final = re.compile(r"song|sun|ming|kai|fang|times|serif|roman|georgia|宋|楷|仿", re.IGNORECASE)
_PICTURES: Final = re.compile(r"symbol|dingbat|wingding|webding|barcode|code\s*128", re.IGNORECASE)
_HALF: Final = range(0x20, 0x7F)


@dataclass(frozen=True)
class _Written:
    """How a predefined CMap writes characters: its codec and its code space."""

    codec: str
    space: str
    blank: int
    """The CID of the space in Adobe-GB1."""
    first: int
    """The CID of the exclamation mark; the others of ASCII follow it (half-width or proportional)."""


_GBK_SPACE: Final = "2 begincodespacerange <00> <80> <8140> <FEFE> endcodespacerange"
_WIDE_SPACE: Final = "1 begincodespacerange <0000> <FFFF> endcodespacerange"
_MAPS: Final = {
    "/GBK-EUC-H": _Written("gbk", _GBK_SPACE, 7716, 814),
    "/GBKp-EUC-H": _Written("gbk", _GBK_SPACE, 1, 2),
    "/GB-EUC-H": _Written("gb2312", _GBK_SPACE, 7716, 814),
    "/UniGB-UCS2-H": _Written("utf-16-be", _WIDE_SPACE, 1, 2),
}


def embed(document: pikepdf.Pdf) -> set[Any]:
    """Give every font that is named only a program; returns those fonts. Raises FileBroken."""
    for drawing in list(drawings(document)):
        listed = drawing.resources.get("/Font")
        for key in list(listed.keys()) if isinstance(listed, Dictionary) else ():
            if not listed[key].is_indirect:
                listed[key] = document.make_indirect(listed[key])
    shown, made = Shown(document), set()
    for key, font in shown.fonts.items():
        kind = str(font.get("/Subtype", ""))
        if kind == "/Type3" or is_embedded(font):
            continue
        name = str(font.get("/BaseFont", ""))
        if _PICTURES.search(name):
            raise FileBroken(reason="font of pictures")
        if kind == "/Type0":
            _embed_composite(document, font, shown.strings[key])
        else:
            _embed_simple(document, font, shown.strings[key])
        made.add(key)
    if not made:
        raise FileBroken(reason="nothing to embed")
    return made


def _embed_composite(document: pikepdf.Pdf, font: Any, strings: set[bytes]) -> None:
    written = _MAPS.get(str(font.get("/Encoding", "")))
    inner = font.DescendantFonts[0]
    if written is None or str(inner.CIDSystemInfo.Ordering) != "GB1":
        raise FileBroken(reason="character map")
    codes = sorted({code for string in strings for code in _codes(string, written)})
    letters = [_letter(code, written) for code in codes]
    width_of = _gb1_widths(inner, written)
    widths = [width_of(letter) for letter in letters]
    program = _program(str(font.BaseFont), letters, widths, None)
    name = Name("/VERMIL+" + str(font.BaseFont)[1:].split("+")[-1])
    font.BaseFont = name
    font.Encoding = document.make_stream(_code_map(written, codes))
    font.Encoding.Type, font.Encoding.CMapName = Name.CMap, Name("/Vermilion-Codes")
    font.Encoding.CIDSystemInfo = _identity()
    font.ToUnicode = document.make_stream(_meanings(written.space, codes, letters))
    substitute = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=name,
        CIDSystemInfo=_identity(),
        CIDToGIDMap=Name.Identity,
        DW=1000,
        W=Array([1, Array(widths)]),
        FontDescriptor=_descriptor(document, name, program),
    )
    font.DescendantFonts = Array([document.make_indirect(substitute)])


def _identity() -> Dictionary:
    return Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0)


def _codes(string: bytes, written: _Written) -> Iterator[bytes]:
    """The codes of a string: two bytes, in GBK one below 0x81."""
    at = 0
    while at < len(string):
        length = 1 if written.space == _GBK_SPACE and string[at] < 0x81 else 2
        if at + length > len(string):
            raise FileBroken(reason="half a character")
        yield string[at : at + length]
        at += length


def _letter(code: bytes, written: _Written) -> str:
    try:
        letter = code.decode(written.codec)
    except UnicodeDecodeError as error:
        raise FileBroken(reason="character") from error
    return " " if letter in "\u00a0\r\n\t" else letter


def _gb1_widths(inner: Any, written: _Written) -> Callable[[str], float]:
    """Widths by character. Only those of ASCII may differ from the default one: other CIDs need a table."""
    width_of, listed = widths_of(inner)
    default = float(inner.get("/DW", 1000))
    usual = {*range(1, 96), *range(814, 940), 7712, 7716}
    if any(cid not in usual and width_of(cid) != default for cid in listed):
        raise FileBroken(reason="widths")

    def width(letter: str) -> float:
        if ord(letter) not in _HALF:
            return default
        return width_of(written.blank if letter == " " else written.first + ord(letter) - 0x21)

    return width


def _embed_simple(document: pikepdf.Pdf, font: Any, strings: set[bytes]) -> None:
    descriptor = descriptor_of(font)
    encoding = font.get("/Encoding")
    name = str(font.get("/BaseFont", ""))[1:]
    core = CORE_FONT_METRICS.get(name.split(",")[0])
    is_symbolic = descriptor is not None and bool(int(descriptor.get("/Flags", 0)) & 4)
    if encoding is None and (core is None or is_symbolic):
        raise FileBroken(reason="encoding")
    base = programs.WIN_ANSI if str(font.Subtype) == "/TrueType" else list(StandardEncoding)
    names = programs.names_of(encoding, base)
    codes = sorted({code for string in strings for code in string})
    letters, widths = [], []
    for code in codes:
        value = AGL2UV.get(names[code])
        if value is None:
            raise FileBroken(reason="glyph name")
        letters.append(chr(value))
        widths.append(_simple_width(font, code, core, chr(value)))
    first, last = codes[0], codes[-1]
    by_code = dict(zip(codes, widths, strict=True))
    target = Name("/VERMIL+" + name.split("+")[-1])
    program = _program(name, letters, widths, codes)
    if "/Encoding" in font:
        del font["/Encoding"]
    font.Subtype, font.BaseFont = Name.TrueType, target
    font.FirstChar, font.LastChar = first, last
    font.Widths = Array([by_code.get(code, 0) for code in range(first, last + 1)])
    font.FontDescriptor = _descriptor(document, target, program)
    space = "1 begincodespacerange <00> <FF> endcodespacerange"
    font.ToUnicode = document.make_stream(_meanings(space, [bytes((code,)) for code in codes], letters))


def _simple_width(font: Any, code: int, core: Any, letter: str) -> float:
    first, widths = int(font.get("/FirstChar", 0)), font.get("/Widths")
    if isinstance(widths, Array):
        if not first <= code < first + len(widths):
            raise FileBroken(reason="width")
        return float(widths[code - first])
    if core is None or letter not in core.character_widths:
        raise FileBroken(reason="width")
    return float(core.character_widths[letter])


@cache
def _source(name: str) -> tuple[Any, dict[int, str]]:
    font = TTFont(files.path(name), lazy=True)
    return font.getGlyphSet(), font.getBestCmap()


def _program(name: str, letters: list[str], widths: list[float], codes: list[int] | None) -> bytes:
    """A TrueType font: glyph 1 is the first letter, and so on; ``codes`` make it one of a simple font."""
    glyph_set, known = _source(files.SERIF if _SERIF.search(name) else files.SANS)
    glyphs, metrics = {".notdef": TTGlyphPen(None).glyph()}, {".notdef": (500, 0)}
    order = [".notdef"]
    for number, (letter, width) in enumerate(zip(letters, widths, strict=True), start=1):
        source = known.get(ord(letter))
        if source is None or (width <= 0 and not letter.isspace()):
            raise FileBroken(reason="no glyph")
        natural = glyph_set[source].width
        pen = TTGlyphPen(None)
        squeeze = min(width / natural, 1.0) if natural else 1.0
        glyph_set[source].draw(
            TransformPen(Cu2QuPen(pen, 1.0, reverse_direction=True), (squeeze, 0, 0, 1, 0, 0))
        )
        glyph = f"g{number}"
        order.append(glyph)
        glyphs[glyph], metrics[glyph] = pen.glyph(), (round(width), 0)
    return _built(order, glyphs, metrics, codes)


def _built(order: list[str], glyphs: Any, metrics: Any, codes: list[int] | None) -> bytes:
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupGlyf(glyphs)
    for glyph in order:
        metrics[glyph] = (metrics[glyph][0], getattr(builder.font["glyf"][glyph], "xMin", 0))
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupCharacterMap({})
    if codes is not None:
        table = CmapSubtable.newSubtable(4)
        table.platformID, table.platEncID, table.language = 3, 0, 0
        table.cmap = {0xF000 + code: order[at] for at, code in enumerate(codes, start=1)}
        builder.font["cmap"].tables = [table]
    builder.setupNameTable({"familyName": "Substitute", "styleName": "Regular", "psName": "Substitute"})
    builder.setupOS2()
    builder.setupPost(keepGlyphNames=False)
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


def _descriptor(document: pikepdf.Pdf, name: Any, program: bytes) -> Any:
    file: Stream = document.make_stream(program)
    file.Length1 = len(program)
    return document.make_indirect(
        Dictionary(
            Type=Name.FontDescriptor,
            FontName=name,
            Flags=4,
            ItalicAngle=0,
            Ascent=880,
            Descent=-120,
            CapHeight=733,
            StemV=80,
            FontBBox=Array([-100, -250, 1100, 1050]),
            FontFile2=file,
        )
    )


def _head(name: str, ordering: str, kind: int) -> str:
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        f"/CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 0 >> def\n"
        f"/CMapName /{name} def /CMapType {kind} def /WMode 0 def\n"
    )


_FOOT: Final = "endcmap CMapName currentdict /CMap defineresource pop end end\n"


def _sections(keyword: str, lines: list[str]) -> str:
    parts = [lines[at : at + 100] for at in range(0, len(lines), 100)]
    return "".join(f"{len(part)} begin{keyword}\n" + "\n".join(part) + f"\nend{keyword}\n" for part in parts)


def _code_map(written: _Written, codes: list[bytes]) -> bytes:
    lines = [f"<{code.hex()}> {number}" for number, code in enumerate(codes, start=1)]
    text = (
        _head("Vermilion-Codes", "Identity", 1) + written.space + "\n" + _sections("cidchar", lines) + _FOOT
    )
    return text.encode()


def _meanings(space: str, codes: list[bytes], letters: list[str]) -> bytes:
    lines = [
        f"<{code.hex()}> <{letter.encode('utf-16-be').hex()}>"
        for code, letter in zip(codes, letters, strict=True)
    ]
    text = _head("Vermilion-Text", "UCS", 2) + space + "\n" + _sections("bfchar", lines) + _FOOT
    return text.encode()

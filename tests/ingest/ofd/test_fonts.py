"""Fonts inside packages: every kind that makers use, cut down, with widths that fit."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path

import pikepdf
import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.pens.recordingPen import RecordingPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

from core import fonts
from ingest.ofd import cff
from ingest.ofd.fonts import Drawn, Outline
from ingest.ofd.sfnt import Sfnt, Unusable
from tests import verapdf
from tests.ingest.ofd import builder
from tests.ingest.ofd.builder import Maker
from tests.ingest.ofd.test_drawing import at, made, page_with, seen, text_of

_SAID = "发票ABC123"


def opentype(name: str = fonts.SERIF) -> bytes:
    """Some letters of the product's font, as OpenType with CID-keyed CFF."""
    font = TTFont(fonts.path(name))
    subsetter = Subsetter(Options())
    subsetter.populate(text=_SAID)
    subsetter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def collection() -> bytes:
    """Two TrueType fonts in one file, the wanted one last."""
    found = TTCollection()
    found.fonts = [TTFont(io.BytesIO(builder.truetype("其他"))), TTFont(io.BytesIO(builder.truetype(_SAID)))]
    found.fonts[1]["name"].setName("Wanted", 1, 3, 1, 0x409)
    out = io.BytesIO()
    found.save(out)
    return out.getvalue()


def bare(data: bytes, *tables: bytes) -> bytes:
    """A font without some of its tables: their tags are made unknown."""
    changed = bytearray(data)
    for index in range(struct.unpack_from(">H", data, 4)[0]):
        place = 12 + 16 * index
        if data[place : place + 4] in tables:
            changed[place : place + 4] = b"XXXX"
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (builder.truetype(_SAID), "/FontFile2"),
        (builder.truetype(_SAID, units=2048), "/FontFile2"),
        (bare(builder.truetype(_SAID), b"name", b"OS/2", b"post"), "/FontFile2"),
        (opentype(), "/FontFile3"),
        (collection(), "/FontFile2"),
    ],
    ids=["TrueType", "2048 units", "few tables", "OpenType", "collection"],
)
def test_embedded_fonts_are_kept_and_their_text_stays_text(data: bytes, kind: str, tmp_path: Path) -> None:
    maker = Maker()
    number = maker.font("Wanted", data)
    converted = made(page_with(maker, maker.text(20, 40, _SAID, 8, font=number)), tmp_path)
    assert _SAID in text_of(converted)
    assert converted.pdf is not None and verapdf.violations(converted.pdf) == []
    with pikepdf.open(converted.pdf) as pdf:
        (font,) = pdf.pages[0].Resources.Font.values()
        assert kind in font.DescendantFonts[0].FontDescriptor
    ink = seen(converted).convert("L").crop((20 * 4, 30 * 4, 80 * 4, 45 * 4)).histogram()[0]
    assert ink > 60


def test_a_bare_cff_is_drawn_by_glyph_numbers(tmp_path: Path) -> None:
    font = TTFont(io.BytesIO(opentype()))
    table = font.reader["CFF "]
    glyph = font.getGlyphID(font.getBestCmap()[ord("发")])
    maker = Maker()
    number = maker.font("Bare", table, ending="cff")
    inner = (
        '<ofd:CGTransform CodePosition="0" CodeCount="1" GlyphCount="1">'
        f"<ofd:Glyphs>{glyph}</ofd:Glyphs></ofd:CGTransform>"
    )
    converted = made(page_with(maker, maker.text(20, 60, "发", 40, font=number, inner=inner)), tmp_path)
    assert "发" in text_of(converted)
    assert seen(converted).convert("L").crop((80, 80, 240, 260)).histogram()[0] > 1000


def test_glyphs_of_a_cut_cff_are_those_of_the_font() -> None:
    data = fonts.path(fonts.SANS).read_bytes()
    outline, source = Outline(data), TTFont(io.BytesIO(data), lazy=True)
    table = cff.Outlines(Sfnt(data).table(b"CFF "))
    numbers = list(range(1, outline.count, 997))
    made_ = outline.subset("Test", [Drawn(0, ""), *(Drawn(number, "") for number in numbers)])
    drawn = _Drawn(made_)
    glyph_set, names = source.getGlyphSet(), source.getGlyphOrder()
    for place, number in enumerate(numbers, start=1):
        wanted, found = RecordingPen(), RecordingPen()
        glyph_set[names[number]].draw(wanted)
        drawn.draw(place, found)
        assert found.value == wanted.value
        assert drawn.width(place) == glyph_set[names[number]].width == table.glyph(number).width


class _Drawn:
    """A CFF table read by fontTools."""

    def __init__(self, data: bytes) -> None:
        whole = CFFFontSet()
        whole.decompile(io.BytesIO(data), None)
        self._font = whole[0]
        self._names = list(self._font.charset)

    def draw(self, place: int, pen: RecordingPen) -> None:
        self._font.CharStrings[self._names[place]].draw(pen)

    def width(self, place: int) -> float:
        glyph = self._font.CharStrings[self._names[place]]
        glyph.draw(RecordingPen())
        return float(glyph.width)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_font_is_usable_or_not_but_never_crashes(seed: int) -> None:
    draw = random.Random(seed)
    data = bytearray(builder.truetype(_SAID) if seed % 2 else opentype())
    for _ in range(draw.randint(1, 40)):
        data[draw.randrange(len(data) if seed % 4 else 400)] = draw.randrange(256)
    try:
        outline = Outline(bytes(data))
        glyphs = [outline.glyph_of(letter) for letter in _SAID]
        outline.subset("Test", [Drawn(number, "") for number in (0, *glyphs)])
    except (Unusable, ValueError, IndexError, struct.error):
        return


def test_a_jbig2_picture_is_handed_through(tmp_path: Path) -> None:
    page = struct.pack(">LLLLBH", 16, 16, 0, 0, 0b100, 0)  # its pixels are black where nothing is said
    segment = struct.pack(">LBBBL", 0, 48, 0, 1, len(page)) + page
    end = struct.pack(">LBBBL", 1, 51, 0, 0, 0)
    maker = Maker()
    picture = maker.image(b"\x97JB2\r\n\x1a\n" + b"\x01" + struct.pack(">L", 1) + segment + end, "jb2")
    converted = made(page_with(maker, maker.picture(picture, (10, 10, 40, 40))), tmp_path)
    assert converted.findings == []
    assert at(seen(converted), 30, 30) == (0, 0, 0)
    assert converted.pdf is not None and verapdf.violations(converted.pdf) == []

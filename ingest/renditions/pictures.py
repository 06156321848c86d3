"""Pages as pictures with their text behind: what a file looks like, whatever its structure."""

from __future__ import annotations

import io
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import pikepdf
import pypdfium2
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name
from PIL import Image

from ingest.errors import FileBroken
from ingest.words import Word

DOTS_PER_INCH: Final = 200
MOST_PIXELS: Final = 25_000_000
"""Of one page; a larger one is drawn with fewer dots."""
_LARGEST: Final = 14_400.0
_SMALLEST: Final = 3.0
"""Sides of a page in PDF/A-2 (6.1.13), in points."""
_FEW_COLOURS: Final = 64
_QUALITY: Final = 88


def draw(source: Path, document: pikepdf.Pdf) -> None:
    """Add each page of ``source`` as a picture, its words behind it. Raises FileBroken."""
    from ingest import pdf_words

    try:
        said = pdf_words.words(source)
    except (FileBroken, ValueError, RuntimeError):
        said = []
    try:
        shown = pypdfium2.PdfDocument(source)
        shown.init_forms()
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    if len(shown) == 0:
        raise FileBroken(reason="no pages")
    font = _invisible_font(document)
    try:
        for number in range(len(shown)):
            page = shown[number]
            _draw_page(document, page, said[number] if number < len(said) else (), font)
            page.close()
    except pypdfium2.PdfiumError as error:
        raise FileBroken(reason=str(error)[:200]) from error
    finally:
        shown.close()


def _draw_page(document: pikepdf.Pdf, page: Any, words: tuple[Word, ...], font: Any) -> None:
    width, height = (min(max(float(side), _SMALLEST), _LARGEST) for side in page.get_size())
    scale = DOTS_PER_INCH / 72
    scale = min(scale, (MOST_PIXELS / (width * height)) ** 0.5)
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    made = document.add_blank_page(page_size=(width, height))
    content = [f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Im0 Do Q".encode()]
    text = _text(words, width, height)
    made.obj.Resources = Dictionary(XObject=Dictionary({"/Im0": _image(document, picture)}))
    if text:
        made.obj.Resources.Font = Dictionary({"/F0": font})
        content = [text, *content]
    made.obj.Contents = document.make_stream(b"\n".join(content))


def _image(document: pikepdf.Pdf, picture: Image.Image) -> Any:
    """Few colours as they are (text, lines), many as JPEG."""
    common = {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": picture.width,
              "/Height": picture.height, "/BitsPerComponent": 8}  # fmt: skip
    is_grey = all(low == high for low, high in _differences(picture))
    drawn = picture.convert("L") if is_grey else picture
    space = Name.DeviceGray if is_grey else Name.DeviceRGB
    if is_grey or picture.getcolors(_FEW_COLOURS) is not None:
        data, kind = zlib.compress(drawn.tobytes(), 6), Name.FlateDecode
    else:
        out = io.BytesIO()
        drawn.save(out, "JPEG", quality=_QUALITY)
        data, kind = out.getvalue(), Name.DCTDecode
    stream = pikepdf.Stream(document, data)
    for key, value in {**common, "/ColorSpace": space, "/Filter": kind}.items():
        stream[key] = value
    return document.make_indirect(stream)


def _differences(picture: Image.Image) -> list[tuple[int, int]]:
    from PIL import ImageChops

    red, green, blue = picture.split()
    return [(0, ImageChops.difference(red, other).getextrema()[1]) for other in (green, blue)]  # type: ignore[misc]


def _text(words: tuple[Word, ...], width: float, height: float) -> bytes:
    """The words where they stand, invisible (rendering mode 3), each as wide as it is on the page."""
    if not words:
        return b""
    lines = [b"BT 3 Tr"]
    for word in words:
        place = word.place
        code = word.text.encode("utf-16-be", "replace")
        size = max((place.bottom - place.top) * height, 0.5)
        wide = max((place.right - place.left) * width, 0.1)
        natural = size * len(code) / 2
        stretch = min(max(100 * wide / natural, 1.0), 1000.0)
        left, bottom = place.left * width, (1 - place.bottom) * height + 0.12 * size
        lines.append(
            f"/F0 {size:.2f} Tf {stretch:.2f} Tz 1 0 0 1 {left:.2f} {bottom:.2f} Tm "
            f"<{code.hex()}> Tj".encode()
        )
    return b"\n".join([*lines, b"ET"])


def _invisible_font(document: pikepdf.Pdf) -> Any:
    """A font whose every code is one empty glyph and means the UTF-16 unit of its number."""
    file = pikepdf.Stream(document, _empty_font())
    file.Length1 = len(_empty_font())
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name.Unseen,
        Flags=4,
        ItalicAngle=0,
        Ascent=880,
        Descent=-120,
        CapHeight=700,
        StemV=80,
        FontBBox=Array([0, 0, 1000, 1000]),
        FontFile2=document.make_indirect(file),
    )
    inner = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name.Unseen,
        FontDescriptor=document.make_indirect(descriptor),
        DW=1000,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        CIDToGIDMap=document.make_stream(b"\x00\x01" * 65536),
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name.Unseen,
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([document.make_indirect(inner)]),
        ToUnicode=document.make_stream(_MEANING),
    )
    return document.make_indirect(font)


_RANGES: Final = [f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in range(256)]
_MEANING: Final = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
    "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
    "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    + "".join(
        f"{len(_RANGES[at : at + 100])} beginbfrange\n" + "\n".join(_RANGES[at : at + 100]) + "\nendbfrange\n"
        for at in range(0, 256, 100)
    )
    + "endcmap CMapName currentdict /CMap defineresource pop end end\n"
).encode()


@cache
def _empty_font() -> bytes:
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "unseen"])
    builder.setupCharacterMap({0x20: "unseen"})
    builder.setupGlyf({name: TTGlyphPen(None).glyph() for name in (".notdef", "unseen")})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "unseen": (1000, 0)})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Unseen", "styleName": "Regular", "psName": "Unseen"})
    builder.setupOS2()
    builder.setupPost()
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()

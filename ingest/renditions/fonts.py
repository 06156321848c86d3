"""Whether the fonts of a PDF are embedded and say what the file says of them (PDF/A-2, 6.2.11).

Judged for the characters that are shown, against the font programs themselves. What cannot be judged
is not sound: another way of making the rendition is there for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest.errors import FileBroken
from ingest.renditions import programs
from ingest.renditions.content import drawings

_SHOWS: Final = frozenset({"Tj", "TJ", "'", '"'})
_TOLERANCE: Final = 1.0
"""Thousandths of an em by which a width may differ (6.2.11.5)."""
_PROGRAMS: Final = ("/FontFile", "/FontFile2", "/FontFile3")
_OPEN_TYPE: Final = ("/FontFile3", "/OpenType")
_FITTING: Final = {
    "/Type1": {("/FontFile", ""), ("/FontFile3", "/Type1C"), _OPEN_TYPE},
    "/TrueType": {("/FontFile2", ""), _OPEN_TYPE},
    "/CIDFontType0": {("/FontFile3", "/CIDFontType0C"), _OPEN_TYPE},
    "/CIDFontType2": {("/FontFile2", ""), _OPEN_TYPE},
}
"""Which programs belong to which fonts (ISO 32000-1, table 126)."""


class Shown:
    """The character codes, as bytes, that each font shows, and whether any of it is visible."""

    def __init__(self, document: pikepdf.Pdf) -> None:
        self.fonts: dict[Any, Any] = {}
        self.strings: dict[Any, set[bytes]] = defaultdict(set)
        self.seen: set[Any] = set()
        for drawing in drawings(document):
            self._read(drawing)

    def _read(self, drawing: Any) -> None:
        listed = drawing.resources.get("/Font")
        current: Any = None
        mode, saved = 0, []
        for one in drawing.instructions():
            operator = str(one.operator)
            if operator == "q":
                saved.append((current, mode))
            elif operator == "Q" and saved:
                current, mode = saved.pop()
            elif operator == "Tr":
                mode = int(one.operands[0])
            elif operator == "Tf":
                current = listed.get(one.operands[0]) if isinstance(listed, Dictionary) else None
                if current is None:
                    raise FileBroken(reason="font resource")
            elif operator == "gs":
                current = self._of_state(drawing.resources, one.operands[0]) or current
            elif operator in _SHOWS:
                self._note(current, one.operands[-1], mode)

    def _of_state(self, resources: Any, name: Any) -> Any:
        states = resources.get("/ExtGState")
        state = states.get(name) if isinstance(states, Dictionary) else None
        font = state.get("/Font") if isinstance(state, Dictionary) else None
        return font[0] if isinstance(font, Array) else None

    def _note(self, font: Any, operand: Any, mode: int) -> None:
        if font is None:
            raise FileBroken(reason="text without a font")
        key = font.objgen if font.objgen != (0, 0) else font.unparse()
        self.fonts[key] = font
        pieces = operand if isinstance(operand, Array) else [operand]
        self.strings[key].update(bytes(one) for one in pieces if isinstance(one, pikepdf.String))
        if mode not in (3, 7):
            self.seen.add(key)


def require_sound(document: pikepdf.Pdf, known: Collection[Any] = ()) -> None:
    """Repair what is only declared wrong; raises FileBroken where a font is not embedded or consistent.

    ``known`` are fonts that were made here.
    """
    shown = Shown(document)
    for key, font in shown.fonts.items():
        kind = str(font.get("/Subtype", ""))
        if str(font.get("/Type", "")) != "/Font":
            raise FileBroken(reason="font dictionary")
        if kind == "/Type3" or key in known:
            continue
        if kind == "/Type0":
            _require_composite(font, shown.strings[key])
        else:
            _require_simple(font, shown.strings[key])


def descriptor_of(font: Any) -> Any:
    """The descriptor of a simple font or of a composite one's descendant; None without one."""
    if str(font.get("/Subtype", "")) == "/Type0":
        font = font.DescendantFonts[0]
    found = font.get("/FontDescriptor")
    return found if isinstance(found, Dictionary) else None


def is_embedded(font: Any) -> bool:
    descriptor = descriptor_of(font)
    return descriptor is not None and any(isinstance(descriptor.get(key), Stream) for key in _PROGRAMS)


def _program(font: Any) -> programs.Program:
    descriptor = descriptor_of(font)
    if not is_embedded(font):
        raise FileBroken(reason="font not embedded")
    for key in ("/CIDSet", "/CharSet"):  # may be left out, and are often incomplete (6.2.11.4.2)
        if key in descriptor:
            del descriptor[key]
    keys = [key for key in _PROGRAMS if isinstance(descriptor.get(key), Stream)]
    stream = descriptor[keys[0]]
    subtype = str(stream.get("/Subtype", ""))
    kind = str((font.DescendantFonts[0] if "/DescendantFonts" in font else font).get("/Subtype", ""))
    if len(keys) > 1 or (keys[0], subtype if keys[0] == "/FontFile3" else "") not in _FITTING.get(kind, ()):
        raise FileBroken(reason="kind of font program")
    if str(descriptor.get("/Type", "")) != "/FontDescriptor" or not isinstance(
        descriptor.get("/FontName"), Name
    ):
        raise FileBroken(reason="font descriptor")
    return programs.read(stream.read_bytes(), keys[0], subtype)


def _require_simple(font: Any, strings: set[bytes]) -> None:
    kind = str(font.get("/Subtype", ""))
    if kind not in ("/Type1", "/TrueType"):
        raise FileBroken(reason="kind of font")
    program = _program(font)
    first, widths = int(font.get("/FirstChar", -1)), font.get("/Widths")
    if not isinstance(widths, Array) or int(font.get("/LastChar", -1)) - first + 1 != len(widths):
        raise FileBroken(reason="widths")
    glyph_of = _encoding(font, program, kind)
    for code in {code for string in strings for code in string}:
        if not first <= code < first + len(widths):
            raise FileBroken(reason="width")
        _compare(program, glyph_of(code), float(widths[code - first]))


def _encoding(font: Any, program: programs.Program, kind: str) -> Callable[[int], Any]:
    encoding = font.get("/Encoding")
    if kind == "/Type1":
        return programs.type1_encoding(program, encoding)
    is_symbolic = bool(int(descriptor_of(font).get("/Flags", 0)) & 4)
    if is_symbolic:
        if encoding is not None:
            raise FileBroken(reason="encoding of a symbolic font")
        return programs.symbolic_encoding(program)
    return programs.truetype_encoding(program, encoding)


def _compare(program: programs.Program, glyph: Any, width: float) -> None:
    if glyph is None or program.is_notdef(glyph):
        raise FileBroken(reason="glyph missing")
    if abs(program.width(glyph) - width) > _TOLERANCE:
        raise FileBroken(reason="width of a glyph")


def _require_composite(font: Any, strings: set[bytes]) -> None:
    inner = font.DescendantFonts[0]
    program = _program(font)
    kind = str(inner.get("/Subtype", ""))
    if kind == "/CIDFontType2" and "/CIDToGIDMap" not in inner:
        inner.CIDToGIDMap = Name.Identity
    encoding = font.get("/Encoding")
    if not isinstance(encoding, Name) or str(encoding) not in ("/Identity-H", "/Identity-V"):
        raise FileBroken(reason="character map")
    glyph_of = programs.cid_mapping(program, kind, inner.get("/CIDToGIDMap"))
    width_of, _ = widths_of(inner)
    for string in strings:
        if len(string) % 2:
            raise FileBroken(reason="half a character")
    for code in {string[at : at + 2] for string in strings for at in range(0, len(string), 2)}:
        cid = int.from_bytes(code, "big")
        _compare(program, glyph_of(cid), width_of(cid))


def widths_of(inner: Any) -> tuple[Callable[[int], float], Collection[int]]:
    """The widths of a CIDFont (ISO 32000-1, 9.7.4.3), and the CIDs for which one is written."""
    default = float(inner.get("/DW", 1000))
    known: dict[int, float] = {}
    for first, last, given in _width_runs(list(inner.get("/W", ()))):
        if isinstance(given, Array):
            known.update({first + at: float(one) for at, one in enumerate(given)})
        else:
            known.update(dict.fromkeys(range(first, min(last, 65535) + 1), float(given)))
    return (lambda cid: known.get(cid, default)), known


def _width_runs(written: list[Any]) -> Iterator[tuple[int, int, Any]]:
    at = 0
    while at + 1 < len(written):
        if isinstance(written[at + 1], Array):
            yield int(written[at]), -1, written[at + 1]
            at += 2
        elif at + 2 < len(written):
            yield int(written[at]), int(written[at + 1]), written[at + 2]
            at += 3
        else:
            return

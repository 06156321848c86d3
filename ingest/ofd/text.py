"""Text objects (GB/T 33190, 11): glyphs where the file puts them, in runs that stay text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from ingest.ofd.canvas import Canvas
from ingest.ofd.fonts import Drawn, Face, Fit, Font
from ingest.ofd.geometry import IDENTITY, Matrix, applied, operand, plain, times
from ingest.ofd.markup import Element, all_text, children, is_true, number, number_of, numbers

MOST_LETTERS: Final = 200_000
"""Of one object."""
_SLANT: Final = math.tan(math.radians(12))
BOLD: Final = 600
"""The weight from which text is bold; 400 is usual."""
_BOLDER: Final = 0.028
"""How much an outline grows for bold that the font does not have, in ems."""
_NARROWEST: Final = 0.5
_WIDEST: Final = 0.85
"""Ems: a Latin letter with more room than that is spaced on purpose."""
_TOKENS: Final = re.compile(r"[gG]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_PRINTED_LINES: Final = re.compile(r"^[ \t]*\r?\n\s*|\s*\r?\n[ \t]*$")


@dataclass(frozen=True)
class Glyph:
    """A glyph at its place in the object's space. ``advance`` is its own width in ems."""

    face: Face
    number: int
    text: str
    x: float
    y: float
    advance: float
    fit: Fit | None = None
    """The width that it gets instead of its own."""


@dataclass(frozen=True)
class Lettering:
    """How the text of an object is set."""

    font: Font
    size: float
    stretch: float
    turn: float
    """Radians, clockwise: how each character is turned."""
    is_slanted: bool
    is_emboldened: bool
    """Whether bold has to be made by thicker outlines."""


def lettering(element: Element, font: Font) -> Lettering:
    """The setting of a TextObject."""
    weight = number_of(element, "Weight", 400)
    own_bold = font.is_embedded and font.is_bold
    is_bold = weight >= BOLD or (font.is_bold and not font.is_embedded)
    is_italic = is_true(element.get("Italic"), otherwise=font.is_italic and not font.is_embedded)
    return Lettering(
        font=font,
        size=max(0.0, number_of(element, "Size", 0)),
        stretch=_sensible(number_of(element, "HScale", 1)),
        turn=math.radians(number_of(element, "CharDirection", 0) % 360),
        is_slanted=is_italic and not (font.is_embedded and font.is_italic),
        is_emboldened=is_bold and not own_bold,
    )


def _sensible(stretch: float) -> float:
    return stretch if 0.01 <= stretch <= 100 else 1.0


def deltas(text: str | None) -> list[float]:
    """A DeltaX or DeltaY with its shorthand: ``g 3 5`` is 5 5 5 (GB/T 33190, 11.3)."""
    found: list[float] = []
    parts = iter(_TOKENS.findall(text or ""))
    for part in parts:
        if part in "gG":
            count, value = number(next(parts, None)), number(next(parts, None))
            if count is not None and value is not None:
                room = MOST_LETTERS - len(found)
                found.extend([value] * max(0, min(int(count), room)))
        else:
            found.append(number(part) or 0.0)
        if len(found) >= MOST_LETTERS:
            break
    return found


def glyphs(element: Element, setting: Lettering) -> list[Glyph]:
    """All glyphs of a TextObject."""
    made: list[Glyph] = []
    downwards = number_of(element, "ReadDirection", 0) % 360
    here = (0.0, 0.0)
    for code, transforms in _codes(element):
        here = (number_of(code, "X", here[0]), number_of(code, "Y", here[1]))
        text = _PRINTED_LINES.sub("", all_text(code))[: MOST_LETTERS - len(made)]
        chosen = _chosen(text, transforms, setting.font)
        made.extend(_placed(code, chosen, here, setting, downwards))
    return made


def _codes(element: Element) -> Iterator[tuple[Element, list[Element]]]:
    """Every TextCode with its CGTransforms: they stand before it, or after it where none stands before."""
    parts = list(children(element, "TextCode", "CGTransform"))
    codes = [one for one in parts if one.tag == "TextCode"]
    if len(codes) == 1:
        yield codes[0], [one for one in parts if one.tag == "CGTransform"]
        return
    is_before = bool(parts) and parts[0].tag == "CGTransform"
    waiting: list[Element] = []
    for index, one in enumerate(parts):
        if one.tag == "CGTransform":
            waiting.append(one)
        elif is_before:
            yield one, waiting
            waiting = []
        else:
            after = []
            for other in parts[index + 1 :]:
                if other.tag == "TextCode":
                    break
                after.append(other)
            yield one, after


def _chosen(text: str, transforms: list[Element], font: Font) -> list[tuple[Face, int, str]]:
    """Faces and glyph numbers of a text, each with the characters it stands for."""
    given: dict[int, tuple[int, list[int]]] = {}
    if font.is_embedded:
        for one in transforms:
            listed = [int(value) for value in numbers(str(one.findtext("Glyphs") or ""))]
            count = int(number_of(one, "GlyphCount", len(listed)))
            wide = max(1, int(number_of(one, "CodeCount", 1)))
            if listed[:count]:
                given[int(number_of(one, "CodePosition", 0))] = (wide, listed[:count])
    found: list[tuple[Face, int, str]] = []
    at = 0
    while at < len(text):
        if at in given:
            wide, listed = given[at]
            found.extend(_transformed(text[at : at + wide], listed, font))
            at += wide
        else:
            face, glyph = font.glyph_of(text[at])
            if glyph or unicodedata.category(text[at]) not in ("Cc", "Cf", "Zs", "Zl", "Zp"):
                found.append((face, glyph, text[at]))
            else:
                found.append((font.faces[-1], font.faces[-1].outline.glyph_of(" "), " "))
            at += 1
    return found


def _transformed(text: str, listed: list[int], font: Font) -> Iterator[tuple[Face, int, str]]:
    """Glyphs by number. One for each character keeps its character; else the first keeps all of them."""
    face = font.faces[0]
    for index, glyph in enumerate(listed):
        said = text[index : index + 1] if len(listed) == len(text) else text if index == 0 else ""
        if 0 < glyph < face.outline.count or (glyph == 0 and not said.strip()):
            yield face, glyph, said
        elif said:
            other, found = font.glyph_of(said[0])
            yield other, found, said


def _placed(
    code: Element,
    chosen: list[tuple[Face, int, str]],
    here: tuple[float, float],
    setting: Lettering,
    direction: float,
) -> Iterator[Glyph]:
    """Glyphs one after the other by the deltas; without any, each as wide as it is."""
    across, down = deltas(code.get("DeltaX")), deltas(code.get("DeltaY"))
    x, y = here
    for index, (face, glyph, text) in enumerate(chosen):
        advance = face.outline.advance(glyph)
        yield Glyph(face, glyph, text, x, y, advance)
        if index < len(across) or index < len(down):
            x += across[index] if index < len(across) else 0.0
            y += down[index] if index < len(down) else 0.0
            continue
        step = advance * setting.size * setting.stretch
        if direction in (90, 270) or (down and not across):
            y += setting.size if direction != 270 else -setting.size
        else:
            x += step if direction != 180 else -step


def write(
    canvas: Canvas, letters: list[Glyph], setting: Lettering, mode: int, outer: Matrix = IDENTITY
) -> None:
    """Show glyphs in the object's space, through ``outer``; ``mode`` is the rendering mode of PDF."""
    if not letters or setting.size <= 0:
        return
    cosine, sine = math.cos(setting.turn), math.sin(setting.turn)
    canvas.write("BT", f"{mode} Tr")
    font: tuple[str, float] | None = None
    for piece, stretch in _pieces(letters, setting, cosine, sine):
        upright = (stretch, 0.0, _SLANT if setting.is_slanted else 0.0, -1.0, 0.0, 0.0)
        matrix = times(upright, (cosine, sine, -sine, cosine, piece[0].x, piece[0].y))
        chosen = (canvas.font(piece[0].face), setting.size)
        if chosen != font:
            canvas.write(f"{chosen[0]} {plain(setting.size)} Tf")
            font = chosen
        canvas.write(
            f"{operand(times(matrix, outer))} Tm", _shown(piece, setting.size * stretch, cosine, sine)
        )
    canvas.write("ET")


def _pieces(
    letters: list[Glyph], setting: Lettering, cosine: float, sine: float
) -> Iterator[tuple[list[Glyph], float]]:
    """Runs on one line, of one face and one horizontal stretch."""
    piece: list[Glyph] = []
    current = setting.stretch
    for letter, stretch in _fitted(letters, setting):
        if piece:
            last = piece[-1]
            dx, dy = letter.x - last.x, letter.y - last.y
            off, along = dy * cosine - dx * sine, dx * cosine + dy * sine
            is_far = abs(off) > 1e-3 * setting.size or not -2 < along / setting.size < 30
            if is_far or letter.face is not last.face or stretch != current:
                yield piece, current
                piece = []
        current = stretch
        piece.append(letter)
    if piece:
        yield piece, current


def _fitted(letters: list[Glyph], setting: Lettering) -> list[tuple[Glyph, float]]:
    """Each glyph with its stretch; Latin letters with the width that the file gives them.

    Those of a stand-in are made narrower where they would not keep to it, and stand in its middle where
    all are equally wide. A font that is there keeps its letters as they are, but where all have the same
    room, that is their width. So words stay words for whoever reads the PDF by the widths of its letters.
    """
    em = setting.size * setting.stretch
    rooms = [
        (after.x - letter.x) / em if _is_latin(letter) and abs(after.y - letter.y) < 1e-3 else 0.0
        for letter, after in pairwise(letters)
    ]
    known = sorted(room for room in rooms if 0 < room < _WIDEST)
    if not known:
        return [(letter, setting.stretch) for letter in letters]
    usual = known[len(known) // 2]
    is_even = len(known) > 1 and known[-1] - known[0] < 0.03
    fitted = []
    for letter, room in zip(letters, [*rooms, usual if is_even else 0.0], strict=True):
        is_own = not letter.face.is_substitute
        if not _is_latin(letter) or not 0 < room < _WIDEST or (is_own and not is_even):
            fitted.append((letter, setting.stretch))
        elif is_own:
            width = round(room * 100) * 10
            fitted.append((replace(letter, advance=width / 1000, fit=Fit(width, 0)), setting.stretch))
        else:
            fitted.append(_stood_in(letter, room, setting.stretch, is_even))
    return fitted


def _stood_in(letter: Glyph, room: float, stretch: float, is_even: bool) -> tuple[Glyph, float]:
    """A letter of a stand-in in the room of the one that it stands for, both in ems."""
    own = letter.advance
    share = max(_NARROWEST, int(room / own * 20) / 20) if own > room * 1.01 else 1.0
    width = round(room / share * 100) * 10
    shift = round((width - own * 1000) / 20) * 10 if is_even else 0
    return replace(letter, advance=width / 1000, fit=Fit(width, shift)), stretch * share


def _is_latin(letter: Glyph) -> bool:
    return letter.text.isascii() and letter.text not in ("", " ")


def _shown(piece: list[Glyph], size: float, cosine: float, sine: float) -> str:
    """The TJ of a run: glyphs, and how far each differs from its own width, in thousandths of an em."""
    parts: list[str] = []
    run = ""
    for index, letter in enumerate(piece):
        run += f"{letter.face.code(Drawn(letter.number, letter.text, letter.fit)):04X}"
        if index + 1 < len(piece):
            after = piece[index + 1]
            along = (after.x - letter.x) * cosine + (after.y - letter.y) * sine
            excess = 1000 * (letter.advance - along / size)
            if abs(excess) > 0.5:
                parts.append(f"<{run}> {plain(round(excess, 2))}")
                run = ""
    if run:
        parts.append(f"<{run}>")
    return f"[{' '.join(parts)}] TJ"


def bolder(setting: Lettering) -> float:
    """The width of the line around glyphs that are made bold."""
    return setting.size * _BOLDER


def said(letters: list[Glyph]) -> str:
    """The text of an object."""
    return "".join(letter.text for letter in letters)


def extent(letters: list[Glyph], size: float, matrix: Matrix) -> tuple[float, float, float, float] | None:
    """The box (left, bottom, right, top) around an object's glyphs, through a matrix."""
    if not letters:
        return None
    corners = []
    for letter in letters:
        for x, y in ((0.0, 0.2), (letter.advance, 0.2), (0.0, -0.85), (letter.advance, -0.85)):
            corners.append(applied(matrix, letter.x + x * size, letter.y + y * size))
    across, upwards = [one[0] for one in corners], [one[1] for one in corners]
    return min(across), min(upwards), max(across), max(upwards)

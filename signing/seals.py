"""Company seals as vector drawings, by the usual conventions. Sizes are in millimetres.

Round seals: 38–42 mm across, a ring of 1.2 mm, the legal entity's full name from left to right on the
arc, a five-pointed star in the middle, the seal's type below it on a straight line, its registered number
(13 digits) on the lower arc. The invoice seal 发票专用章 is an oval of 40 by 30 mm with a ring of 1 mm: name
on the arc, the taxpayer's number in the middle, the type below (国家税务总局公告 2011 年第 7 号). The legal
representative's seal is a square of 18 to 20 mm with the person's name in columns from right to left.
"""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from PIL import Image

from signing import glyphs
from signing.drawing import POINTS_PER_MM, Drawing

SEAL_RED: Final = (0.78, 0.06, 0.12)
_NAME_END: Final = "印"
_CIRCLE: Final = 0.5522847498
_SAMPLES: Final = 720


class SealKind(StrEnum):
    """What a seal is for. The official seal 公章 carries no type line; a free one says what it is for."""

    OFFICIAL = "official"
    CONTRACT = "contract"
    FINANCE = "finance"
    INVOICE = "invoice"
    LEGAL_REPRESENTATIVE = "legal_representative"
    PERSONNEL = "personnel"
    FREE = "free"


TYPE_LINES: Final = {
    SealKind.OFFICIAL: "",
    SealKind.CONTRACT: "合同专用章",
    SealKind.FINANCE: "财务专用章",
    SealKind.INVOICE: "发票专用章",
    SealKind.PERSONNEL: "人事专用章",
}
USUAL_SIZES: Final = {
    SealKind.OFFICIAL: (42.0, 42.0),
    SealKind.CONTRACT: (42.0, 42.0),
    SealKind.FINANCE: (38.0, 38.0),
    SealKind.INVOICE: (40.0, 30.0),
    SealKind.LEGAL_REPRESENTATIVE: (18.0, 18.0),
    SealKind.PERSONNEL: (38.0, 38.0),
    SealKind.FREE: (40.0, 40.0),
}
"""Width and height, where nobody says otherwise."""
INSCRIBED: Final = frozenset({SealKind.INVOICE, SealKind.LEGAL_REPRESENTATIVE, SealKind.FREE})
"""Kinds that need an inscription: the taxpayer's number, the person's name, the type line."""


@dataclass(frozen=True)
class Face:
    """What is cut into a seal. ``code`` is the number on the lower arc of round seals."""

    kind: SealKind
    entity_name: str
    width_mm: float
    height_mm: float
    code: str | None = None
    inscription: str | None = None


def draw(face: Face) -> Drawing:
    """The seal as operators. What the font lacks becomes □."""
    width, height = face.width_mm * POINTS_PER_MM, face.height_mm * POINTS_PER_MM
    if face.kind is SealKind.LEGAL_REPRESENTATIVE:
        parts = _square(glyphs.drawable(face.inscription or "", glyphs.SERIF), width, height)
    elif face.kind is SealKind.INVOICE:
        parts = _oval(face, width, height)
    else:
        parts = _round(face, width, height)
    red = " ".join(f"{part:g}" for part in SEAL_RED)
    operators = "\n".join([f"q {red} rg {red} RG", *parts, "Q"]).encode()
    return Drawing(width, height, operators)


def to_svg(drawing: Drawing) -> bytes:
    """The same picture as SVG, in its true size. Understands just the operators that ``draw`` writes."""
    width_mm, height_mm = drawing.size_mm
    if drawing.picture is not None:
        image = Image.frombytes(
            "RGB", (drawing.picture.width, drawing.picture.height), drawing.picture.colours
        )
        image.putalpha(Image.frombytes("L", image.size, drawing.picture.mask))
        out = io.BytesIO()
        image.save(out, "PNG")
        source = base64.b64encode(out.getvalue()).decode()
        inside = (
            f'<image width="{drawing.width:.3f}" height="{drawing.height:.3f}" preserveAspectRatio="none" '
            f'href="data:image/png;base64,{source}"/>'
        )
    else:
        colour = "#" + "".join(f"{round(part * 255):02x}" for part in SEAL_RED)
        shapes = "".join(_svg_shapes(drawing.operators.decode(), colour))
        inside = f'<g transform="matrix(1 0 0 -1 0 {drawing.height:.3f})">{shapes}</g>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_mm:g}mm" height="{height_mm:g}mm" '
        f'viewBox="0 0 {drawing.width:.3f} {drawing.height:.3f}">{inside}</svg>'
    ).encode()


def _svg_shapes(operators: str, colour: str) -> list[str]:
    shapes: list[str] = []
    numbers: list[str] = []
    path: list[str] = []
    matrix, line_width = "", "1"
    for word in operators.split():
        if word[0] in "-.0123456789":
            numbers.append(word)
            continue
        if word == "cm":
            matrix = f' transform="matrix({" ".join(numbers)})"'
        elif word == "w":
            line_width = numbers[-1]
        elif word in "mlc":
            path.append(f"{word.upper()}{' '.join(numbers)}")
        elif word == "h":
            path.append("Z")
        elif word == "f":
            shapes.append(f'<path d="{"".join(path)}" fill="{colour}"{matrix}/>')
            path = []
        elif word == "S":
            shapes.append(
                f'<path d="{"".join(path)}" fill="none" stroke="{colour}" stroke-width="{line_width}"/>'
            )
            path = []
        elif word == "Q":
            matrix = ""
        numbers = []
    return shapes


def _round(face: Face, width: float, height: float) -> list[str]:
    """Ring, name, star, type line, number. A round seal is as wide as high; another shape is stretched."""
    radius = min(width, height) / 2
    x, y = width / 2, height / 2
    ring = radius * 1.2 / 21
    line = face.inscription if face.kind is SealKind.FREE else TYPE_LINES.get(face.kind, "")
    line = glyphs.drawable(line or "")
    name = glyphs.drawable(face.entity_name, glyphs.SERIF)
    parts = [f"{ring:.3f} w {_ellipse(x, y, radius - ring / 2, radius - ring / 2)} S"]
    parts.append(_star(x, y + radius * 0.02, radius * 0.30))
    widest = 228.0 if line else 252.0
    parts.append(_name_arc(name, x, y, (radius - ring, radius - ring), radius, widest))
    if line:
        parts.append(_type_line(line, x, y - radius * 0.58, radius * 0.20, radius * 1.02))
    if face.code:
        parts.append(_number_arc(glyphs.drawable(face.code), x, y, radius, ring))
    return parts


def _oval(face: Face, width: float, height: float) -> list[str]:
    """Name on the upper arc, taxpayer's number across the middle, type below."""
    x, y = width / 2, height / 2
    ring = height / 30
    a, b = width / 2 - ring, height / 2 - ring
    name = glyphs.drawable(face.entity_name, glyphs.SERIF)
    parts = [f"{ring:.3f} w {_ellipse(x, y, width / 2 - ring / 2, height / 2 - ring / 2)} S"]
    parts.append(_name_arc(name, x, y, (a, b), height / 2 * 0.92, 158.0))
    number = glyphs.drawable(face.inscription or "")
    parts.append(_fitted_line(number, x, y - height * 0.085, height * 0.115, width * 0.65, glyphs.SANS))
    parts.append(_fitted_line(TYPE_LINES[SealKind.INVOICE], x, y - height * 0.31, height * 0.15, width * 0.5))
    return parts


def _square(name: str, width: float, height: float) -> list[str]:
    """The name in columns from right to left, each from the top, filled up with 印 (之印) to a grid."""
    ring = min(width, height) * 0.04
    inset = ring * 2.1
    edge = ring / 2
    frame = [(edge, edge), (width - edge, edge), (width - edge, height - edge), (edge, height - edge)]
    outline = " ".join(f"{px:.3f} {py:.3f} {'l' if index else 'm'}" for index, (px, py) in enumerate(frame))
    parts = [f"{ring:.3f} w {outline} h S"]
    letters = grid(name)
    columns = len(letters)
    room = (width - 2 * inset) / max(columns, 1)
    for index, column in enumerate(letters):
        left = width - inset - (index + 1) * room
        step = (height - 2 * inset) / len(column)
        for row, letter in enumerate(column):
            bottom = height - inset - (row + 1) * step
            parts.append(_in_cell(letter, left, bottom, room, step))
    return parts


def grid(name: str) -> list[str]:
    """The letters of a name seal, column by column from the right: 王小明 becomes 王小 | 明印."""
    if not name:
        return []
    if len(name) == 1:
        return [name, _NAME_END]
    if len(name) == 2:
        return [name, "之" + _NAME_END]
    if len(name) == 3:
        return [name[:2], name[2] + _NAME_END]
    columns = max(2, round(math.sqrt(len(name))))
    rows = -(-len(name) // columns)
    if len(name) % rows:
        name += _NAME_END
    return [name[start : start + rows] for start in range(0, len(name), rows)]


def _in_cell(letter: str, left: float, bottom: float, width: float, height: float) -> str:
    """A letter stretched to fill its cell but for a little air."""
    size = height * 0.99
    stretch = width * 0.96 / (glyphs.glyph(letter, glyphs.SERIF).advance * size)
    return glyphs.place(
        letter,
        left + width / 2,
        bottom + height * 0.135,
        size,
        stretch=stretch,
        centred=True,
        font=glyphs.SERIF,
    )


def _name_arc(name: str, x: float, y: float, axes: tuple[float, float], unit: float, widest: float) -> str:
    """The name along the upper arc inside an ellipse; long names get smaller and narrower letters.

    ``unit`` is the radius that letter sizes are taken from, ``widest`` the degrees that are free for it.
    """
    count = max(len(name), 1)
    size = max(unit * 0.155, min(unit * 0.30, unit * 0.30 * 12.5 / count))
    air = unit * 0.075
    a, b = axes[0] - air - size * 0.88, axes[1] - air - size * 0.88
    arc = _Arc(a, b, min(widest, 21.5 * count))
    pitch = arc.length / count
    stretch = min(0.88, pitch / size * 0.95)
    parts = []
    for index, letter in enumerate(name):
        px, py, turn = arc.at((index + 0.5) / count)
        parts.append(
            glyphs.place(
                letter, x + px, y + py, size, turn=turn, stretch=stretch, centred=True, font=glyphs.SERIF
            )
        )
    return "\n".join(part for part in parts if part)


class _Arc:
    """The upper part of an ellipse about (0, 0), ``degrees`` wide, walked from left to right by length."""

    def __init__(self, a: float, b: float, degrees: float) -> None:
        self._a, self._b = a, b
        half = math.radians(min(degrees, 359.0)) / 2
        self._angles = [math.pi / 2 + half - 2 * half * step / _SAMPLES for step in range(_SAMPLES + 1)]
        walked, last = [0.0], self._point(self._angles[0])
        for angle in self._angles[1:]:
            point = self._point(angle)
            walked.append(walked[-1] + math.dist(last, point))
            last = point
        self._walked = walked

    @property
    def length(self) -> float:
        return self._walked[-1]

    def at(self, share: float) -> tuple[float, float, float]:
        """Point at a share of the length, and the turn (radians) of a letter that stands there."""
        wanted = share * self.length
        index = next(number for number, length in enumerate(self._walked) if length >= wanted)
        angle = self._angles[index]
        px, py = self._point(angle)
        # The outward normal of an ellipse; a letter's upright follows it.
        normal = math.atan2(math.sin(angle) / self._b, math.cos(angle) / self._a)
        return px, py, normal - math.pi / 2

    def _point(self, angle: float) -> tuple[float, float]:
        return self._a * math.cos(angle), self._b * math.sin(angle)


def _number_arc(code: str, x: float, y: float, radius: float, ring: float) -> str:
    """The registered number on the lower arc, read from left to right, its feet towards the ring."""
    count, size = len(code), radius * 0.105
    baseline = radius - ring - radius * 0.055
    span = math.radians(min(112.0, 5.4 * count))
    parts = []
    for index, letter in enumerate(code):
        angle = -math.pi / 2 - span / 2 + span * (index + 0.5) / count
        px, py = x + baseline * math.cos(angle), y + baseline * math.sin(angle)
        parts.append(glyphs.place(letter, px, py, size, turn=angle + math.pi / 2, centred=True))
    return "\n".join(part for part in parts if part)


def _type_line(text: str, x: float, baseline: float, size: float, room: float) -> str:
    size = min(size, room / max(glyphs.width(text, 1.0), 0.1))
    return glyphs.line(text, x - glyphs.width(text, size) / 2, baseline, size)


def _fitted_line(
    text: str, x: float, baseline: float, size: float, room: float, font: str = glyphs.SERIF
) -> str:
    """A line of this height, stretched or narrowed to fill its room as far as it stays readable."""
    natural = glyphs.width(text, size, font) or 1.0
    stretch = max(0.55, min(1.15, room / natural))
    parts, left = [], x - natural * stretch / 2
    for letter in text:
        parts.append(glyphs.place(letter, left, baseline, size, stretch=stretch, font=font))
        left += glyphs.glyph(letter, font).advance * size * stretch
    return "\n".join(part for part in parts if part)


def _ellipse(x: float, y: float, a: float, b: float) -> str:
    ka, kb = _CIRCLE * a, _CIRCLE * b
    arcs = (
        (x + a, y + kb, x + ka, y + b, x, y + b),
        (x - ka, y + b, x - a, y + kb, x - a, y),
        (x - a, y - kb, x - ka, y - b, x, y - b),
        (x + ka, y - b, x + a, y - kb, x + a, y),
    )
    curves = " ".join(" ".join(f"{value:.3f}" for value in arc) + " c" for arc in arcs)
    return f"{x + a:.3f} {y:.3f} m {curves} h"


def _star(x: float, y: float, radius: float) -> str:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for index in range(10):
        angle = math.pi / 2 + index * math.pi / 5
        distance = inner if index % 2 else radius
        operator = "l" if index else "m"
        points.append(f"{x + distance * math.cos(angle):.3f} {y + distance * math.sin(angle):.3f} {operator}")
    return " ".join(points) + " h f"

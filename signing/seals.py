"""The round seal as a vector drawing: ring, name on the upper arc, star, type, number on the lower arc.

The layout follows what companies have cut in China: 42 mm across for an official seal, 1.2 mm ring,
the legal entity's full name from left to right on the arc, a five-pointed star in the middle, the
seal's type below it on a straight line.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

from signing import glyphs

POINTS_PER_MM: Final = 72 / 25.4
SEAL_RED: Final = (0.78, 0.06, 0.12)


class SealKind(StrEnum):
    """What a seal is for. The official seal 公章 carries no type line."""

    OFFICIAL = "official"
    CONTRACT = "contract"
    FINANCE = "finance"
    INVOICE = "invoice"
    PERSONNEL = "personnel"


TYPE_LINES: Final = {
    SealKind.OFFICIAL: "",
    SealKind.CONTRACT: "合同专用章",
    SealKind.FINANCE: "财务专用章",
    SealKind.INVOICE: "发票专用章",
    SealKind.PERSONNEL: "人事专用章",
}


def draw(entity_name: str, kind: SealKind, code: str | None, diameter_mm: float) -> tuple[bytes, float]:
    """PDF operators of a seal in a square from (0, 0), and the square's side in points."""
    side = diameter_mm * POINTS_PER_MM
    radius = side / 2
    ring = radius * 1.2 / 21
    red = " ".join(f"{part:g}" for part in SEAL_RED)
    parts = [
        f"q {red} rg {red} RG {ring:.3f} w {_circle(radius, radius, radius - ring / 2)} S",
        _star(radius, radius * 1.02, radius * 0.30),
        _upper_arc(glyphs.drawable(entity_name, glyphs.SERIF), radius, ring, bool(TYPE_LINES[kind])),
    ]
    type_line = TYPE_LINES[kind]
    if type_line:
        size = min(radius * 0.20, radius * 1.0 / len(type_line))
        wide = glyphs.width(type_line, size)
        parts.append(glyphs.line(type_line, radius - wide / 2, radius * 0.42, size))
    if code:
        parts.append(_lower_arc(glyphs.drawable(code), radius, ring))
    return "\n".join([*parts, "Q"]).encode(), side


def turned(operators: bytes, side: float, degrees: int) -> bytes:
    """The drawing turned counter-clockwise about its middle by a multiple of 90 degrees.

    A page that is shown turned needs it, so that the seal stands upright for the reader.
    """
    matrices = {
        0: b"",
        90: b"0 1 -1 0 %.3f 0 cm " % side,
        180: b"-1 0 0 -1 %.3f %.3f cm " % (side, side),
        270: b"0 -1 1 0 0 %.3f cm " % side,
    }
    return b"q " + matrices[degrees % 360] + operators + b" Q"


def to_svg(operators: bytes, side: float, diameter_mm: float) -> bytes:
    """The same drawing as SVG, in its true size. Understands just the operators that ``draw`` writes."""
    colour = "#" + "".join(f"{round(part * 255):02x}" for part in SEAL_RED)
    shapes = "".join(_svg_shapes(operators.decode(), colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{diameter_mm}mm" height="{diameter_mm}mm" '
        f'viewBox="0 0 {side:.3f} {side:.3f}"><g transform="matrix(1 0 0 -1 0 {side:.3f})">{shapes}</g></svg>'
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


def _upper_arc(name: str, radius: float, ring: float, has_type_line: bool) -> str:
    """The name, spread over most of the ring but for the type line; long names get smaller letters."""
    count = len(name)
    size = max(radius * 0.15, min(radius * 0.30, radius * 0.30 * 12 / max(count, 1)))
    baseline = radius - ring - radius * 0.07 - size * 0.88
    span = math.radians(min(222.0 if has_type_line else 256.0, count * 21.0))
    stretch = min(0.86, span * baseline / max(count, 1) / size * 0.96)
    return "\n".join(
        place
        for index, letter in enumerate(name)
        if (
            place := _on_circle(
                letter, radius, baseline, math.pi / 2 + span / 2 - _share(span, index, count), size, stretch
            )
        )
    )


def _lower_arc(code: str, radius: float, ring: float) -> str:
    count, size = len(code), radius * 0.10
    baseline = radius - ring - radius * 0.055
    span = math.radians(min(120.0, 5.2 * count))
    parts = []
    for index, letter in enumerate(code):
        angle = -math.pi / 2 - span / 2 + _share(span, index, count)
        x, y = radius + baseline * math.cos(angle), radius + baseline * math.sin(angle)
        parts.append(glyphs.place(letter, x, y, size, turn=angle + math.pi / 2, centred=True))
    return "\n".join(parts)


def _on_circle(letter: str, radius: float, baseline: float, angle: float, size: float, stretch: float) -> str:
    x, y = radius + baseline * math.cos(angle), radius + baseline * math.sin(angle)
    return glyphs.place(
        letter, x, y, size, turn=angle - math.pi / 2, stretch=stretch, centred=True, font=glyphs.SERIF
    )


def _share(span: float, index: int, count: int) -> float:
    return span * index / (count - 1) if count > 1 else span / 2


def _circle(x: float, y: float, radius: float) -> str:
    k = 0.5522847498 * radius
    arcs = (
        (x + radius, y + k, x + k, y + radius, x, y + radius),
        (x - k, y + radius, x - radius, y + k, x - radius, y),
        (x - radius, y - k, x - k, y - radius, x, y - radius),
        (x + k, y - radius, x + radius, y - k, x + radius, y),
    )
    curves = " ".join(" ".join(f"{value:.3f}" for value in arc) + " c" for arc in arcs)
    return f"{x + radius:.3f} {y:.3f} m {curves} h"


def _star(x: float, y: float, radius: float) -> str:
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    points = []
    for index in range(10):
        angle = math.pi / 2 + index * math.pi / 5
        distance = inner if index % 2 else radius
        operator = "l" if index else "m"
        points.append(f"{x + distance * math.cos(angle):.3f} {y + distance * math.sin(angle):.3f} {operator}")
    return " ".join(points) + " h f"

"""Matrices and paths. OFD looks down (y grows to the bottom), PDF looks up; one matrix turns the page."""

from __future__ import annotations

import math
import re
from typing import Final

from ingest.ofd.markup import Box, numbers

Matrix = tuple[float, float, float, float, float, float]
"""``x' = a·x + c·y + e``, ``y' = b·x + d·y + f``, in the order of both formats."""
Point = tuple[float, float]
Segment = tuple[str, tuple[float, ...]]
"""A PDF path operator (m, l, c, h) and its numbers."""

IDENTITY: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
MOST_SEGMENTS: Final = 400_000
"""Of one path; the rest of a longer one is not drawn."""
_TOKENS: Final = re.compile(r"[A-Za-z]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_ARITY: Final = {"S": 2, "M": 2, "L": 2, "Q": 4, "B": 6, "A": 7, "C": 0}
_LARGEST: Final = 1e7


def times(first: Matrix, then: Matrix) -> Matrix:
    """The matrix that does ``first``, then ``then``."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (
        _cut(a * p + b * r),
        _cut(a * q + b * s),
        _cut(c * p + d * r),
        _cut(c * q + d * s),
        _cut(e * p + f * r + t),
        _cut(e * q + f * s + u),
    )


def _cut(value: float) -> float:
    return max(-1e9, min(1e9, value))


def moved(x: float, y: float) -> Matrix:
    """A translation."""
    return (1.0, 0.0, 0.0, 1.0, x, y)


def applied(matrix: Matrix, x: float, y: float) -> Point:
    """A point through a matrix."""
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def scale_of(matrix: Matrix) -> float:
    """By how much lengths grow, on average."""
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def matrix_of(text: str | None) -> Matrix:
    """A CTM; what is missing or not six numbers is the identity."""
    found = numbers(text)
    return (found[0], found[1], found[2], found[3], found[4], found[5]) if len(found) >= 6 else IDENTITY


def plain(value: float) -> str:
    """A number as PDF writes it: no exponent, four decimals."""
    value = round(value, 4)
    if value == int(value):
        return str(int(value))
    return repr(value)


def operand(matrix: Matrix) -> str:
    """A matrix as operands: six decimals where it scales, four where it moves."""
    scale = " ".join(f"{value:.6f}".rstrip("0").rstrip(".") or "0" for value in matrix[:4])
    return f"{scale} {plain(matrix[4])} {plain(matrix[5])}"


def segments(data: str | None) -> list[Segment]:
    """An AbbreviatedData (GB/T 33190, 9.1): S M L Q B A C, each with its numbers.

    A repeated set of numbers repeats its operator; what cannot be understood is passed over.
    """
    made: list[Segment] = []
    here: Point = (0.0, 0.0)
    start: Point = here
    operator, waiting = "", [0.0] * 0
    for token in _TOKENS.findall(data or ""):
        if token.isalpha():
            operator, waiting = token.upper(), []
            if operator == "C" and made:
                made.append(("h", ()))
                here = start
            continue
        waiting.append(max(-_LARGEST, min(_LARGEST, float(token))))
        if len(waiting) < _ARITY.get(operator, 1 << 30) or operator == "C":
            continue
        if len(made) >= MOST_SEGMENTS:
            break
        given, waiting = tuple(waiting), []
        if operator in "SM":
            made.append(("m", given))
            start = (given[0], given[1])
        else:
            if not made or made[-1][0] == "h":
                made.append(("m", here))
            made.extend(_curve(operator, here, given))
        here = (given[-2], given[-1])
    return made


def _curve(operator: str, here: Point, given: tuple[float, ...]) -> list[Segment]:
    if operator == "L":
        return [("l", given)]
    if operator == "B":
        return [("c", given)]
    if operator == "Q":
        x, y, end_x, end_y = given
        return [
            (
                "c",
                (
                    here[0] + (x - here[0]) * 2 / 3,
                    here[1] + (y - here[1]) * 2 / 3,
                    end_x + (x - end_x) * 2 / 3,
                    end_y + (y - end_y) * 2 / 3,
                    end_x,
                    end_y,
                ),
            )
        ]
    return _arc(here, given)


def _arc(here: Point, given: tuple[float, ...]) -> list[Segment]:
    """An elliptic arc by its ends, as quarter curves. The arithmetic is that of SVG 1.1, F.6."""
    rx, ry, turn, large, sweep, end_x, end_y = given
    rx, ry = abs(rx), abs(ry)
    if rx < 1e-9 or ry < 1e-9 or math.hypot(end_x - here[0], end_y - here[1]) < 1e-9:
        return [("l", (end_x, end_y))]
    phi = math.radians(turn % 360)
    cosine, sine = math.cos(phi), math.sin(phi)
    half_x, half_y = (here[0] - end_x) / 2, (here[1] - end_y) / 2
    x, y = cosine * half_x + sine * half_y, cosine * half_y - sine * half_x
    excess = (x / rx) ** 2 + (y / ry) ** 2
    if excess > 1:
        rx, ry = rx * math.sqrt(excess), ry * math.sqrt(excess)
    below = (rx * y) ** 2 + (ry * x) ** 2
    root = math.sqrt(max(0.0, (rx * ry) ** 2 - below) / below) if below else 0.0
    if (large != 0) == (sweep != 0):
        root = -root
    centre_x, centre_y = root * rx * y / ry, -root * ry * x / rx
    middle = (
        cosine * centre_x - sine * centre_y + (here[0] + end_x) / 2,
        sine * centre_x + cosine * centre_y + (here[1] + end_y) / 2,
    )
    first = math.atan2((y - centre_y) / ry, (x - centre_x) / rx)
    last = math.atan2((-y - centre_y) / ry, (-x - centre_x) / rx)
    span = last - first
    if sweep and span < 0:
        span += 2 * math.pi
    elif not sweep and span > 0:
        span -= 2 * math.pi
    matrix = (rx * cosine, rx * sine, -ry * sine, ry * cosine, *middle)
    if not all(abs(value) < _LARGEST * 10 for value in matrix):  # flatter than any line
        return [("l", (end_x, end_y))]
    return _quarters(matrix, first, span, (end_x, end_y))


def _quarters(matrix: Matrix, first: float, span: float, end: Point) -> list[Segment]:
    count = max(1, math.ceil(abs(span) / (math.pi / 2) - 1e-9))
    step = span / count
    handle = 4 / 3 * math.tan(step / 4)
    made: list[Segment] = []
    for index in range(count):
        one, two = first + index * step, first + (index + 1) * step
        corners = (
            applied(matrix, math.cos(one) - handle * math.sin(one), math.sin(one) + handle * math.cos(one)),
            applied(matrix, math.cos(two) + handle * math.sin(two), math.sin(two) - handle * math.cos(two)),
            end if index == count - 1 else applied(matrix, math.cos(two), math.sin(two)),
        )
        made.append(("c", (*corners[0], *corners[1], *corners[2])))
    return made


def written(path: list[Segment], matrix: Matrix = IDENTITY) -> str:
    """A path as PDF operators, its points through a matrix."""
    parts = []
    for operator, given in path:
        if matrix is not IDENTITY:
            points = [applied(matrix, given[at], given[at + 1]) for at in range(0, len(given), 2)]
            given = tuple(side for point in points for side in point)
        parts.append(" ".join([*map(plain, given), operator]))
    return "\n".join(parts)


def extent(path: list[Segment]) -> Box | None:
    """The smallest box around all points of a path, handles included."""
    across = [side for _, given in path for side in given[::2]]
    down = [side for _, given in path for side in given[1::2]]
    if not across:
        return None
    return min(across), min(down), max(across) - min(across), max(down) - min(down)


def rectangle(box: Box) -> list[Segment]:
    """A box as a path."""
    x, y, width, height = box
    return [
        ("m", (x, y)),
        ("l", (x + width, y)),
        ("l", (x + width, y + height)),
        ("l", (x, y + height)),
        ("h", ()),
    ]

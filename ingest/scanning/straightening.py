"""Standing a photo or a scan upright: the paper found in it, the way its text runs, the last degrees.

Only what is certain is done: a picture in which nothing need be changed stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ingest.scanning import engine
from ingest.scanning.codes import turns_of_code
from ingest.scanning.engine import Pixels, Quad
from ingest.scanning.paper import find_paper, order

_LOOKING_SIDE: Final = 736
"""Pixels in which lines are looked for to see how they run."""
_LEAST_SKEW: Final = 0.35
"""Degrees; less cannot be seen, and turning costs sharpness."""
_MOST_SKEW: Final = 40.0
_SAMPLES: Final = 6
"""Lines that are read both ways to see which way is up."""
_SURE: Final = 0.6
"""Mean confidence with which lines must be read for a picture to be turned on their account."""
_MARGIN: Final = 0.08
"""By how much the better way must be ahead for a picture that seems upright to be turned over."""


@dataclass(frozen=True)
class Straight:
    """A picture that stands upright, and what was done to it."""

    picture: Pixels
    turns: int
    """Quarter turns clockwise."""
    is_reshaped: bool
    """Whether more than quarter turns was done."""
    line_height: float | None
    """Of the usual line, in pixels; None when there is no text."""
    matrix: npt.NDArray[np.float64]
    """3 × 3: from the pixels of what was given to those of ``picture``."""


def straighten(picture: Pixels, may_cut: bool = True) -> Straight:
    """Find out how a picture must be changed to stand upright and flat, and change it.

    ``may_cut``: whether a sheet of paper is looked for in it, and what lies around left out.
    """
    lines = engine.find_lines(picture, _LOOKING_SIDE)
    matrix, size = np.eye(3), (picture.shape[1], picture.shape[0])
    paper = find_paper(picture) if may_cut else None
    flat = picture
    if paper is not None and not _is_text_outside(paper, lines):
        matrix, size = _flattening(paper)
        lines = _moved([line for line in lines if _is_inside(paper, line)], matrix)
        flat = _warped(picture, matrix, size)
    turns = _turns(flat, lines)
    if turns:
        matrix = _quarter(turns, size) @ matrix
        lines = _moved(lines, _quarter(turns, size))
        size = size if turns == 2 else size[::-1]
    height, skew = _line_height(lines), _skew(lines)
    if abs(skew) >= _LEAST_SKEW:
        rotation, size = _rotation(-skew, size)
        matrix = rotation @ matrix
        return Straight(_warped(picture, matrix, size), turns, True, height, matrix)
    upright = np.ascontiguousarray(np.rot90(flat, -turns)) if turns else flat
    return Straight(upright, turns, flat is not picture, height, matrix)


def _flattening(paper: Quad) -> tuple[npt.NDArray[np.float64], tuple[int, int]]:
    """What makes the paper a rectangle, and its width and height in pixels."""
    top, right, bottom, left = (float(np.linalg.norm(paper[at] - paper[(at + 1) % 4])) for at in range(4))
    wide, high = max(round(max(top, bottom)), 2), max(round(max(left, right)), 2)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], dtype=np.float32)
    return np.asarray(cv2.getPerspectiveTransform(paper, corners), dtype=np.float64), (wide, high)


def _quarter(turns: int, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The matrix of quarter turns clockwise of a picture of this width and height."""
    wide, high = size
    return np.array(
        {
            0: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            1: [[0, -1, high], [1, 0, 0], [0, 0, 1]],
            2: [[-1, 0, wide], [0, -1, high], [0, 0, 1]],
            3: [[0, 1, 0], [-1, 0, wide], [0, 0, 1]],
        }[turns],
        dtype=np.float64,
    )


def _rotation(degrees: float, size: tuple[int, int]) -> tuple[npt.NDArray[np.float64], tuple[int, int]]:
    """The matrix that turns a picture clockwise, and the size of what it becomes."""
    wide, high = size
    angle = np.radians(degrees)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    new_wide = int(np.ceil(abs(wide * cos) + abs(high * sin)))
    new_high = int(np.ceil(abs(wide * sin) + abs(high * cos)))
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    centre = matrix @ np.array([wide / 2, high / 2, 1])
    matrix[0, 2], matrix[1, 2] = new_wide / 2 - centre[0], new_high / 2 - centre[1]
    return matrix, (new_wide, new_high)


def _warped(picture: Pixels, matrix: npt.NDArray[np.float64], size: tuple[int, int]) -> Pixels:
    """The picture after a matrix; what lies outside is filled with the colour of its edges."""
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    colour = [float(one) for one in np.median(edge, axis=0)]
    changed = cv2.warpPerspective(
        picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    return np.asarray(changed, dtype=np.uint8)


def _moved(lines: list[Quad], matrix: npt.NDArray[np.float64]) -> list[Quad]:
    if not lines:
        return []
    points = cv2.perspectiveTransform(np.array(lines, dtype=np.float32).reshape(-1, 1, 2), matrix)
    return [order(quad) for quad in points.reshape(-1, 4, 2).astype(np.float32)]


def _is_inside(paper: Quad, line: Quad) -> bool:
    middle = line.mean(axis=0)
    return cv2.pointPolygonTest(paper, (float(middle[0]), float(middle[1])), False) >= 0


def _is_text_outside(paper: Quad, lines: list[Quad]) -> bool:
    """Whether much of the text would be cut away: then it was no paper but a frame printed on it."""
    lengths = [(_length(line), _is_inside(paper, line)) for line in lines]
    total = sum(length for length, _ in lengths)
    return total > 0 and sum(length for length, inside in lengths if not inside) > 0.1 * total


def _length(line: Quad) -> float:
    return max(_along(line[0], line[1]), _along(line[0], line[3]))


def _along(start: npt.NDArray[np.float32], end: npt.NDArray[np.float32]) -> float:
    return float(np.linalg.norm(end - start))


def _aspect(line: Quad) -> float:
    """Length along the line to the right, by its height."""
    return _along(line[0], line[1]) / max(_along(line[0], line[3]), 1e-6)


def _turns(picture: Pixels, lines: list[Quad]) -> int:
    """By how many quarter turns clockwise the picture must be turned: by the way its lines run and read."""
    level = [line for line in lines if _aspect(line) >= 2]
    upended = [line for line in lines if _aspect(line) <= 0.5]
    is_upended = sum(map(_length, upended)) > 1.5 * sum(map(_length, level))
    chosen = sorted(upended if is_upended else level, key=_length, reverse=True)
    chosen = [line for line in chosen if 3 <= max(_aspect(line), 1 / _aspect(line)) <= 30][:_SAMPLES]
    if len(chosen) < 2:
        by_code = turns_of_code(picture)
        return by_code if by_code is not None else 0
    cuts = [engine.cut_out(picture, line) for line in chosen]
    ways = (3, 1) if is_upended else (0, 2)
    one, other = (_read_well(cuts, turns) for turns in ways)
    if is_upended:
        return 0 if max(one, other) < _SURE else (ways[0] if one >= other else ways[1])
    return ways[1] if other > one + _MARGIN and other >= _SURE else ways[0]


def _read_well(cuts: list[Pixels], turns: int) -> float:
    """How well lines read after quarter turns clockwise: the mean confidence of those with some letters."""
    turned = [np.ascontiguousarray(np.rot90(cut, -turns)) for cut in cuts]
    read = [one for one in engine.read_lines(turned) if len(one.text.strip()) >= 2]
    return sum(one.confidence for one in read) / len(cuts)


def _skew(lines: list[Quad]) -> float:
    """How many degrees the text hangs to the right, by the longer lines; 0 when it cannot be told."""
    long = [line for line in lines if _aspect(line) >= 3]
    angles = []
    for line in sorted(long, key=_length, reverse=True)[:40]:
        ahead = (line[1] + line[2] - line[0] - line[3]) / 2
        angles.append((float(np.degrees(np.arctan2(ahead[1], ahead[0]))), _length(line)))
    angles = [one for one in angles if abs(one[0]) <= _MOST_SKEW]
    if len(angles) < 3:
        return 0.0
    middle = _weighted_median(angles)
    near = [one for one in angles if abs(one[0] - middle) < 2]
    return _weighted_median(near) if sum(w for _, w in near) > 0.5 * sum(w for _, w in angles) else 0.0


def _weighted_median(values: list[tuple[float, float]]) -> float:
    half, passed = sum(weight for _, weight in values) / 2, 0.0
    for value, weight in sorted(values):
        passed += weight
        if passed >= half:
            return value
    return 0.0


def _line_height(lines: list[Quad]) -> float | None:
    heights = [float(np.linalg.norm(line[3] - line[0])) for line in lines if _aspect(line) >= 1.5]
    return median(heights) if heights else None

"""From a picture that stands upright to its words and their places."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from statistics import median
from typing import Final

import cv2
import numpy as np

from ingest.scanning import engine
from ingest.scanning.engine import Letters, Pixels, Quad
from ingest.words import Page, Place, Word

LEAST_SIDE: Final = 960
MOST_SIDE: Final = 2048
"""Pixels of the longer side in which lines are looked for: small print needs more, at its square's cost."""
_WANTED_HEIGHT: Final = 16
"""Pixels of the usual line at that size."""
_LEAST_CONFIDENCE: Final = 0.5
_UPRIGHT: Final = 1.5
"""A line so many times higher than wide runs downwards."""
_GAP: Final = 0.6
"""Of a full letter's width: a gap between letters that can be seen."""


@dataclass(frozen=True)
class _Read:
    quad: Quad
    letters: Letters
    runs_down: bool


def words_of(picture: Pixels, page: int, line_height: float | None = None) -> Page:
    """The words of a picture. ``line_height`` is that of the usual line in pixels, where it is known."""
    quads = _lines(picture, line_height)
    read = _letters_of(picture, quads)
    high, wide = picture.shape[:2]
    words: list[Word] = []
    for one in sorted(read, key=lambda line: (line.quad[:, 1].mean(), line.quad[:, 0].min())):
        words.extend(_words(one, page, wide, high))
    return tuple(words)


def _lines(picture: Pixels, line_height: float | None) -> list[Quad]:
    longer = max(picture.shape[:2])
    side = LEAST_SIDE
    if line_height:
        side = min(max(round(longer * _WANTED_HEIGHT / line_height), LEAST_SIDE), MOST_SIDE)
    quads = engine.find_lines(picture, side)
    heights = [float(np.linalg.norm(quad[3] - quad[0])) for quad in quads if not runs_down(quad)]
    if line_height is None and heights and side < min(longer, MOST_SIDE):
        usual = median(heights)
        if usual * side / longer < _WANTED_HEIGHT * 0.9:
            return _lines(picture, usual)
    return quads


def runs_down(quad: Quad) -> bool:
    """Whether a line is much higher than wide."""
    along, across = np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[3] - quad[0])
    return bool(across >= _UPRIGHT * along)


def _letters_of(picture: Pixels, quads: list[Quad]) -> list[_Read]:
    """What every line says, of those that say something. A line that runs down is read turned, and letter
    by letter, as Chinese stands: the better one counts."""
    flat = [engine.cut_out(picture, quad) for quad in quads]
    down = [runs_down(quad) for quad in quads]
    cuts = [
        np.ascontiguousarray(np.rot90(cut)) if turned else cut for cut, turned in zip(flat, down, strict=True)
    ]
    read = engine.read_lines(cuts)
    found: list[_Read] = []
    for quad, cut, letters, turned in zip(quads, flat, read, down, strict=True):
        best = max(letters, _stacked(cut), key=_weight) if turned else letters
        if best.text.strip() and best.confidence >= _LEAST_CONFIDENCE:
            found.append(_Read(quad, best, turned))
    return found


def _weight(letters: Letters) -> float:
    return letters.confidence if letters.text.strip() else 0.0


def _stacked(cut: Pixels) -> Letters:
    """A narrow column read as upright letters below each other: they are set side by side."""
    high, wide = cut.shape[:2]
    if wide < 6 or high > 12 * wide:
        return Letters("", (), ())
    grey = cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    pieces = _pieces(ink.sum(axis=1) > 0, wide)
    if len(pieces) < 2:
        return Letters("", (), ())
    side = wide
    row = np.full((side, side * len(pieces), 3), int(np.percentile(grey, 80)), np.uint8)
    for at, (top, bottom) in enumerate(pieces):
        piece = cut[top:bottom]
        if bottom - top > side:
            piece = cv2.resize(piece, (wide, side))  # type: ignore[assignment]
        start = (side - piece.shape[0]) // 2
        row[start : start + piece.shape[0], at * side : at * side + wide] = piece
    said = engine.read_lines([row])[0]
    middles = []
    for middle in said.middles:
        top, bottom = pieces[min(int(middle * len(pieces)), len(pieces) - 1)]
        middles.append((top + bottom) / 2 / high)
    return Letters(said.text, tuple(middles), said.confidences)


def _pieces(has_ink: np.ndarray[tuple[int], np.dtype[np.bool_]], wide: int) -> list[tuple[int, int]]:
    """Runs of rows with ink, those that make up one letter joined."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], has_ink.astype(np.int8), [0]))))
    joined: list[tuple[int, int]] = []
    for top, bottom in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and bottom - joined[-1][0] <= 0.95 * wide:
            joined[-1] = (joined[-1][0], bottom)
        else:
            joined.append((top, bottom))
    return [one for one in joined if one[1] - one[0] >= 0.15 * wide]


def _words(line: _Read, page: int, wide: int, high: int) -> list[Word]:
    """A line as words, split at its visible gaps."""
    quad, letters = line.quad, line.letters
    if line.runs_down:
        place = _place(quad, 0.0, 1.0, page, wide, high)
        text = letters.text.replace(" ", "")
        return [Word(text, place, letters.confidence)] if text and place else []
    along, across = float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))
    em = _em(letters) or across / max(along, 1.0) / 1.3
    words: list[Word] = []
    for start, end in _runs(letters, em):
        text = letters.text[start:end]
        first, last = letters.text[start], letters.text[end - 1]
        left = letters.middles[start] - em * units(first) / 2
        right = letters.middles[end - 1] + em * units(last) / 2
        place = _place(quad, max(left, 0.0), min(right, 1.0), page, wide, high)
        if place is not None:
            words.append(Word(text, place, min(letters.confidences[start:end])))
    return words


def _runs(letters: Letters, em: float) -> list[tuple[int, int]]:
    """From where to where the words of a line reach."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for at, letter in enumerate(letters.text):
        if letter.isspace():
            if start is not None:
                runs.append((start, at))
            start = None
            continue
        if start is not None:
            apart = letters.middles[at] - letters.middles[at - 1]
            usual = em * (units(letter) + units(letters.text[at - 1])) / 2
            if apart - usual > _GAP * em:
                runs.append((start, at))
                start = at
        else:
            start = at
    if start is not None:
        runs.append((start, len(letters.text)))
    return runs


def _em(letters: Letters) -> float | None:
    """The width of a full letter as a share of the line, by the distances of neighbours."""
    steps = [
        (letters.middles[at] - letters.middles[at - 1])
        / ((units(letters.text[at]) + units(letters.text[at - 1])) / 2)
        for at in range(1, len(letters.text))
        if not letters.text[at].isspace() and not letters.text[at - 1].isspace()
    ]
    return median(steps) if steps else None


def units(letter: str) -> float:
    """The width of a letter: 1 for those that stand in full squares, a half for others."""
    return 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.5


def _place(quad: Quad, left: float, right: float, page: int, wide: int, high: int) -> Place | None:
    """The box around the part of a line from ``left`` to ``right`` (0 to 1 of its length)."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    corners = np.array(
        [quad[0] + top * left, quad[0] + top * right, quad[3] + bottom * right, quad[3] + bottom * left]
    )
    low = np.clip(corners.min(axis=0) / (wide, high), 0, 1)
    far = np.clip(corners.max(axis=0) / (wide, high), 0, 1)
    if far[0] - low[0] < 1e-5 or far[1] - low[1] < 1e-5:
        return None
    return Place(page, float(low[0]), float(low[1]), float(far[0]), float(far[1]))

"""Words and where they stand on a page: what text extraction and recognition have in common."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final


@dataclass(frozen=True)
class Place:
    """A box on a page. ``page`` counts from 1; the sides are fractions of the page's width and height as
    it is shown (rotation applied), from the top left corner, so that any picture of it can be marked."""

    page: int
    left: float
    top: float
    right: float
    bottom: float

    def to_json(self) -> list[float]:
        """``[page, left, top, right, bottom]``."""
        return [self.page, *(round(side, 5) for side in (self.left, self.top, self.right, self.bottom))]

    @classmethod
    def from_json(cls, data: list[float] | None) -> Place | None:
        """The place that ``to_json`` wrote; None stays None."""
        return None if data is None else cls(int(data[0]), *(float(side) for side in data[1:5]))

    def joined(self, other: Place) -> Place:
        """The smallest box around both; they are on the same page."""
        return Place(
            self.page,
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    @property
    def middle(self) -> float:
        """Half way down the box."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True)
class Word:
    """A run of text without a visible gap. ``confidence`` is 0 to 1; text of the file itself has 1."""

    text: str
    place: Place
    confidence: float = 1.0


Page = tuple[Word, ...]
"""The words of one page, in reading order as far as that is known."""


def plain(page: Page) -> str:
    """The words of a page as lines of text: those that stand on one level are one line.

    Columns of running text are read one after the other; rows of a table stay lines.
    """
    lines = _levels(page)
    out: list[str] = []
    at = 0
    while at < len(lines):
        block = _columns(lines[at : at + _MOST_ROWS])
        if block is None:
            out.append(_joined(lines[at]))
            at += 1
            continue
        count, left, right = block
        out += [_joined(line) for line in left]
        out.append(plain(tuple(word for line in right for word in line)))
        at += count
    return "\n".join(out)


def _levels(page: Page) -> list[list[Word]]:
    """Words by level, from the top; those of a level from the left."""
    lines: list[list[Word]] = []
    for word in sorted(page, key=lambda one: (one.place.middle, one.place.left)):
        height = word.place.bottom - word.place.top
        if lines and abs(lines[-1][0].place.middle - word.place.middle) < height / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [sorted(line, key=_left) for line in lines]


def _joined(line: list[Word]) -> str:
    return " ".join(word.text for word in line)


_MOST_ROWS: Final = 200
_FEWEST_ROWS: Final = 6
"""Rows from which on two texts beside each other are columns."""
_FILLED: Final = 0.7
"""Share of their column that lines of running text fill on average; cells of a table do not."""


def _columns(lines: list[list[Word]]) -> tuple[int, list[list[Word]], list[list[Word]]] | None:
    """The rows from the top that have one gap in common, and their words left and right of it.

    None where the text on either side is not running text.
    """
    gap = _widest_gap(lines[0])
    if gap is None:
        return None
    count = 0
    for line in lines:
        narrowed = _common(line, gap)
        if narrowed is None:
            break
        gap = narrowed
        count += 1
    middle = sum(gap) / 2
    left = [side for line in lines[:count] if (side := [one for one in line if one.place.right <= middle])]
    right = [side for line in lines[:count] if (side := [one for one in line if one.place.left >= middle])]
    if min(len(left), len(right)) < _FEWEST_ROWS or not (_is_running(left) and _is_running(right)):
        return None
    return count, left, right


def _widest_gap(line: list[Word]) -> tuple[float, float] | None:
    """The widest gap of a row that is wider than a full letter."""
    gaps = [(one.place.right, other.place.left) for one, other in pairwise(line)]
    gap = max(gaps, key=lambda one: one[1] - one[0], default=None)
    letter = max((word.place.right - word.place.left) / max(len(word.text), 1) for word in line)
    return gap if gap is not None and gap[1] - gap[0] > letter else None


def _common(line: list[Word], gap: tuple[float, float]) -> tuple[float, float] | None:
    """What of a gap a row leaves free; None when too little."""
    start = max((one.place.right for one in line if one.place.left < gap[0]), default=gap[0])
    end = min((one.place.left for one in line if one.place.left >= gap[0]), default=gap[1])
    narrowed = (max(start, gap[0]), min(end, gap[1]))
    return narrowed if narrowed[1] - narrowed[0] > 0.008 else None


def _is_running(lines: list[list[Word]]) -> bool:
    """Whether the rows of a column are filled with words from side to side, on the whole."""
    width = max(line[-1].place.right for line in lines) - min(line[0].place.left for line in lines)
    filled = [sum(word.place.right - word.place.left for word in line) for line in lines]
    letters = sum(len(word.text) for line in lines for word in line) / len(lines)
    return sum(filled) / len(filled) > _FILLED * width and letters >= 10


def _left(word: Word) -> float:
    return word.place.left


def words_to_json(pages: list[Page]) -> list[list[Any]]:
    """Pages as plain JSON, for the way out of the worker."""
    return [[[one.text, one.place.to_json(), round(one.confidence, 3)] for one in page] for page in pages]

"""Words and where they stand on a page: what text extraction and recognition have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
    """The words of a page as lines of text: those that stand on one level are one line."""
    lines: list[list[Word]] = []
    for word in sorted(page, key=lambda one: (one.place.middle, one.place.left)):
        height = word.place.bottom - word.place.top
        if lines and abs(lines[-1][-1].place.middle - word.place.middle) < height / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    return "\n".join(" ".join(one.text for one in sorted(line, key=_left)) for line in lines)


def _left(word: Word) -> float:
    return word.place.left


def words_to_json(pages: list[Page]) -> list[list[Any]]:
    """Pages as plain JSON, for the way out of the worker."""
    return [[[one.text, one.place.to_json(), round(one.confidence, 3)] for one in page] for page in pages]

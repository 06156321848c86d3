"""How the pages of a PDF are shown: box, unit and turn of each, read in one walk over the page tree.

All of signing counts millimetres from the top left of a page as the reader sees it; a PDF counts
units from the bottom left of the page as it lies. Here the one becomes the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pyhanko.pdf_utils.misc import PdfError

POINTS_PER_MM: Final = 72 / 25.4
Box = tuple[float, float, float, float]
"""left, bottom, right, top in PDF user space."""
_MOST_NODES: Final = 200_000
_DEEPEST: Final = 50
_INHERITED: Final = ("/MediaBox", "/CropBox", "/Rotate", "/UserUnit")


@dataclass(frozen=True)
class PageFrame:
    """A page as it is shown: the visible box in user space, points for a unit, degrees clockwise."""

    visible: Box
    unit: float
    turn: int

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height as shown."""
        left, bottom, right, top = self.visible
        width, height = (right - left) * self.to_mm, (top - bottom) * self.to_mm
        return (height, width) if self.turn in (90, 270) else (width, height)

    @property
    def to_mm(self) -> float:
        """Millimetres in a unit of user space."""
        return self.unit / POINTS_PER_MM

    def box(self, left_mm: float, top_mm: float, width_mm: float, height_mm: float) -> Box:
        """The user-space box of an area that begins at (left, top) of what the reader sees."""
        x1, y1 = self._point(left_mm, top_mm)
        x2, y2 = self._point(left_mm + width_mm, top_mm + height_mm)
        return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))

    def shown(self, box: Box) -> Box:
        """The reverse: a user-space box as (left, top, right, bottom) in millimetres as shown."""
        left, bottom, right, top = self.visible
        x1, y1, x2, y2 = box[0] - left, top - box[3], box[2] - left, top - box[1]
        width, height = right - left, top - bottom
        turned = {
            0: (x1, y1, x2, y2),
            90: (height - y2, x1, height - y1, x2),
            180: (width - x2, height - y2, width - x1, height - y1),
            270: (y1, width - x2, y2, width - x1),
        }[self.turn]
        return (
            turned[0] * self.to_mm,
            turned[1] * self.to_mm,
            turned[2] * self.to_mm,
            turned[3] * self.to_mm,
        )

    def _point(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        left, bottom, right, top = self.visible
        x, y = x_mm / self.to_mm, y_mm / self.to_mm
        # A page turned clockwise by ``turn`` shows its own axes in these directions.
        return {
            0: (left + x, top - y),
            90: (left + y, bottom + x),
            180: (right - x, bottom + y),
            270: (right - y, top - x),
        }[self.turn]


@dataclass(frozen=True)
class Leaf:
    """A page's own dictionary and how it is shown."""

    page: Any
    frame: PageFrame


def leaves(root: Any) -> list[Leaf]:
    """All pages of a document's catalogue. A damaged or circular tree ends the walk."""
    try:
        return list(_walk(root["/Pages"]))
    except (PdfError, KeyError, TypeError, AttributeError, ValueError):
        return []


def _walk(top: Any) -> Iterator[Leaf]:
    waiting: list[tuple[Any, dict[str, Any], int]] = [(top, {}, 0)]
    visited = 0
    while waiting and visited < _MOST_NODES:
        node, above, depth = waiting.pop()
        visited += 1
        known = {**above, **{key: node[key] for key in _INHERITED if key in node}}
        if "/Kids" not in node:
            yield Leaf(node, _frame(known))
        elif depth < _DEEPEST:
            waiting += [(kid.get_object(), known, depth + 1) for kid in reversed(list(node["/Kids"]))]


def _frame(known: dict[str, Any]) -> PageFrame:
    media = rectangle(known.get("/MediaBox") or (0, 0, 612, 792))
    wanted = rectangle(known["/CropBox"]) if "/CropBox" in known else media
    visible = (
        max(media[0], wanted[0]),
        max(media[1], wanted[1]),
        min(media[2], wanted[2]),
        min(media[3], wanted[3]),
    )
    if not (visible[0] < visible[2] and visible[1] < visible[3]):
        visible = media
    turn = int(known.get("/Rotate") or 0) % 360
    return PageFrame(visible, float(known.get("/UserUnit") or 1), turn if turn % 90 == 0 else 0)


def rectangle(values: Iterable[Any]) -> Box:
    """A PDF rectangle, whichever corners it names."""
    x1, y1, x2, y2 = (float(value) for value in values)
    return (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share an area; touching edges do not."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]

"""From what a keeper asks for to spots on pages: resolved, checked, in the order of the pages. Pure.

A spot is an area on a page with the part of the seal that it shows. Nothing here touches a file: the
frames of its pages and the areas that are taken come from the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from signing.drawing import Shown
from signing.errors import PlacementMissing, PlacementOffPage, PlacementOverlaps, StraddleNeedsPages
from signing.fields import EveryPage, Placement, Straddle, WantedPlace
from signing.pages import Box, PageFrame, overlap
from signing.straddle import slices

MOST_PLACEMENTS: Final = 20
"""How many places a keeper may ask for in one document; every page and a straddle are one each."""
MOST_SPOTS: Final = 2000
"""How many areas they may become."""
_HAIR: Final = 0.01
"""Millimetres by which a seal may touch an edge: what rounding to tenths costs."""
_SAME: Final = 0.05
"""Millimetres within which two areas are the same."""


@dataclass(frozen=True)
class Spot:
    """An area of a page, in millimetres from the top left as shown, and what of the seal it shows.

    ``page`` counts from 1. ``part`` of ``parts`` numbers the slices of a straddle seal.
    """

    page: int
    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float
    begins: float = 0.0
    ends: float = 1.0
    part: int = 1
    parts: int = 1
    is_slice: bool = False

    def box(self, frame: PageFrame) -> Box:
        """The area in user space."""
        return frame.box(self.left_mm, self.top_mm, self.width_mm, self.height_mm)

    def shown(self, frame: PageFrame) -> Shown:
        """How a field on this page shows its part of the seal."""
        return Shown(frame.turn, frame.unit, self.begins, self.ends)

    def is_at(self, area: Box) -> bool:
        """Whether this is the area (left, top, right, bottom) in millimetres as shown."""
        right, bottom = self.left_mm + self.width_mm, self.top_mm + self.height_mm
        own = (self.left_mm, self.top_mm, right, bottom)
        return all(abs(one - other) < _SAME for one, other in zip(own, area, strict=True))

    def to_json(self) -> dict[str, Any]:
        """``{page, x_mm, y_mm}`` of the middle; a slice has its ``part`` of ``parts`` too."""
        x, y = self.left_mm + self.width_mm / 2, self.top_mm + self.height_mm / 2
        entry: dict[str, Any] = {"page": self.page, "x_mm": round(x, 2), "y_mm": round(y, 2)}
        return {**entry, "part": self.part, "parts": self.parts} if self.is_slice else entry


def spots(
    frames: Sequence[PageFrame],
    wanted: Sequence[WantedPlace],
    size_mm: tuple[float, float],
    taken: Mapping[int, Sequence[Box]],
) -> list[Spot]:
    """The spots of a seal of this size (width, height).

    ``taken`` has the areas, by page, that nothing may cover. Raises PlacementMissing, PlacementOffPage,
    PlacementOverlaps, StraddleNeedsPages.
    """
    if not 1 <= len(wanted) <= MOST_PLACEMENTS:
        raise PlacementMissing(field="placements", most=MOST_PLACEMENTS)
    found: list[Spot] = []
    for place in wanted:
        found += _spots_of(frames, place, size_mm)
    if len(found) > MOST_SPOTS:
        raise PlacementMissing(field="placements", most=MOST_SPOTS)
    occupied = {page: list(boxes) for page, boxes in taken.items()}
    for spot in found:
        box = spot.box(frames[spot.page - 1])
        there = occupied.setdefault(spot.page, [])
        if any(overlap(box, other) for other in there):
            raise PlacementOverlaps(field="placements", page=spot.page)
        there.append(box)
    return sorted(found, key=lambda spot: (spot.page, spot.is_slice, spot.top_mm, spot.left_mm))


def at_words(
    frames: Sequence[PageFrame], page: int, area: Box, size_mm: tuple[float, float], after: bool
) -> Placement:
    """A seal over words or right after them, moved onto the page where it would stand over its edge.

    ``area`` has (left, top, right, bottom) of the words as fractions of the page (from 1) as shown.
    """
    across, down = frames[page - 1].size_mm
    middle = (area[0] + area[2]) / 2 * across
    x = area[2] * across + size_mm[0] / 2 if after else middle
    return onto_page(frames, Placement(page, x, (area[1] + area[3]) / 2 * down), size_mm)


def onto_page(frames: Sequence[PageFrame], place: Placement, size_mm: tuple[float, float]) -> Placement:
    """The nearest place at which the whole seal is on the page, to a hundredth of a millimetre."""
    across, down = frames[place.page - 1].size_mm
    x = min(max(place.x_mm, size_mm[0] / 2), across - size_mm[0] / 2)
    y = min(max(place.y_mm, size_mm[1] / 2), down - size_mm[1] / 2)
    return Placement(place.page, round(x, 2), round(y, 2))


def _spots_of(
    frames: Sequence[PageFrame], place: WantedPlace, size_mm: tuple[float, float]
) -> Iterator[Spot]:
    if isinstance(place, Straddle):
        yield from _straddle(frames, place, size_mm)
    elif isinstance(place, EveryPage):
        for page in range(1, len(frames) + 1):
            yield _point(frames, Placement(page, place.x_mm, place.y_mm), size_mm)
    else:
        yield _point(frames, place, size_mm)


def _point(frames: Sequence[PageFrame], place: Placement, size_mm: tuple[float, float]) -> Spot:
    width, height = size_mm
    if not 1 <= place.page <= len(frames):
        raise PlacementOffPage(field="placements", page=place.page, width_mm="–", height_mm="–")
    across, down = frames[place.page - 1].size_mm
    left, top = place.x_mm - width / 2, place.y_mm - height / 2
    is_on = left >= -_HAIR and left + width <= across + _HAIR and top >= -_HAIR
    if not (is_on and top + height <= down + _HAIR):  # also where a number is none (NaN)
        raise _off_page(place.page, across, down)
    return Spot(place.page, left, top, width, height)


def _straddle(frames: Sequence[PageFrame], place: Straddle, size_mm: tuple[float, float]) -> Iterator[Spot]:
    if len(frames) < 2 or not 2 <= place.most_pages <= MOST_SPOTS:
        raise StraddleNeedsPages(field="placements", pages=len(frames))
    width, height = size_mm
    for part in slices(len(frames), place.edge, place.most_pages):
        across, down = frames[part.page - 1].size_mm
        middle = down / 2 if place.y_mm is None else place.y_mm
        own_width = width * (part.ends - part.begins)
        top = middle - height / 2
        if not (top >= -_HAIR and top + height <= down + _HAIR and own_width <= across + _HAIR):
            raise _off_page(part.page, across, down)
        left = across - own_width if place.edge == "right" else 0.0
        yield Spot(
            part.page, left, top, own_width, height, part.begins, part.ends, part.part, part.parts, True
        )


def _off_page(page: int, width: float, height: float) -> PlacementOffPage:
    return PlacementOffPage(field="placements", page=page, width_mm=f"{width:.0f}", height_mm=f"{height:.0f}")

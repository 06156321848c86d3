"""The straddle seal 骑缝章: which slice of which seal stands on which page. Pure.

Fanned out, the pages of a pile show their right edges from left to right: the first page has the
leftmost slice. Fanned out the other way they show their left edges, the first page rightmost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signing.fields import Edge


@dataclass(frozen=True)
class Slice:
    """A page's part of a seal. ``page`` counts from 1; ``begins`` and ``ends`` are fractions of the
    seal's width, from its left."""

    page: int
    part: int
    parts: int
    begins: float
    ends: float


def groups(pages: int, most: int) -> list[range]:
    """Pages (from 1) that share one whole seal: at most ``most``, all groups within one of equal size.

    No group is a single page, for a whole seal on one page straddles nothing, unless there is no other way.
    """
    if pages < 1 or most < 1:
        return []
    count = -(-pages // most)
    if pages >= 2 * count:
        least, larger = divmod(pages, count)
    else:  # pairs are not possible for all: ``most`` is 1, or there is one page
        least, larger = 1, pages - count
    found, first = [], 1
    for index in range(count):
        size = least + (index < larger)
        found.append(range(first, first + size))
        first += size
    return found


def slices(pages: int, edge: Edge, most: int) -> Iterator[Slice]:
    """The slices of all pages, in the order of the pages."""
    for group in groups(pages, most):
        parts = len(group)
        for index, page in enumerate(group):
            place = index if edge is Edge.RIGHT else parts - 1 - index
            yield Slice(page, index + 1, parts, place / parts, (place + 1) / parts)

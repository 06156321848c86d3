"""Charts that are drawn on the server: bars that are links, beside a table of the same figures."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from search.index import FacetCount

MOST_MONTHS: Final = 24
"""How many months fit beside each other; the last ones are drawn."""
_MOST_TICKS: Final = 8  # on a phone


@dataclass(frozen=True)
class Bar:
    """One bar. ``share`` is its length in percent of the longest; ``tick`` what stands beneath it."""

    label: str
    count: int
    share: float
    tick: str = ""
    address: str | None = None
    is_chosen: bool = False


@dataclass(frozen=True)
class Month:
    """A calendar month."""

    first: date
    last: date

    @classmethod
    def of(cls, name: str) -> Month:
        """The month that is called ``2026-03``."""
        year, month = int(name[:4]), int(name[5:7])
        return cls(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def months(
    counts: Sequence[FacetCount],
    label: Callable[[date], str],
    address: Callable[[Month], str | None],
    chosen: tuple[date | None, date | None] = (None, None),
) -> list[Bar]:
    """A bar for each of the last months, those without anything included, the oldest first."""
    counted = {count.value: count.count for count in counts}
    if not counted:
        return []
    names = _between(min(counted), max(counted))[-MOST_MONTHS:]
    most = max(counted.get(name, 0) for name in names)
    step = -(-len(names) // _MOST_TICKS)
    bars = []
    for place, name in enumerate(names):
        month, count = Month.of(name), counted.get(name, 0)
        is_named = (len(names) - 1 - place) % step == 0
        bars.append(
            Bar(
                label(month.first), count, _share(count, most), name[2:] if is_named else "",
                address(month) if count else None, chosen == (month.first, month.last),
            )
        )  # fmt: skip
    return bars


def ranked(counts: Sequence[FacetCount], address: Callable[[str], str | None], most: int) -> list[Bar]:
    """A bar for each of the most frequent values; ``counts`` has them first."""
    longest = max((count.count for count in counts), default=0)
    return [
        Bar(one.label, one.count, _share(one.count, longest), address=address(one.value))
        for one in counts[:most]
    ]


def _between(first: str, last: str) -> list[str]:
    year, month = int(first[:4]), int(first[5:7])
    names = []
    while (name := f"{year:04d}-{month:02d}") <= last:
        names.append(name)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return names


def _share(count: int, most: int) -> float:
    """In percent, at least so much that it is seen."""
    return max(round(100 * count / most, 1), 2.0) if count and most else 0.0

"""Access terms by quarter, with the embedded engine.

Each search reads the list of records of each access term that its person has, from end to end. The same
lists cut into quarters let a search read a part: one within days, and one for the newest of many hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from search.fields import instant_of
from search.index import FacetCount, Lookup
from search.query import Between

QUARTER: Final = "quarter"
"""The field of each record's quarter."""
ACCESS_IN_QUARTER: Final = "access_in_quarter"
"""The field of access terms by quarter, as ``in_quarter``."""
_ZONE: Final = timezone(timedelta(hours=8))
"""Where most archives are, so that quarters that people ask for are those of the index. Any would do."""
_MOST: Final = 4 * 9999
_WORTH_IT: Final = 0.35
"""Share of all records up to which quarters are read in place of everything: many lists take time, too."""
_PLENTY: Final = 2
"""So many times the hits that are wanted are looked for in the newest quarters: not all are of the best."""


def quarter_of(instant: datetime) -> int:
    """The quarter of the index that a moment is in, counted from the year 0."""
    try:
        there = instant.astimezone(_ZONE)
    except OverflowError:  # the first or last hours of the calendar
        there = instant
    return _quarter(there.year, there.month)


def quarter_of_order(order: int) -> int:
    """The same of what sorts a record."""
    return quarter_of(instant_of(order))


def in_quarter(quarter: int, term: str) -> str:
    """An access term of one quarter."""
    return f"{quarter} {term}"


def quarters_of(searcher: Any) -> dict[int, int]:
    """How many records there are in each quarter."""
    return {
        int(quarter): int(count) for quarter, count in searcher.terms_with_prefix(QUARTER, "", limit=_MOST)
    }


def quarters_between(counted: Mapping[int, int], between: Between) -> Sequence[int] | None:
    """The quarters of the index that make up some days or a little more; None where that is most of what
    there is (``quarters_of``)."""
    if not counted:
        return None
    first, last = min(counted), max(counted)
    if between.since is not None:
        first = max(first, quarter_of(between.since))
    if between.until is not None:
        last = min(last, quarter_of(between.until))
    share = sum(count for quarter, count in counted.items() if first <= quarter <= last)
    return range(first, last + 1) if share <= _WORTH_IT * sum(counted.values()) else None


def is_whole_quarters(between: Between) -> bool:
    """Whether the days are those of ``quarters_between`` and no others."""
    if between.since is None or between.until is not None:
        return False
    return between.since == _beginning(quarter_of(between.since))


def within_newest(lookup: Lookup, months: Iterable[FacetCount]) -> Lookup | None:
    """The lookup, within the newest quarters that have plenty of its hits; None where that is no help.

    ``months`` are all months of hits, the oldest first. What is found there in order is what the lookup
    itself finds first, as long as it is enough.
    """
    if lookup.access is None or not lookup.limit or lookup.order not in ("best", "newest"):
        return None
    left = _PLENTY * (lookup.offset + lookup.limit)
    for month in reversed(tuple(months)):
        left -= month.count
        if left <= 0:
            year, _, number = month.value.partition("-")
            since = _beginning(_quarter(int(year), int(number)))
            return replace(lookup, since=since) if lookup.since is None or since > lookup.since else None
    return None


def _quarter(year: int, month: int) -> int:
    return year * 4 + (month - 1) // 3


def _beginning(quarter: int) -> datetime:
    return datetime(max(1, quarter // 4), quarter % 4 * 3 + 1, 1, tzinfo=_ZONE)

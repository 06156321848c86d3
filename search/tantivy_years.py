"""Access terms by year, with the embedded engine.

Each search reads the list of records of each access term that its person has, from end to end. The same
lists cut into years let a search read a part of them: one within days, and one for the newest hits of many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from search.fields import instant_of
from search.index import FacetCount, Lookup
from search.query import Between

ACCESS_IN_YEAR: Final = "access_in_year"
"""The field of access terms by year, as ``in_year``."""
_ZONE: Final = timezone(timedelta(hours=8))
"""Where most archives are: years that people ask for begin and end with those of the index. Any would do."""
_YEARS: Final = 9999
_WORTH_IT: Final = 0.35
"""Share of all records up to which years are read in place of everything: many lists take time to begin."""
_PLENTY: Final = 3
"""So many times the hits that are wanted are looked for in the newest years: not all are of the best."""


def year_of(instant: datetime) -> int:
    """The year of the index that a moment is in."""
    try:
        return instant.astimezone(_ZONE).year
    except OverflowError:  # the first or last hours of the calendar
        return instant.year


def year_of_order(order: int) -> int:
    """The same of what sorts a record."""
    return year_of(instant_of(order))


def in_year(year: int, term: str) -> str:
    """An access term of one year."""
    return f"{year} {term}"


def years_of(searcher: Any) -> dict[int, int]:
    """How many records there are of each year of the organisation."""
    told = searcher.terms_with_prefix("in_year", "", limit=_YEARS)
    return {int(year): int(count) for year, count in told}


def years_between(counted: Mapping[int, int], between: Between) -> Sequence[int] | None:
    """The years of the index that make up some days or a little more; None where that is most of what there
    is (``years_of``)."""
    if not counted:
        return None
    # The years that are counted are the organisation's: each may reach into the next or last of ours.
    first, last = min(counted) - 1, max(counted) + 1
    if between.since is not None:
        first = max(first, year_of(between.since))
    if between.until is not None:
        last = min(last, year_of(between.until))
    share = sum(count for year, count in counted.items() if first <= year <= last)
    return range(first, last + 1) if share <= _WORTH_IT * sum(counted.values()) else None


def is_whole_years(between: Between) -> bool:
    """Whether the days are those of ``years_between`` and no others."""
    return between.until is None and between.since == _beginning(between.since)


def within_newest(lookup: Lookup, months: Iterable[FacetCount]) -> Lookup | None:
    """The lookup, within the newest years that have plenty of its hits; None where it has no end there.

    ``months`` are all months of hits, the oldest first. What is found there in order is what the lookup
    itself finds first, as long as it is enough.
    """
    if lookup.access is None or not lookup.limit or lookup.order not in ("best", "newest"):
        return None
    left = _PLENTY * (lookup.offset + lookup.limit)
    for month in reversed(tuple(months)):
        left -= month.count
        if left <= 0:
            since = datetime(max(1, int(month.value[:4])), 1, 1, tzinfo=_ZONE)
            is_narrower = lookup.since is None or since > lookup.since
            return replace(lookup, since=since) if is_narrower else None
    return None


def _beginning(instant: datetime | None) -> datetime | None:
    return None if instant is None else datetime(year_of(instant), 1, 1, tzinfo=_ZONE)

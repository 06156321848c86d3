"""Counting by value with the embedded engine.

The engine counts numbers many times faster than texts: of a text field it opens the whole dictionary
first. So each value that is counted is a number, drawn from its facet and text, and both are found again by
the number's digits, with which a term begins. What has few values shares a field: to open one takes as long
as to count in it, and its numbers lie side by side for each record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from search.fields import MOST_COUNTED, MOST_MONTHS, MOST_OF_A_PART, MOST_VALUES
from search.index import TAG_FACETS

COUNTED: Final = "counted"
"""The field of what is counted, as ``counted_text``."""
COUNTS: Final = {
    "kind": "count_few",
    "state": "count_few",
    "seal": "count_few",
    "month": "count_few",
    "department": "count_department",
    "person": "count_person",
    "counterparty": "count_counterparty",
}
"""The field of numbers for each facet but the year, which its months tell."""


@lru_cache(maxsize=50_000)
def number_of(facet: str, value: str) -> int:
    """The number that stands for a value of a facet: 63 bits of a digest. Two values of a million share one
    with a probability of one in ten million."""
    return int.from_bytes(hashlib.blake2b(_text(facet, value).encode(), digest_size=8).digest()) >> 1


def counted_text(number: int, facet: str, value: str) -> str:
    """The term that leads from a number back to its facet and value."""
    return f"{number:016x} {_text(facet, value)}"


def _text(facet: str, value: str) -> str:
    return f"{facet} {value}"


class Counting:
    """Counts among what a searcher finds. What a number stands for never changes, so it is kept."""

    def __init__(self, searcher: Any, known: dict[int, tuple[str, str]]) -> None:
        self._searcher = searcher
        self._known = known

    def count(self, query: Any, names: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
        """How often each value of these facets is found, the most frequent."""
        found: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
        asked = {}
        for field in {COUNTS[name] for name in found}:
            most = _SIZES[field]
            size = {"size": most, "segment_size": max(most, MOST_OF_A_PART)}
            asked[field] = {"terms": {"field": field, **size}}
        for answer in self._searcher.aggregate(query, asked).values():
            for bucket in answer["buckets"]:
                facet, value = self.value(bucket["key"])
                if facet in found:
                    found[facet].append((value, bucket["doc_count"]))
        return found

    def value(self, number: int) -> tuple[str, str]:
        """The facet and the value that a number stands for."""
        known = self._known.get(number)
        if known is None:
            digits = f"{number:016x} "
            ((term, _),) = self._searcher.terms_with_prefix(COUNTED, digits, limit=1)
            facet, _, value = str(term).removeprefix(digits).partition(" ")
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[number] = known = facet, value
        return known


def _most(facet: str) -> int:
    """Values of a facet that are asked for."""
    if facet == "month":
        return MOST_MONTHS
    return MOST_COUNTED if facet in TAG_FACETS else MOST_VALUES


_SIZES: Final = {
    field: sum(_most(facet) for facet, its in COUNTS.items() if its == field) for field in COUNTS.values()
}
_MOST_KNOWN: Final = 100_000

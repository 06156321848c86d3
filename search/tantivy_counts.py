"""Counting by value with the embedded engine.

The engine counts numbers many times faster than texts: of a text field it opens the whole dictionary
first. So each value that is counted is a number, drawn from its text, and the text is found again by the
number's digits, with which a term begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from search.fields import MOST_COUNTED, MOST_MONTHS, MOST_OF_A_PART, MOST_VALUES
from search.index import FACETS, TAG_FACETS

COUNTED: Final = "counted"
"""The field of what is counted, as ``counted_text``."""
COUNTS: Final = {name: f"count_{name}" for name in (*FACETS, "month")}
"""The field of numbers for each facet, and for months."""


@lru_cache(maxsize=50_000)
def number_of(value: str) -> int:
    """The number that stands for a value: 63 bits of its digest. Two values of a million share one with a
    probability of one in ten million."""
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest()) >> 1


def counted_text(number: int, value: str) -> str:
    """The term that leads from a number back to its value."""
    return f"{number:016x} {value}"


class Counting:
    """Counts among what a searcher finds. What a number stands for never changes, so it is kept."""

    def __init__(self, searcher: Any, known: dict[int, str]) -> None:
        self._searcher = searcher
        self._known = known

    def count(self, query: Any, names: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
        """How often each value of these facets is found, the most frequent."""
        wanted = {}
        for name in names:
            most = MOST_COUNTED if name in TAG_FACETS else _MOST.get(name, MOST_VALUES)
            size = {"size": most, "segment_size": max(most, MOST_OF_A_PART)}
            wanted[name] = {"terms": {"field": COUNTS[name], **size}}
        answer = self._searcher.aggregate(query, wanted)
        return {
            name: [
                (self._value(int(each["key"])), int(each["doc_count"])) for each in answer[name]["buckets"]
            ]
            for name in wanted
        }

    def _value(self, number: int) -> str:
        value = self._known.get(number)
        if value is None:
            digits = f"{number:016x} "
            ((term, _),) = self._searcher.terms_with_prefix(COUNTED, digits, limit=1)
            value = str(term).removeprefix(digits)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[number] = value
        return value


_MOST: Final = {"month": MOST_MONTHS, "year": MOST_MONTHS}
_MOST_KNOWN: Final = 100_000

"""Lookups in the terms of the embedded engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import tantivy
from tantivy import Occur, Query

from search.index import FACETS, FacetCount, Lookup
from search.query import Word

TIE_BITS: Final[int] = 14
_MOST_EXPANSIONS: Final = 12_000  # the engine refuses a phrase whose last token stands for more than 16,384
_MOST_VALUES: Final = 1_000
_SHOWN_VALUES: Final = 50


def order_of(instant: datetime) -> int:
    """Milliseconds, with room below for what tells records of the same moment apart."""
    return int(instant.timestamp() * 1000) << TIE_BITS


class Asking:
    """Queries in the engine's terms. Nothing is scored: the order is the tier, then the date."""

    def __init__(self, schema: Any, searcher: Any) -> None:
        self._schema = schema
        self._searcher = searcher

    def matching(self, lookup: Lookup, leave_out: str | None = None) -> Any:
        """All that matches, whatever the tier; ``leave_out`` names a filter to pass over."""
        clauses = [(Occur.Must, query) for query in self._filters(lookup, leave_out)]
        for word in lookup.words:
            clauses.append((Occur.MustNot if word.is_excluded else Occur.Must, self._word("text", word)))
        if not any(occur is not Occur.MustNot for occur, _ in clauses):
            clauses.append((Occur.Must, Query.all_query()))
        return Query.boolean_query(clauses)

    def tiers(self, lookup: Lookup) -> list[Any]:
        """Queries that share nothing and together are all that matches, the best first."""
        matching = self.matching(lookup)
        wanted = [word for word in lookup.words if not word.is_excluded]
        if not wanted:
            return [matching]
        better = [Query.boolean_query([(Occur.Must, self._word("title", word)) for word in wanted])]
        numbers = sorted({word.number for word in wanted if word.number is not None})
        if numbers:
            better.insert(0, Query.term_set_query(self._schema, "number", numbers))
        found: list[Any] = []
        above: list[tuple[Any, Any]] = []
        for tier in better:
            found.append(Query.boolean_query([(Occur.Must, matching), (Occur.Must, tier), *above]))
            above.append((Occur.MustNot, tier))
        return [*found, Query.boolean_query([(Occur.Must, matching), *above])]

    def facets(self, lookup: Lookup) -> Mapping[str, tuple[FacetCount, ...]]:
        """Values and counts of each facet, under all filters but its own."""
        narrowed = {name for name in FACETS if getattr(lookup, name) is not None}
        found = self._count(self.matching(lookup), [name for name in FACETS if name not in narrowed])
        for name in narrowed:
            found |= self._count(self.matching(lookup, leave_out=name), [name])
        return {name: found[name] for name in FACETS}

    def _count(self, query: Any, names: list[str]) -> dict[str, tuple[FacetCount, ...]]:
        if not names:
            return {}
        wanted = {
            name: {"terms": {"field": name, "size": _MOST_VALUES, "segment_size": 10 * _MOST_VALUES}}
            for name in names
        }
        answer = self._searcher.aggregate(query, wanted)
        return {name: _facet_counts(name, answer[name]["buckets"]) for name in names}

    def _filters(self, lookup: Lookup, leave_out: str | None) -> list[Any]:
        schema, queries = self._schema, []
        if lookup.access is not None:
            queries.append(Query.term_set_query(schema, "access", sorted(lookup.access)))
        for name in ("kind", "state"):
            value = getattr(lookup, name)
            if value is not None and name != leave_out:
                queries.append(Query.term_query(schema, name, value))
        for name in ("seal", "department", "person"):
            wanted: UUID | None = getattr(lookup, name)
            if wanted is not None and name != leave_out:
                queries.append(Query.regex_query(schema, name, f"{wanted.hex} .*"))
        if lookup.since is not None or lookup.until is not None:
            queries.append(
                Query.range_query(
                    schema,
                    "order",
                    tantivy.FieldType.Integer,
                    lower_bound=None if lookup.since is None else order_of(lookup.since),
                    upper_bound=None if lookup.until is None else order_of(lookup.until) - 1,
                )
            )
        return [Query.const_score_query(query, 0.0) for query in queries]

    def _word(self, field: str, word: Word) -> Any:
        """Where a word matches: in the field, or by the beginning or end of a number."""
        ways = [self._text(field, word)]
        if word.number is not None:
            ways.append(Query.regex_query(self._schema, "number", f"{word.number}.*"))
        if word.number_end is not None:
            ways.append(Query.regex_query(self._schema, "number_end", f"{word.number_end[::-1]}.*"))
        if len(ways) == 1:
            return ways[0]
        return Query.boolean_query([(Occur.Should, way) for way in ways])

    def _text(self, field: str, word: Word) -> Any:
        *first, last = word.phrase
        if not word.is_prefix:
            if not first:
                return Query.term_query(self._schema, field, last)
            return Query.phrase_query(self._schema, field, [*first, last])
        if not first:
            return Query.regex_query(self._schema, field, f"{last}.*")
        ways = [
            Query.regex_phrase_query(self._schema, field, [*first, pattern])
            for pattern in self._endings(field, last)
        ]
        return ways[0] if len(ways) == 1 else Query.boolean_query([(Occur.Should, way) for way in ways])

    def _endings(self, field: str, prefix: str) -> list[str]:
        """Patterns for all tokens with this prefix, none of which stands for too many of them."""
        known = self._searcher.terms_with_prefix(field, prefix, limit=_MOST_EXPANSIONS + 1)
        if len(known) <= _MOST_EXPANSIONS:
            return [f"{prefix}.*"]
        following = "0123456789" if prefix[-1].isdecimal() else "abcdefghijklmnopqrstuvwxyz"
        patterns = [prefix] if prefix[-1].isdecimal() else [prefix, f"{prefix}[^a-z].*"]
        for letter in following:
            patterns.extend(self._endings(field, prefix + letter))
        return patterns


def _facet_counts(name: str, buckets: Sequence[Mapping[str, Any]]) -> tuple[FacetCount, ...]:
    """Counts by value; one value may stand under several names after a renaming: the commonest wins."""
    split: Callable[[str], tuple[str, str]] = _labelled if name not in ("kind", "state") else _plain
    counts: dict[str, int] = {}
    labels: dict[str, str] = {}
    for bucket in buckets:
        value, label = split(str(bucket["key"]))
        counts[value] = counts.get(value, 0) + int(bucket["doc_count"])
        labels.setdefault(value, label)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], labels[pair[0]]))
    return tuple(FacetCount(value, labels[value], count) for value, count in ranked[:_SHOWN_VALUES])


def _labelled(text: str) -> tuple[str, str]:
    hexadecimal, _, label = text.partition(" ")
    return str(UUID(hex=hexadecimal)), label


def _plain(text: str) -> tuple[str, str]:
    return text, text

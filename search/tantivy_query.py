"""Lookups in the terms of the embedded engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import tantivy
from tantivy import Occur, Query

from search import sounds, tokens
from search.fields import IN_FOURS, facet_counts, month_counts, order_of, years_in
from search.index import FACETS, FacetCount, Key, Lookup
from search.likeness import ABBREVIATIONS, SHORTEST_FUZZY
from search.query import (
    SHORTEST_PART,
    SOUND_FIELDS,
    Amount,
    Between,
    Clause,
    Condition,
    Days,
    InField,
    Is,
    NumberHas,
    Term,
    Word,
)
from search.tantivy_counts import Counting
from search.tantivy_keys import read_keys
from search.tantivy_quarters import (
    ACCESS_IN_QUARTER,
    in_quarter,
    is_whole_quarters,
    quarters_between,
    within_newest,
)

NO_AMOUNT: Final = -(2**62)
"""What stands for no amount: below all that there are."""
_MOST_EXPANSIONS: Final = 12_000  # the engine refuses a phrase whose last token stands for more than 16,384
_FEW_TERMS: Final = 50
_FEW_LISTS: Final = 24  # to begin with a list takes as long as to read some hundred records of it
_Part = tuple[Occur, Query]


class Asking:
    """Queries in the engine's terms. Nothing is scored but ``near``: the order is the tier, then the date."""

    def __init__(
        self, schema: Any, searcher: Any, known: dict[int, tuple[str, str]], quarters: Mapping[int, int]
    ) -> None:
        """``known``: what ``Counting`` keeps between queries. ``quarters``: ``quarters_of`` the searcher."""
        self._schema = schema
        self._quarters = quarters
        self._searcher = searcher
        self._counting = Counting(searcher, known)

    def matching(self, lookup: Lookup, leave_out: str | None = None) -> Any:
        """All that matches, whatever the tier; ``leave_out`` names a filter to pass over."""
        return _all(self._parts(lookup, leave_out))

    def _parts(self, lookup: Lookup, leave_out: str | None = None) -> list[_Part]:
        """What ``matching`` is made of. The engine goes through one flat list quicker than through lists
        within lists."""
        parts = [(Occur.Must, query) for query in self._filters(lookup, leave_out)]
        for clause in lookup.clauses:
            if len(clause) == 1:
                occur = Occur.MustNot if clause[0].is_excluded else Occur.Must
                parts.append((occur, self._condition(clause[0].condition)))
            else:
                parts.append((Occur.Must, self._clause(clause)))
        return parts

    def tiers(self, lookup: Lookup) -> Iterator[Any]:
        """Queries that share nothing and together are all that matches, the best first."""
        above: list[_Part] = []
        if lookup.plain_words and lookup.order == "best":
            for tier, parts in self._better(lookup, lookup.plain_words):
                yield _all([*parts, *above])
                above.append((Occur.MustNot, tier))
        yield _all([*self._parts(lookup), *above])

    def _better(self, lookup: Lookup, words: Sequence[Word]) -> Iterator[tuple[Any, list[_Part]]]:
        """What makes each tier but the last, and all that has to hold for it."""
        numbers = sorted({word.number for word in words if word.number is not None})
        numbers = [number for number in numbers if self._has("number", number)]
        if numbers:
            with_number = Query.term_set_query(self._schema, "number", numbers)
            yield with_number, [*self._parts(lookup), (Occur.Must, with_number)]
        whole = "".join(word.compact for word in words)
        if self._has("name", whole):
            with_name = Query.term_query(self._schema, "name", whole)
            yield with_name, [*self._parts(lookup), (Occur.Must, with_name)]
        # What stands in the head stands in the text: the words need not be looked for in both.
        others = self._parts(replace(lookup, clauses=lookup.other_clauses))
        in_head: list[_Part] = [(Occur.Must, self._word("head", word)) for word in words]
        yield _all(in_head), [*others, *in_head]

    def _has(self, field: str, value: str) -> bool:
        """Whether any record has the value: to look it up is quicker than to ask for what has it."""
        return int(self._searcher.doc_freq(field, value)) > 0

    def newest(self, lookup: Lookup, months: Iterable[FacetCount]) -> Any | None:
        """The first of ``tiers`` within the newest quarters, where those have plenty of hits and are quicker
        to read; ``months`` are those of ``facets``."""
        within = within_newest(lookup, months)
        if (
            within is None
            or self._cut(Between(within.since, within.until), sorted(within.access or ())) is None
        ):
            return None
        return next(self.tiers(within))

    def keys(self, hits: Sequence[tuple[Any, Any]]) -> tuple[Key, ...]:
        """Which records were hit, in order."""
        addresses = [address for _, address in hits]
        return tuple(read_keys(self._searcher, addresses, self._kind))

    def _kind(self, number: int) -> str:
        return self._counting.value(number)[1]

    def count(self, lookup: Lookup) -> int:
        """How much matches."""
        return int(self._searcher.search(self.matching(lookup), 1).count)

    def facets(self, lookup: Lookup) -> tuple[Mapping[str, tuple[FacetCount, ...]], tuple[FacetCount, ...]]:
        """Values and counts of each facet under all filters but its own, and of months under all."""
        narrowed = {name for name in FACETS if getattr(lookup, name) is not None}
        plain = [name for name in FACETS if name not in narrowed and name != "year"]
        counted = self._counting.count(self.matching(lookup), [*plain, "month"])
        months = month_counts(counted.pop("month"))
        counted["year"] = list(years_in(months).items())
        for name in narrowed:
            query = self.matching(lookup, leave_out=name)
            if name == "year":
                within = month_counts(self._counting.count(query, ["month"])["month"])
                counted["year"] = list(years_in(within).items())
            else:
                counted |= self._counting.count(query, [name])
        return {name: facet_counts(name, counted[name]) for name in FACETS}, months

    def near(self, word: Word, lookup: Lookup) -> Any | None:
        """What has something like the word, scored; None for a word that is too short for it."""
        ways = [way for run in word.runs for way in self._near_run(run)]
        if word.number is not None and len(word.number) >= SHORTEST_FUZZY:
            ways.append(Query.fuzzy_term_query(self._schema, "number", word.number, 1, True, True))
        spelled = sounds.spelled(word.compact)
        if spelled is not None:
            ways.append(self._sounds(spelled))
        if not ways:
            return None
        clauses = [self._clause(clause) for clause in lookup.clauses]
        unscored = [Query.const_score_query(query, 0.0) for query in (*self._filters(lookup, None), *clauses)]
        return _all([(Occur.Must, query) for query in (*unscored, _any(ways))])

    def _near_run(self, run: str) -> Iterable[Any]:
        if not tokens.starts_chinese(run):
            if len(run) >= SHORTEST_FUZZY:
                yield Query.boost_query(Query.fuzzy_term_query(self._schema, "head", run, 1, True), 2.0)
                yield Query.fuzzy_term_query(self._schema, "text", run, 1, True)
            return
        for at in range(len(run) - 1):
            pair = run[at : at + 2]
            yield Query.boost_query(Query.term_query(self._schema, "head", pair), 2.0)
            yield Query.term_query(self._schema, "text", pair)
        if len(run) in ABBREVIATIONS:
            letters = [(Occur.Must, Query.term_query(self._schema, "letter", letter)) for letter in set(run)]
            yield Query.boolean_query(letters)
        if len(run) == 2:  # no pair of it may be left
            for pattern in (f"{re.escape(run[0])}.", f".{re.escape(run[1])}"):
                for field in ("head", "person", "department"):
                    yield Query.regex_query(self._schema, field, pattern)

    def _filters(self, lookup: Lookup, leave_out: str | None) -> list[Any]:
        schema, queries = self._schema, self._seen(lookup)
        for name in FACETS:
            value = getattr(lookup, name)
            if value is None or name == leave_out:
                continue
            if isinstance(value, UUID):
                queries.append(Query.regex_query(schema, f"in_{name}", f"{value.hex} .*"))
            else:
                queries.append(Query.term_query(schema, f"in_{name}", value))
        return queries

    def _seen(self, lookup: Lookup) -> list[Any]:
        """What may be seen, of the days that are asked for."""
        between = Between(lookup.since, lookup.until)
        days = [] if between == Between() else [self._between(between)]
        if lookup.access is None:
            return days
        terms = sorted(lookup.access)
        cut = self._cut(between, terms)
        if cut is None:
            return [self._access("access", terms), *days]
        within = self._access(ACCESS_IN_QUARTER, cut)
        return [within] if is_whole_quarters(between) else [within, *days]

    def _cut(self, between: Between, terms: Sequence[str]) -> list[str] | None:
        """Access terms by quarter for some days; None where whole ones are read as quickly."""
        quarters = quarters_between(self._quarters, between) if between != Between() else None
        if quarters is None or len(quarters) * len(terms) > _FEW_LISTS:
            return None
        return [in_quarter(quarter, term) for quarter in quarters for term in terms]

    def _access(self, field: str, terms: list[str]) -> Any:
        """What has one of the terms. A set is read whole before anything is compared; a few terms are not."""
        if len(terms) > _FEW_TERMS:
            return Query.term_set_query(self._schema, field, terms)
        return _any([Query.term_query(self._schema, field, term) for term in terms])

    # conditions

    def _clause(self, clause: Clause) -> Any:
        return _any([self._term(term) for term in clause])

    def _term(self, term: Term) -> Any:
        query = self._condition(term.condition)
        if not term.is_excluded:
            return query
        return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])

    def _condition(self, condition: Condition) -> Any:
        match condition:
            case Word():
                return self._word("text", condition)
            case InField(field, word):
                ways = [self._text(field, each) for each in (word, *word.alike)]
                if field in SOUND_FIELDS and word.sound is not None:
                    ways.append(Query.regex_query(self._schema, "sound", f"{field}:{word.sound}.*"))
                return _any(ways)
            case NumberHas(word):
                part = word.compact if len(word.compact) >= SHORTEST_PART else None
                return _any(self._numbers(word.compact, "number") + self._numbers(part, "number_part"))
            case Amount(least, most):
                return self._range("amount", NO_AMOUNT + 1 if least is None else least, most)
            case Between():
                return self._between(condition)
            case Is(field, value):
                finer = {"kind": "in_subkind", "state": "in_mark"}[field]
                return _any([Query.term_query(self._schema, name, value) for name in (f"in_{field}", finer)])
            case Days():
                raise TypeError("days have to be made instants before an index is asked")

    def _between(self, between: Between) -> Any:
        return self._range(
            "order",
            None if between.since is None else order_of(between.since),
            None if between.until is None else order_of(between.until) - 1,
        )

    def _range(self, field: str, least: int | None, most: int | None) -> Any:
        return Query.range_query(
            self._schema, field, tantivy.FieldType.Integer, lower_bound=least, upper_bound=most
        )

    def _word(self, field: str, word: Word) -> Any:
        """Where a word matches: in the field, in a number, or by the sound of a name."""
        ways = [self._text(field, word)]
        ways += self._numbers(word.number, "number") + self._numbers(word.number_part, "number_part")
        for other in word.alike:
            ways.append(self._word(field, other))
        if word.sound is not None and field == "text":
            ways.append(self._sounds(word.sound))
        return _any(ways)

    def _numbers(self, typed: str | None, field: str) -> list[Any]:
        return [] if typed is None else [Query.regex_query(self._schema, field, f"{typed}.*")]

    def _sounds(self, sound: str) -> Any:
        return Query.regex_query(self._schema, "sound", f"({'|'.join(SOUND_FIELDS)}):{sound}.*")

    def _text(self, field: str, word: Word) -> Any:
        if field not in IN_FOURS or not word.long_runs:
            return self._phrase(field, word)
        ways = [self._in_fours(IN_FOURS[field], run) for run in word.long_runs]
        if len(word.runs) > 1:
            ways.append(self._phrase(field, word))
        return ways[0] if len(ways) == 1 else Query.boolean_query([(Occur.Must, way) for way in ways])

    def _in_fours(self, field: str, run: str) -> Any:
        """A run by fours that overlap and reach from end to end."""
        last = len(run) - 4
        if last == 0:
            return Query.term_query(self._schema, field, run)
        places = [*range(0, last, 3), last]
        return Query.phrase_query(self._schema, field, [(at, run[at : at + 4]) for at in places])

    def _phrase(self, field: str, word: Word) -> Any:
        *first, last = word.phrase
        if not word.is_prefix:
            if not first:
                return Query.term_query(self._schema, field, last)
            return Query.phrase_query(self._schema, field, [*first, last])
        if not first:
            return Query.regex_query(self._schema, field, f"{last}.*")
        return _any(
            [
                Query.regex_phrase_query(self._schema, field, [*first, pattern])
                for pattern in self._endings(field, last)
            ]
        )

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


def _all(parts: list[_Part]) -> Any:
    """All of these; everything when nothing has to hold."""
    if all(occur is Occur.MustNot for occur, _ in parts):
        parts = [*parts, (Occur.Must, Query.all_query())]
    return Query.boolean_query(parts)


def _any(ways: list[Any]) -> Any:
    """One of the queries; nothing when there are none."""
    if not ways:
        return Query.empty_query()
    return ways[0] if len(ways) == 1 else Query.boolean_query([(Occur.Should, way) for way in ways])

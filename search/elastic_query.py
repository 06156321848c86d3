"""Lookups in the words of Elasticsearch. Nothing is scored by how often words stand somewhere, but ``near``.

What a word matches is the rule of ``search.tokens``, exactly: phrases end in a beginning through
``index_prefixes``, so that no number of expansions misses any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from search import sounds, tokens
from search.elastic_mapping import cut, cut_all
from search.fields import (
    IN_FOURS,
    MOST_COUNTED,
    MOST_MONTHS,
    MOST_OF_A_PART,
    facet_counts,
    month_counts,
    order_of,
)
from search.index import FACETS, FacetCount, Lookup
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

Json = dict[str, Any]

_EVERY_EXPANSION: Final = 2**31 - 1
_LONGEST_FUZZY: Final = 28
"""Longer numbers' patterns would pass what the server takes, 1,000 characters."""
_FUZZY_TERMS: Final = 1_000
EVERYTHING: Final[Json] = {"match_all": {}}


def matching(lookup: Lookup) -> Json:
    """All that a lookup finds, whatever its place in the order."""
    return _all([*_common(lookup), *_narrowings(lookup).values()])


def searching(lookup: Lookup) -> Json:
    """The parts of a search request: query, order, and counts where they are asked for."""
    asked: Json = {
        "query": _ranked(lookup, _common(lookup)),
        "sort": order(lookup, is_ranked=True),
        "track_total_hits": True,
        "from": lookup.offset,
        "size": lookup.limit,
    }
    narrowings = _narrowings(lookup)
    if not lookup.facets:
        asked["query"] = _ranked(lookup, [*_common(lookup), *narrowings.values()])
        return asked
    if narrowings:  # counts are made before, under all of them but their own
        asked["post_filter"] = _all(list(narrowings.values()))
    asked["aggs"] = {name: _counting(name, narrowings) for name in (*FACETS, "month")}
    return asked


def counted(answer: Json) -> tuple[Mapping[str, tuple[FacetCount, ...]], tuple[FacetCount, ...]]:
    """Facets and months of an answer to ``searching``."""
    found = {name: _buckets(answer["aggregations"][name]) for name in (*FACETS, "month")}
    months = month_counts(found.pop("month"))
    return {name: facet_counts(name, found[name]) for name in FACETS}, months


def order(lookup: Lookup, *, is_ranked: bool) -> list[Json]:
    """How results are sorted; the key settles what is equal, the same on every shard and copy."""
    by_date = {"order": "desc"}
    key = {"key": "asc"}
    match lookup.order:
        case "oldest":
            return [{"order": "asc"}, key]
        case "amount-down" | "amount-up":
            direction = "desc" if lookup.order == "amount-down" else "asc"
            return [{"amount": {"order": direction, "missing": "_last"}}, by_date, key]
        case "best" if is_ranked and lookup.plain_words:
            return [{"_score": "desc"}, by_date, key]
    return [by_date, key]


def near(word: Word, lookup: Lookup) -> Json | None:
    """What has something like the word, the likest scored highest; None for a word too short for it."""
    ways = [way for run in word.runs for way in _near_run(run)]
    if word.number is not None and SHORTEST_FUZZY <= len(word.number) <= _LONGEST_FUZZY:
        ways += _mistyped(word.number)
    spelled = sounds.spelled(word.compact)
    if spelled is not None:
        ways += _sounds(spelled)
    if not ways:
        return None
    return {"bool": {"filter": [matching(lookup)], "should": ways, "minimum_should_match": 1}}


# what has to hold


def _common(lookup: Lookup) -> list[Json]:
    """All that has to hold but what results can be narrowed by."""
    queries: list[Json] = []
    if lookup.access is not None:
        queries.append({"terms": {"access": cut_all(sorted(lookup.access))}})
    if lookup.since is not None or lookup.until is not None:
        queries.append(_between(Between(lookup.since, lookup.until)))
    queries += map(_clause, lookup.clauses)
    return queries


def _narrowings(lookup: Lookup) -> dict[str, Json]:
    """Filters by facet."""
    found: dict[str, Json] = {}
    for name in FACETS:
        value = getattr(lookup, name)
        if isinstance(value, UUID):
            found[name] = {"prefix": {f"in_{name}": f"{value.hex} "}}
        elif value is not None:
            found[name] = _is(f"in_{name}", value)
    return found


def _counting(name: str, narrowings: Mapping[str, Json]) -> Json:
    """Counts the values of a facet under all filters but its own; of months, under all."""
    most = MOST_MONTHS if name == "month" else MOST_COUNTED
    size = {"size": most, "shard_size": max(most, MOST_OF_A_PART)}
    values = {"terms": {"field": f"in_{name}", **size}}
    others = [query for other, query in narrowings.items() if other != name]
    return {"filter": _all(others), "aggs": {"values": values}} if narrowings else values


def _buckets(answer: Json) -> Iterator[tuple[str, int]]:
    for bucket in answer.get("values", answer)["buckets"]:
        yield str(bucket["key"]), int(bucket["doc_count"])


def _ranked(lookup: Lookup, queries: list[Json]) -> Json:
    """The queries as filters, with the steps of ``Index.search`` as the score."""
    words = lookup.plain_words
    if not words or lookup.order != "best":
        return _all(queries)
    whole = "".join(word.compact for word in words)
    steps = [
        _scored(2, _all([_word("head", word) for word in words])),
        _scored(3, _is("name", whole)),
    ]
    numbers = sorted({word.number for word in words if word.number is not None})
    if numbers:
        steps.append(_scored(4, {"terms": {"number": cut_all(numbers)}}))
    return {
        "bool": {"filter": queries, "should": [{"dis_max": {"queries": steps}}], "minimum_should_match": 0}
    }


def _scored(score: int, query: Json) -> Json:
    return {"constant_score": {"filter": query, "boost": score}}


# conditions


def _clause(clause: Clause) -> Json:
    return _any([_term(term) for term in clause])


def _term(term: Term) -> Json:
    query = _condition(term.condition)
    return {"bool": {"must_not": [query]}} if term.is_excluded else query


def _condition(condition: Condition) -> Json:
    match condition:
        case Word():
            return _word("text", condition)
        case InField(field, word):
            ways = [_text(field, each) for each in (word, *word.alike)]
            if field in SOUND_FIELDS and word.sound is not None:
                ways.append({"prefix": {"sound": f"{field}:{word.sound}"}})
            return _any(ways)
        case NumberHas(word):
            part = word.compact if len(word.compact) >= SHORTEST_PART else None
            return _any(_numbers(word.compact, "number") + _numbers(part, "number_part"))
        case Amount(least, most):
            return _range("amount", least, most)
        case Between():
            return _between(condition)
        case Is(field, value):
            finer = {"kind": "in_subkind", "state": "in_mark"}[field]
            return _any([_is(f"in_{field}", value), _is(finer, value)])
        case Days():
            raise TypeError("days have to be made instants before an index is asked")


def _between(between: Between) -> Json:
    return _range(
        "order",
        None if between.since is None else order_of(between.since),
        None if between.until is None else order_of(between.until) - 1,
    )


def _range(field: str, least: int | None, most: int | None) -> Json:
    bounds = {name: bound for name, bound in (("gte", least), ("lte", most)) if bound is not None}
    return {"range": {field: bounds}} if bounds else {"exists": {"field": field}}


def _is(field: str, value: str) -> Json:
    return {"term": {field: cut(value)}}


def _word(field: str, word: Word) -> Json:
    """Where a word matches: in the field, in a number, or by the sound of a name."""
    ways = [_text(field, word)]
    ways += _numbers(word.number, "number") + _numbers(word.number_part, "number_part")
    ways += [_word(field, other) for other in word.alike]
    if word.sound is not None and field == "text":
        ways += _sounds(word.sound)
    return _any(ways)


def _numbers(typed: str | None, field: str) -> list[Json]:
    return [] if typed is None else [{"prefix": {field: cut(typed)}}]


def _sounds(sound: str) -> list[Json]:
    return [{"prefix": {"sound": f"{field}:{sound}"}} for field in SOUND_FIELDS]


def _text(field: str, word: Word) -> Json:
    if field not in IN_FOURS or not word.long_runs:
        return _phrase(field, word)
    ways = [_in_fours(IN_FOURS[field], run) for run in word.long_runs]
    return _all(ways if len(word.runs) == 1 else [*ways, _phrase(field, word)])


def _in_fours(field: str, run: str) -> Json:
    """A run by all of its fours: the server's own analyzers know no phrase with gaps."""
    fours = [run[at : at + 4] for at in range(len(run) - 3)]
    return {"match_phrase": {field: " ".join(fours)}}


def _phrase(field: str, word: Word) -> Json:
    *first, last = word.phrase
    if not first:
        return {"prefix": {field: last}} if word.is_prefix else {"term": {field: last}}
    phrase = " ".join(word.phrase)
    if word.is_prefix:
        return {"match_phrase_prefix": {field: {"query": phrase, "max_expansions": _EVERY_EXPANSION}}}
    return {"match_phrase": {field: phrase}}


def _any(ways: list[Json]) -> Json:
    return ways[0] if len(ways) == 1 else {"bool": {"should": ways, "minimum_should_match": 1}}


def _all(queries: list[Json]) -> Json:
    if not queries:
        return EVERYTHING
    return queries[0] if len(queries) == 1 else {"bool": {"filter": queries}}


# what is like a word


def _near_run(run: str) -> Iterator[Json]:
    if not tokens.starts_chinese(run):
        if len(run) >= SHORTEST_FUZZY:
            for field, boost in (("head", 2.0), ("text", 1.0)):
                how = {"value": run, "fuzziness": 1, "max_expansions": _FUZZY_TERMS, "boost": boost}
                yield {"fuzzy": {field: how}}
        return
    for at in range(len(run) - 1):
        for field, boost in (("head", 2.0), ("text", 1.0)):
            yield {"term": {field: {"value": run[at : at + 2], "boost": boost}}}
    if len(run) in ABBREVIATIONS:
        yield {
            "constant_score": {"filter": _all([{"term": {"letter": letter}} for letter in sorted(set(run))])}
        }
    if len(run) == 2:  # no pair of it may be left
        for pattern in (f"{run[0]}?", f"?{run[1]}"):
            for field in ("head", "person", "department"):
                yield {"wildcard": {field: pattern}}


def _mistyped(number: str) -> list[Json]:
    """Beginnings of numbers that differ from the typed one in one place: another character, one too
    many, one too few, or two the wrong way round."""
    places = range(len(number))
    changes = (
        {f"{number[:at]}.{number[at + 1 :]}" for at in places},
        {f"{number[:at]}{number[at + 1 :]}" for at in places},
        {f"{number[:at]}.{number[at:]}" for at in places},
        {f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}" for at in places[:-1]},
    )
    return [{"regexp": {"number": {"value": f"({'|'.join(sorted(some))}).*"}}} for some in changes]

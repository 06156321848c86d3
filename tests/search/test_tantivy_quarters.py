"""Searching by quarters on the embedded engine: quicker, and never anything else than without."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from search import tantivy_quarters
from search.index import Lookup, Order, Record
from search.tantivy_index import TantivyIndex
from tests.search.asking import clauses
from tests.search.test_index import make

TERMS = tuple(f"department:{n}" for n in range(6))
CHINA = timezone(timedelta(hours=8))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TantivyIndex, list[Record]]]:
    """Records of nine years, most of them of the last, some within a second of a quarter's end."""
    chance = random.Random(3)
    records = []
    for n in range(1_500):
        year = 2018 + int(9 * chance.random() ** 0.5)
        date = datetime(year, chance.choice((1, 4, 7, 10)), 1, tzinfo=chance.choice((UTC, CHINA)))
        if chance.random() < 0.8:
            date += timedelta(seconds=chance.randrange(92 * 86_400))
        else:
            date += timedelta(seconds=chance.choice((-1, 0, 1)))
        in_title = chance.random() < 0.4
        records.append(
            replace(
                make("采购合同" if in_title else f"第{n}件"),
                texts=("采购合同",),
                date=date.astimezone(CHINA),
                access=tuple(chance.sample(TERMS, chance.randrange(1, 4))),
            )
        )
    index = TantivyIndex(tmp_path_factory.mktemp("quarters") / "search")
    index.apply(records)
    yield index, records
    index.close()


def expected(records: list[Record], lookup: Lookup) -> list[Record]:
    """All that is found, in order."""
    assert lookup.access is not None
    found = [
        record
        for record in records
        if lookup.access & set(record.access)
        and (lookup.since is None or record.date >= lookup.since)
        and (lookup.until is None or record.date < lookup.until)
    ]
    is_best = lookup.order == "best"
    found.sort(key=lambda record: record.date, reverse=lookup.order != "oldest")
    return sorted(found, key=lambda record: record.title != "采购合同") if is_best else found


def place(record: Record, order: Order) -> tuple[bool, datetime]:
    """What decides where a record stands among others, but for the order of equals."""
    return order == "best" and record.title == "采购合同", record.date


@pytest.mark.parametrize("order", ["best", "newest", "oldest"])
def test_days_pages_and_counts_are_those_of_all_records(
    archive: tuple[TantivyIndex, list[Record]], order: Order
) -> None:
    index, records = archive
    chance = random.Random(5)
    bounds = [
        None,
        datetime(1, 1, 1, tzinfo=CHINA),
        datetime(9999, 12, 31, 23, 59, tzinfo=UTC),
        *(
            datetime(y, m, 1, tzinfo=zone)
            for y in range(2017, 2029)
            for m in (1, 7, 8)
            for zone in (UTC, CHINA)
        ),
        *(datetime(2018, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(3_300)) for _ in range(30)),
    ]
    for _ in range(300):
        lookup = Lookup(
            clauses=clauses("采购合同"),
            access=frozenset(chance.sample(TERMS, chance.randrange(1, 5))),
            since=chance.choice(bounds),
            until=chance.choice((None, *bounds)),
            order=order,
            offset=chance.choice((0, 0, 5, 40)),
            limit=chance.choice((1, 10, 25)),
        )
        found, wanted = index.search(lookup), expected(records, lookup)
        page = wanted[lookup.offset : lookup.offset + lookup.limit]
        by_key = {record.key: record for record in records}
        assert [place(by_key[key], order) for key in found.keys] == [place(each, order) for each in page]
        assert len(set(found.keys)) == len(page)
        assert found.total == len(wanted)
        months = Counter(record.month for record in wanted)
        assert {month.value: month.count for month in found.months} == months


def test_the_newest_quarters_are_taken_where_they_have_plenty(
    archive: tuple[TantivyIndex, list[Record]], monkeypatch: pytest.MonkeyPatch
) -> None:
    index, _ = archive
    lookup = Lookup(clauses=clauses("采购合同"), access=frozenset(TERMS[:2]), limit=10)
    within = tantivy_quarters.within_newest(lookup, index.search(lookup).months)
    assert within is not None and within.since is not None and within.since.year >= 2024
    assert index.search(within).keys == index.search(lookup).keys
    monkeypatch.setattr("search.tantivy_query.within_newest", lambda *_: None)
    assert index.search(within).keys == index.search(lookup).keys
    rare = replace(lookup, access=frozenset(TERMS[:1]), limit=400)
    assert tantivy_quarters.within_newest(rare, index.search(rare).months) is None

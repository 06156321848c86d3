"""In which order the embedded engine keeps what is written together."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from search.index import Lookup, Record
from search.tantivy_index import TantivyIndex, side_by_side
from tests.search.test_index import make

TERMS = st.lists(st.sampled_from([f"department:{n}" for n in range(5)]), max_size=3, unique=True).map(tuple)


@given(st.lists(TERMS, max_size=40))
def test_nothing_is_lost_and_the_commonest_term_makes_one_stretch(seen: list[tuple[str, ...]]) -> None:
    records = [make(f"第{n}件", access=terms) for n, terms in enumerate(seen)]
    ordered = side_by_side(records)
    assert sorted(record.title for record in ordered) == sorted(record.title for record in records)
    many = {term: sum(term in terms for terms in seen) for terms in seen for term in terms}
    if many:
        commonest = min(many, key=lambda term: (-many[term], term))
        stretches = [is_theirs for is_theirs, _ in groupby(commonest in record.access for record in ordered)]
        assert stretches.count(True) == 1


def test_whatever_the_order_of_writing_the_newest_come_first(tmp_path: Path) -> None:
    start = make("").date
    records: list[Record] = [
        make(f"第{n}件", date=start + timedelta(hours=n * 7 % 60), access=(f"department:{n % 3}",))
        for n in range(60)
    ]
    index = TantivyIndex(tmp_path / "search")
    index.apply(records)
    dates = {record.key: record.date for record in records}
    for access in (None, frozenset({"department:1"}), frozenset({"department:0", "department:2"})):
        found = [dates[key] for key in index.search(Lookup(access=access, limit=60)).keys]
        assert found == sorted(found, reverse=True)
        assert len(found) == sum(access is None or bool(access & set(record.access)) for record in records)
    index.close()

"""The index against the oracle: what is found, in which order and how it is counted, on every back-end."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from search.index import Index, Lookup, Record, Tag
from search.query import Amount, Between, Clause, Is, Term
from tests.search import oracle
from tests.search.asking import clauses
from tests.search.conftest import ELASTICSEARCH
from tests.search.test_index import EVERYTHING, START, counted, make

LETTERS = "采购合同专用章发票印華华東东"
PIECES = st.sampled_from([*LETTERS, *"ab1２Ａ0", " ", "\n", "-", "，", "。", "ab", "12", "é", "〇", "ﬁ"])
TEXTS = st.lists(PIECES, max_size=14).map("".join)
TERMS = ("person:a", "person:b", "department:c", "seal:d")
PEOPLE = tuple(Tag(UUID(int=n), name) for n, name in enumerate(("采华", "章1", "购东印")))


@st.composite
def some_records(draw: st.DrawFn) -> list[Record]:
    return [
        Record(
            kind=draw(st.sampled_from(["document", "case", "seal_record"])),
            id=UUID(int=1000 + n),
            title=draw(TEXTS),
            date=START + timedelta(minutes=draw(st.integers(0, 300)) * 10 + n),
            number=draw(st.none() | st.sampled_from(["HT-2026-0001", "0012", "ab12采1"])),
            texts=tuple(draw(st.lists(TEXTS, max_size=2))),
            pages=tuple(draw(st.lists(TEXTS, max_size=2))),
            state=draw(st.none() | st.sampled_from(["running", "ready"])),
            subkind=draw(st.none() | st.sampled_from(["contract", "invoice"])),
            marks=tuple(draw(st.sets(st.sampled_from(["sealed", "ready"])))),
            seal=draw(st.none() | st.sampled_from(PEOPLE)),
            department=draw(st.none() | st.sampled_from(PEOPLE)),
            applicant=draw(st.none() | st.sampled_from(PEOPLE)),
            people=tuple(draw(st.sets(st.sampled_from(PEOPLE)))),
            counterparty=draw(st.none() | TEXTS),
            amount=draw(st.none() | st.decimals(-100, 100, places=2)),
            access=tuple(sorted(draw(st.sets(st.sampled_from(TERMS))))),
        )
        for n in range(draw(st.integers(1, 8)))
    ]


@st.composite
def some_clauses(draw: st.DrawFn, records: list[Record]) -> tuple[Clause, ...]:
    """Parts of what is there, and things that are not; in fields, either-or, excluded."""
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        record = draw(st.sampled_from(records))
        source = draw(st.sampled_from(record.passages()))
        start = draw(st.integers(0, max(0, len(source) - 1)))
        part = source[start : start + draw(st.integers(1, 6))] or draw(TEXTS)
        shape = draw(st.sampled_from(["{}", "{}", "{}", '"{}"', "-{}", *FIELDS_TYPED]))
        parts.append(shape.format(part.replace("\n", " ")))
    asked = clauses(draw(st.sampled_from([" ", " ", " OR "])).join(parts))
    others = draw(st.lists(CONDITIONS, max_size=1))
    return (*asked, *((Term(other, draw(st.booleans())),) for other in others))


FIELDS_TYPED = (
    "seal:{}",
    "-person:{}",
    "counterparty:{}",
    "title:{}",
    "number:{}",
    "applicant:ch",
    "zy",
    "-dy",
)
CONDITIONS = st.one_of(
    st.builds(Amount, st.none() | st.integers(-9_000, 9_000), st.none() | st.integers(-9_000, 9_000)),
    st.builds(Is, st.just("kind"), st.sampled_from(["document", "contract", "case"])),
    st.builds(Is, st.just("state"), st.sampled_from(["ready", "sealed"])),
    st.integers(0, 3000).map(lambda n: Between(since=START + timedelta(minutes=n))),
    st.integers(0, 3000).map(lambda n: Between(until=START + timedelta(minutes=n))),
)


def some_filters() -> st.SearchStrategy[dict[str, object]]:
    tag = st.none() | st.sampled_from(PEOPLE).map(lambda each: each.id)
    instant = st.none() | st.integers(0, 3000).map(lambda n: START + timedelta(minutes=n))
    seldom = st.sampled_from([None, None, None, "running"])
    return st.fixed_dictionaries(
        {
            "kind": st.sampled_from([None, None, "case"]),
            "year": st.sampled_from([None, None, "2026"]),
            "order": st.sampled_from(["best", "best", "newest", "oldest", "amount-up", "amount-down"]),
            "state": seldom,
            "seal": st.none() | tag,
            "department": st.none() | tag,
            "person": st.none() | tag,
            "since": instant,
            "until": instant,
            "access": st.none() | st.sets(st.sampled_from(TERMS)).map(frozenset),
        }
    )


def fill(index: Index, records: list[Record]) -> None:
    """Have these records only in the index."""
    index.apply(records, list(index.keys(EVERYTHING)))


@pytest.mark.parametrize("opening", ["tantivy"], indirect=True)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_embedded_index_finds_what_the_oracle_finds(index: Index, data: st.DataObject) -> None:
    compare(index, data)


@pytest.mark.parametrize("opening", [ELASTICSEARCH], indirect=True)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cluster_finds_what_the_oracle_finds(index: Index, data: st.DataObject) -> None:
    compare(index, data)


def compare(index: Index, data: st.DataObject) -> None:
    """Ask index and oracle the same of the same records."""
    records = data.draw(some_records())
    fill(index, records)
    for _ in range(3):
        asked = data.draw(some_clauses(records))
        how = data.draw(some_filters()) if data.draw(st.booleans()) else {"access": None}
        lookup = Lookup(clauses=asked, limit=50, **how)  # type: ignore[arg-type]
        expected = oracle.expected(records, lookup)
        found = index.search(lookup)
        if lookup.order.startswith("amount"):  # records of one amount are in any order
            known = {record.key: record.amount for record in records}
            assert [known[key] for key in found.keys] == [record.amount for record in expected]
            assert set(found.keys) == {record.key for record in expected}
        else:
            assert list(found.keys) == [record.key for record in expected]
        assert found.total == len(expected)
        assert set(index.keys(lookup)) == set(found.keys)
        if lookup.access is None or lookup.access:
            for name in ("kind", "state", "counterparty", "year"):
                others = [r for r in records if oracle.is_found(r, replace(lookup, **{name: None}))]
                counts = Counter(getattr(r, name) for r in others if getattr(r, name))
                assert dict(counted(found.facets[name])) == counts


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=LETTERS + "章a1 \n，", min_size=1, max_size=40), data=st.data())
def test_every_chinese_part_of_a_text_finds_it(index: Index, text: str, data: st.DataObject) -> None:
    chinese = [place for place, letter in enumerate(text) if letter in LETTERS]
    if not chinese:
        return
    start = data.draw(st.sampled_from(chinese))
    end = start
    while end < len(text) and text[end] in LETTERS:
        end += 1
    part = text[start : data.draw(st.integers(start + 1, end))]
    record = make("题", texts=(text,))
    fill(index, [record])
    assert index.search(replace(EVERYTHING, clauses=clauses(part))).keys == (record.key,)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    passages=st.lists(st.text("采购。", min_size=1, max_size=14), min_size=1, max_size=3),
    word=st.text("采购", min_size=4, max_size=9),
)
@example(["采采采采，购购购购"], "采采采采购购购购")
@example(["采采采采", "购购购购"], "采采采采购购购购")
@example(["采采采采购，采采购购"], "采采采采购购")
def test_a_long_word_stands_where_its_characters_follow_each_other(
    index: Index, passages: list[str], word: str
) -> None:
    record = make("题", texts=tuple(passages))
    fill(index, [record])
    for text in (word, f"{word}12"):
        lookup = replace(EVERYTHING, clauses=clauses(text))
        assert index.search(lookup).total == len(oracle.expected([record], lookup))

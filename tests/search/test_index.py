"""The conformance suite of the index: every back-end answers alike, and like the oracle."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import SettingUnusable
from core.ids import new_id
from search.index import Index, Key, Lookup, Record, Tag
from search.opening import open_index
from tests.search import oracle
from tests.search.asking import clauses
from tests.search.conftest import Opening

START = datetime(2026, 3, 1, tzinfo=UTC)
EVERYTHING = Lookup(access=None)


def make(title: str, **fields: object) -> Record:
    defaults: dict[str, object] = {"kind": "document", "id": new_id(), "date": START, "access": ("all",)}
    return Record(title=title, **{**defaults, **fields})  # type: ignore[arg-type]


def titles(index: Index, records: list[Record], text: str, **how: object) -> list[str]:
    known = {record.key: record.title for record in records}
    lookup = replace(EVERYTHING, clauses=clauses(text), **how)  # type: ignore[arg-type]
    return [known[key] for key in index.search(lookup).keys]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("年度设备采购合同", "采购"),
        ("年度设备采购合同", "备采购合"),
        ("年度设备采购合同", "同"),
        ("年度设备采购合同", "採購合同"),
        ("上海華天科技", "华天"),
        ("ＡＢＣ－１２３　發票", "abc-12"),
        ("合同HT-2026-000012（盖章）", "HT2026-0000"),
        ("合同HT-2026-000012（盖章）", "合同ht"),
        ("人人人为我", "人人人"),
        ("ERP升级项目", "erp升"),
        ("采购合\n同第三页", "采购合同"),
        ("金额1,234,567.89元", "1,234,567.89"),
        ("⻢⻋⼯程", "马车工程"),
        ("Café Zürich", "zurich cafe"),
        ("编号 24412000000243455703", "24412000"),
    ],
)
def test_a_part_of_what_stands_there_finds_it(index: Index, text: str, query: str) -> None:
    record = make("无关", pages=("第一页", text))
    index.apply([record, make("别的", pages=("另一回事",))])
    assert titles(index, [record], query) == ["无关"]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("采购、合同", "购合"),
        ("采购 abc 合同", "采购合同"),
        ("abcdef", "cde"),
        ("abcdef", '"abc"'),
        ("东方京城", "东京"),
        ("华天科技 采购", "华天 -采购"),
    ],
)
def test_what_does_not_stand_there_finds_nothing(index: Index, text: str, query: str) -> None:
    record = make(text)
    index.apply([record])
    assert titles(index, [record], query) == []


def test_a_match_never_reaches_from_one_passage_or_page_into_the_next(index: Index) -> None:
    index.apply([make("采购", texts=("合同甲", "乙方"), pages=("第一页末", "尾页"))])
    for text in ("采购合同", "甲乙", "末尾", "方第一"):
        assert index.search(replace(EVERYTHING, clauses=clauses(text))).total == 0, text


def test_numbers_are_found_by_beginning_and_by_their_parts(index: Index) -> None:
    record = make("发票", number="24412000000243455703", other_numbers=("HT-2026-00012", "3fa9c1d2e4"))
    index.apply([record])
    for text in ("244120000002", "5703", "ht202600", "3fa9c1", "HT-2026-0", "00012", "0000024345"):
        assert titles(index, [record], text) == ["发票"], text
    for text in ("570", "44120000001", "number:244120000001"):
        assert titles(index, [record], text) == [], text


def test_order_is_number_then_title_then_the_rest_and_the_newest_first_in_each(index: Index) -> None:
    records = [
        make("旧正文", texts=("见 HT-2026-0001",), date=START),
        make("新正文", texts=("见 HT-2026-0001",), date=START + timedelta(days=9)),
        make("HT-2026-0001 之补充 旧", date=START - timedelta(days=9)),
        make("HT-2026-0001 之补充 新", date=START - timedelta(days=8)),
        make("本尊", number="HT-2026-0001", date=START - timedelta(days=30)),
    ]
    index.apply(records)
    expected = ["本尊", "HT-2026-0001 之补充 新", "HT-2026-0001 之补充 旧", "新正文", "旧正文"]
    assert titles(index, records, "HT-2026-0001") == expected
    paged = [titles(index, records, "HT-2026-0001", offset=at, limit=2) for at in (0, 2, 4)]
    assert [title for page in paged for title in page] == expected


def test_records_replace_each_other_and_go(index: Index) -> None:
    record = make("第一稿")
    index.apply([record])
    index.apply([replace(record, title="第二稿"), make("旁人")])
    assert index.count() == 2
    assert index.search(replace(EVERYTHING, clauses=clauses("第一稿"))).total == 0
    index.apply([], [record.key, Key("case", record.id)])
    assert index.count() == 1
    index.apply([], [record.key])
    assert index.count() == 1


def test_the_last_of_equal_keys_in_one_call_is_kept(index: Index) -> None:
    record = make("甲")
    index.apply([record, replace(record, title="乙")])
    assert (index.count(), titles(index, [replace(record, title="乙")], "乙")) == (1, ["乙"])


def test_nothing_is_found_or_counted_without_a_common_term(index: Index) -> None:
    index.apply([make("秘密", access=("person:a", "seal:x")), make("公开", access=("all",))])
    for access, total in ((frozenset(), 0), ({"person:b"}, 0), ({"seal:x"}, 1), ({"all", "person:a"}, 2)):
        found = index.search(Lookup(access=frozenset(access)))
        assert found.total == total == len(list(index.keys(Lookup(access=frozenset(access)))))
        assert sum(count.count for count in found.facets.get("kind", ())) == total


def test_facets_count_under_all_filters_but_their_own(index: Index) -> None:
    seal, other = Tag(new_id(), "合同专用章"), Tag(new_id(), "公章")
    index.apply(
        [
            make("甲", kind="seal_record", seal=seal),
            make("乙", kind="seal_record", seal=seal),
            make("丙", kind="seal_record", seal=other),
            make("丁", kind="case", state="running"),
        ]
    )
    found = index.search(replace(EVERYTHING, seal=seal.id))
    assert found.total == 2
    assert [(count.label, count.count) for count in found.facets["seal"]] == [("合同专用章", 2), ("公章", 1)]
    assert [count.value for count in found.facets["seal"]] == [str(seal.id), str(other.id)]
    assert [(count.value, count.count) for count in found.facets["kind"]] == [("seal_record", 2)]
    assert found.facets["state"] == ()


def test_a_renamed_person_is_one_facet(index: Index) -> None:
    who = new_id()
    index.apply(
        [
            make(title, people=(Tag(who, name),))
            for title, name in (("甲", "张玮"), ("乙", "张伟"), ("丙", "张伟"))
        ]
    )
    (count,) = index.search(EVERYTHING).facets["person"]
    assert (count.value, count.label, count.count) == (str(who), "张伟", 3)


def test_a_prefix_that_stands_for_very_many_words_misses_nothing(index: Index) -> None:
    many = 13_000
    letters = "abcdefghijklmnopqrstuvwxyz"
    index.apply(
        [
            make(
                "合同",
                texts=(
                    f"ht 2026 {n:06d}",
                    f"见 é{letters[n // 676]}{letters[n // 26 % 26]}{letters[n % 26]}",
                ),
            )
            for n in range(many)
        ]
    )
    for text, total in (("ht-2026-0", many), ("2026-0129", 100), ("见e", many), ("见ea", 676)):
        assert index.search(replace(EVERYTHING, clauses=clauses(text), facets=False)).total == total, text


def test_a_new_index_is_incomplete_until_it_was_filled(opening: Opening) -> None:
    index = opening()
    assert (index.is_complete(), index.count(), index.search(EVERYTHING).total) == (False, 0, 0)
    stale, kept = make("过时"), make("仍在")
    index.apply([stale, kept])
    name = index.begin_rebuild()
    assert index.count() == 2
    index.apply_rebuilt(name, [kept])
    late = make("其间新增")
    index.apply([late])
    index.finish_rebuild(name)
    assert index.is_complete()
    assert set(index.keys(EVERYTHING)) == {kept.key, late.key}
    assert opening().is_complete()


def test_another_reader_sees_what_was_applied(opening: Opening) -> None:
    writer, reader = opening(), opening()
    assert reader.count() == 0
    for n in range(5):
        writer.apply([make(f"第{n}号")])
        assert reader.count() == n + 1


def test_many_threads_write_and_read_at_once(index: Index) -> None:
    errors: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for n in range(8):
                index.apply([make(f"线程{name}之{n}")])
                assert index.search(replace(EVERYTHING, clauses=clauses(f"线程{name}之{n}"))).total == 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert index.count() == 48


def test_odd_dates_and_texts_do_no_harm(index: Index) -> None:
    old, new = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
    records = [
        make("古", date=old),
        make("未来", date=new),
        make("", texts=("", "\x00\x1f", "🂡", "a" * 70_000)),
    ]
    index.apply(records)
    assert index.count() == 3
    assert next(index.keys(EVERYTHING)) == records[1].key
    assert index.search(replace(EVERYTHING, since=START + timedelta(days=1))).keys == (records[1].key,)
    assert index.search(replace(EVERYTHING, until=START)).keys == (records[0].key,)


# The index against the oracle

LETTERS = "采购合同专用章发票印華华東东"
PIECES = st.sampled_from([*LETTERS, *"ab1２Ａ0", " ", "\n", "-", "，", "。", "ab", "12", "é", "〇", "ﬁ"])
TEXTS = st.lists(PIECES, max_size=14).map("".join)
TERMS = ("person:a", "person:b", "department:c", "seal:d")
PEOPLE = tuple(Tag(UUID(int=n), f"人{n}") for n in range(3))


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
            seal=draw(st.none() | st.sampled_from(PEOPLE)),
            department=draw(st.none() | st.sampled_from(PEOPLE)),
            people=tuple(draw(st.sets(st.sampled_from(PEOPLE)))),
            access=tuple(sorted(draw(st.sets(st.sampled_from(TERMS))))),
        )
        for n in range(draw(st.integers(1, 8)))
    ]


@st.composite
def some_question(draw: st.DrawFn, records: list[Record]) -> str:
    """Parts of what is there, and things that are not."""
    words = []
    for _ in range(draw(st.integers(0, 2))):
        record = draw(st.sampled_from(records))
        source = draw(st.sampled_from([record.title, *record.numbers, *record.texts, *record.pages]))
        start = draw(st.integers(0, max(0, len(source) - 1)))
        part = source[start : start + draw(st.integers(1, 6))] or draw(TEXTS)
        words.append(draw(st.sampled_from(["{}", "{}", "{}", '"{}"', "-{}"])).format(part))
    return " ".join(words)


def some_filters() -> st.SearchStrategy[dict[str, object]]:
    tag = st.none() | st.sampled_from(PEOPLE).map(lambda each: each.id)
    instant = st.none() | st.integers(0, 3000).map(lambda n: START + timedelta(minutes=n))
    seldom = st.sampled_from([None, None, None, "running"])
    return st.fixed_dictionaries(
        {
            "kind": st.sampled_from([None, None, "case"]),
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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_index_finds_what_the_oracle_finds(index: Index, data: st.DataObject) -> None:
    records = data.draw(some_records())
    fill(index, records)
    for _ in range(3):
        text = data.draw(some_question(records))
        how = data.draw(some_filters()) if data.draw(st.booleans()) else {"access": None}
        lookup = Lookup(clauses=clauses(text), limit=50, **how)  # type: ignore[arg-type]
        expected = oracle.expected(records, lookup)
        found = index.search(lookup)
        assert list(found.keys) == [record.key for record in expected], text
        assert found.total == len(expected)
        assert set(index.keys(lookup)) == set(found.keys)
        if lookup.access is None or lookup.access:
            for name in ("kind", "state"):
                others = [r for r in records if oracle.is_found(r, replace(lookup, **{name: None}))]
                counted = Counter(getattr(r, name) for r in others if getattr(r, name) is not None)
                assert {c.value: c.count for c in found.facets[name]} == counted


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


def test_an_index_that_cannot_be_opened_is_refused_with_its_setting() -> None:
    for url in ("redis:x", "tantivy:", "tantivy:/dev/null/x"):
        with pytest.raises(SettingUnusable):
            open_index(url)

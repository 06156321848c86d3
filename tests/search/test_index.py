"""The conformance suite of the index: every back-end answers alike, and like the oracle."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from core.errors import SettingUnusable
from core.ids import new_id
from search import tokens
from search.errors import RebuildSuperseded, RecordRefused
from search.index import FacetCount, Index, Key, Lookup, Record, Tag
from search.opening import open_index
from search.query import Amount, Between, InField, Is, Term, Word
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


def counted(counts: Iterable[FacetCount]) -> list[tuple[str, int]]:
    return [(count.value, count.count) for count in counts]


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


def test_keys_come_back_whatever_the_id_and_the_kind(index: Index) -> None:
    """Many, too: an engine reads them in portions."""
    ids = [UUID(int=n) for n in (0, 1, 2**63, 2**64 - 1, 2**64, 2**127, 2**128 - 1)]
    kinds = ("document", "case", "seal_record")
    records = [make("同名", id=each, kind=kinds[n % 3]) for n, each in enumerate(ids)]
    records += [make("同名", kind=kinds[n % 3]) for n in range(1_200)]
    index.apply(records)
    keys = {record.key for record in records}
    assert set(index.keys(EVERYTHING)) == keys
    assert dict(index.digests()) == {record.key: record.digest() for record in records}
    assert set(index.search(replace(EVERYTHING, clauses=clauses("同名"), limit=2_000)).keys) == keys


def test_the_last_of_equal_keys_in_one_call_is_kept(index: Index) -> None:
    record = make("甲")
    index.apply([record, replace(record, title="乙")])
    assert (index.count(), titles(index, [replace(record, title="乙")], "乙")) == (1, ["乙"])


def test_a_record_that_is_refused_is_named_and_the_others_are_written(index: Index) -> None:
    """A number beyond what an engine can hold; of what it had before, nothing is left."""
    once, good = make("曾经收下"), [make("一"), make("二")]
    index.apply([once])
    bad = [replace(once, amount=Decimal("1e30")), make("从未收下", amount=Decimal("Infinity"))]
    with pytest.raises(RecordRefused) as refused:
        index.apply([good[0], *bad, good[1]])
    assert set(refused.value.refused) == {each.key for each in bad} and refused.value.context["count"] == 2
    assert all(refused.value.refused.values())
    assert set(index.keys(EVERYTHING)) == {each.key for each in good}

    name = index.begin_rebuild()
    with pytest.raises(RecordRefused) as refused:
        index.apply_rebuilt(name, [*bad, *good])
    assert set(refused.value.refused) == {each.key for each in bad}
    index.finish_rebuild(name)
    assert (index.count(), index.is_complete()) == (2, True)
    index.apply([once])
    assert index.count() == 3


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


def test_words_are_looked_for_in_one_field(index: Index) -> None:
    seal, wang, li = Tag(new_id(), "合同专用章"), Tag(new_id(), "王芳"), Tag(new_id(), "李娜")
    records = [
        make("甲", seal=seal, applicant=wang, people=(wang, li), counterparty="上海华天科技"),
        make("关于合同专用章的申请", applicant=li, people=(li,), department=Tag(new_id(), "市场部")),
        make("王芳的合同", counterparty="北京中金贸易"),
    ]
    index.apply(records)
    for text, expected in {
        "seal:合同": ["甲"],
        "印章:专用章": ["甲"],
        "applicant:王芳": ["甲"],
        "person:李娜": ["关于合同专用章的申请", "甲"],
        "title:王芳": ["王芳的合同"],
        "counterparty:华天": ["甲"],
        "相对方:贸易 OR 部门:市场": ["关于合同专用章的申请", "王芳的合同"],
        "王芳 -applicant:王芳": ["王芳的合同"],
        "-seal:合同": ["关于合同专用章的申请", "王芳的合同"],
        "合同 OR 甲": ["关于合同专用章的申请", "王芳的合同", "甲"],
        "seal:公章": [],
    }.items():
        assert sorted(titles(index, records, text)) == sorted(expected), text


def test_names_are_found_by_their_sound(index: Index) -> None:
    record = make("甲", applicant=Tag(new_id(), "王芳"), counterparty="上海华天科技有限公司")
    index.apply([record, make("乙", applicant=Tag(new_id(), "李娜"))])
    for text in ("wf", "wangfang", "fang", "htkj", "huatian", "applicant:wf", "counterparty:shht"):
        assert titles(index, [record], text) == ["甲"], text
    for text in ("w", "angfang", '"wf"', "title:wf", "counterparty:wf", "wfx"):
        assert index.search(replace(EVERYTHING, clauses=clauses(text))).total == 0, text


def test_amounts_days_kinds_and_states(index: Index) -> None:
    records = [
        make("小", amount=Decimal("99.99"), kind="document", subkind="invoice", state="ready"),
        make("大", amount=Decimal("10000.00"), kind="case", subkind="contract", marks=("sealed",)),
        make("负", amount=Decimal("-5.00"), date=START - timedelta(days=400)),
        make("无", state="sealed", kind="seal_record"),
    ]
    index.apply(records)
    since = START - timedelta(days=1)
    for condition, expected in (
        (Amount(least=10_000), ["大"]),
        (Amount(most=9_999), ["小", "负"]),
        (Amount(least=-500, most=9_999), ["小", "负"]),
        (Amount(), ["大", "小", "负"]),
        (Between(since=since), ["大", "小", "无"]),
        (Between(until=since), ["负"]),
        (Is("kind", "contract"), ["大"]),
        (Is("kind", "document"), ["小", "负"]),
        (Is("state", "sealed"), ["大", "无"]),
    ):
        found = index.search(replace(EVERYTHING, clauses=((Term(condition),),)))
        known = {record.key: record.title for record in records}
        assert sorted(known[key] for key in found.keys) == sorted(expected), condition
    for order, expected in (("amount-down", ["大", "小", "负"]), ("amount-up", ["负", "小", "大"])):
        assert titles(index, records, "", order=order) == [*expected, "无"]
    assert titles(index, records, "", order="oldest")[0] == "负"


def test_synonyms_count_as_the_word(index: Index) -> None:
    index.apply([make("行政章"), make("公章"), make("财务章")])
    word = Word(("公章",), alike=(Word(("行政章",)),))
    for condition in (word, InField("title", word)):
        assert index.search(replace(EVERYTHING, clauses=((Term(condition),),))).total == 2
        assert index.search(replace(EVERYTHING, clauses=((Term(condition, True),),))).total == 1


def test_years_counterparties_and_months_are_counted(index: Index) -> None:
    index.apply(
        [
            make("甲", counterparty="华天", date=START),
            make("乙", counterparty="华天", date=START + timedelta(days=40)),
            make("丙", counterparty="中金", date=START - timedelta(days=90)),
        ]
    )
    found = index.search(replace(EVERYTHING, counterparty="华天"))
    assert [(count.value, count.count) for count in found.facets["counterparty"]] == [
        ("华天", 2),
        ("中金", 1),
    ]
    assert [(count.value, count.count) for count in found.facets["year"]] == [("2026", 2)]
    assert [(count.value, count.count) for count in found.months] == [("2026-03", 1), ("2026-04", 1)]
    everything = index.search(EVERYTHING)
    assert [(count.value, count.count) for count in everything.facets["year"]] == [("2026", 2), ("2025", 1)]
    assert index.search(replace(EVERYTHING, year="2025")).total == 1


def test_something_like_a_word_is_near(index: Index) -> None:
    records = [
        make("年度采购合同", number="HT-2026-0012", applicant=Tag(new_id(), "王芳")),
        make("员工手册", access=("person:b",)),
        make("会议室预订"),
    ]
    index.apply(records)
    for typed, place in (
        ("采够合同", 0),
        ("年度采购台同", 0),
        ("ht20260013", 0),
        ("王方", 0),
        ("员公手册", 1),
    ):
        near = index.near(Word(tuple(tokens.canonical(typed).split())), EVERYTHING, 10)
        assert near[:1] == (records[place].key,), typed
    short = make("乙", counterparty="中国石油化工集团")
    index.apply([short])
    assert index.near(Word(("中石化",)), EVERYTHING, 10) == (short.key,)
    assert index.near(Word(("员公手册",)), Lookup(access=frozenset({"person:a"})), 10) == ()
    assert index.near(Word(("量子",)), EVERYTHING, 10) == ()


def test_digests_tell_what_the_index_holds(index: Index) -> None:
    old, kept = make("旧"), make("留")
    index.apply([old, kept])
    new = replace(old, title="新")
    index.apply([new])
    assert dict(index.digests()) == {new.key: new.digest(), kept.key: kept.digest()}
    assert new.digest() != old.digest()


def test_a_rebuild_goes_on_beside_and_takes_over_in_one_step(opening: Opening) -> None:
    index, other = opening(), opening()
    stale, kept, changed = make("过时"), make("仍在"), make("旧貌")
    first = index.begin_rebuild()
    index.apply_rebuilt(first, [stale, kept, changed])
    assert other.count() == 3  # the index in use was not complete: it is filled as well
    index.finish_rebuild(first)
    second = index.begin_rebuild()
    index.apply_rebuilt(second, [kept])
    assert (index.count(), other.count()) == (3, 3)
    other.apply([replace(changed, title="新颜")], [stale.key])
    assert set(index.keys(EVERYTHING)) == {kept.key, changed.key}
    index.finish_rebuild(second)
    for each in (index, other):
        assert set(each.keys(EVERYTHING)) == {kept.key, changed.key}
        assert each.search(replace(EVERYTHING, clauses=clauses("新颜"))).total == 1
        assert each.is_complete()


def test_a_rebuild_that_was_superseded_is_refused(opening: Opening) -> None:
    index = opening()
    first, second = index.begin_rebuild(), opening().begin_rebuild()
    for attempt in (lambda: index.apply_rebuilt(first, [make("甲")]), lambda: index.finish_rebuild(first)):
        with pytest.raises(RebuildSuperseded):
            attempt()
    index.finish_rebuild(second)
    with pytest.raises(RebuildSuperseded):
        index.finish_rebuild(second)
    assert (index.count(), index.is_complete()) == (0, True)


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


def test_an_index_that_cannot_be_opened_is_refused_with_its_setting() -> None:
    for url in ("redis:x", "tantivy:", "tantivy:/dev/null/x"):
        with pytest.raises(SettingUnusable):
            open_index(url)

"""What people type, understood."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.i18n import translator
from search.days import read_days
from search.explaining import explain, known_names
from search.language import FIELDS, LONGEST_QUERY, MOST_TERMS, Mistake, parse, read_amount, vocabulary_of
from search.query import Amount, Clause, Days, InField, Is, NumberHas, Term, Word
from tests.search.asking import TODAY, clauses

VOCABULARY = vocabulary_of(
    {"contract": ("合同",), "seal_record": ("seal record", "用印记录")}, {"sealed": ("已用印",)}
)


def word(*runs: str, exact: bool = False) -> Word:
    return Word(runs, exact)


def one(condition: object, *, excluded: bool = False) -> Clause:
    return (Term(condition, excluded),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("采购 合同", [one(word("采购")), one(word("合同"))]),
        ("  采购　合同  采购 ", [one(word("采购")), one(word("合同"))]),
        ('"采购 合同"', [one(word("采购合同", exact=True))]),
        ("“HT 2026” 章", [one(word("ht", "2026", exact=True)), one(word("章"))]),
        ("「框架协议」", [one(word("框架协议", exact=True))]),
        (
            '合同 -"框架 协议" -草稿',
            [
                one(word("合同")),
                one(word("框架协议", exact=True), excluded=True),
                one(word("草稿"), excluded=True),
            ],
        ),
        ("合同 －草稿 NOT 旧", [one(word("合同")), *(one(word(w), excluded=True) for w in ("草稿", "旧"))]),
        ("HT-2026-0001", [one(word("ht", "2026", "0001"))]),
        ("采购，合同、印章", [one(word("采购")), one(word("合同")), one(word("印章"))]),
        ("1,234,567.89", [one(word("1", "234", "567", "89"))]),
        ('没有完的"引号', [one(word("没有完的")), one(word("引号", exact=True))]),
        ("- -- --- \"\" \" ！？ (", []),
        ("采购 OR 销售 合同", [(Term(word("采购")), Term(word("销售"))), one(word("合同"))]),
        ("(采购 | 销售) AND 合同", [(Term(word("采购")), Term(word("销售"))), one(word("合同"))]),
        ("采购 或 -销售", [(Term(word("采购")), Term(word("销售"), True))]),
        ("seal:合同专用章", [one(InField("seal", word("合同专用章")))]),
        ("印章：公章 -申请人:“王 芳”", [one(InField("seal", word("公章"))),
                                     one(InField("applicant", word("王芳", exact=True)), excluded=True)]),
        ("dept: 市场部 合同", [one(InField("department", word("市场部"))), one(word("合同"))]),
        ("编号:2026-0001", [one(NumberHas(word("2026", "0001")))]),
        ("金额：＞１万", [one(Amount(least=1_000_001))]),
        ("date:2026-01..2026-03", [one(Days(date(2026, 1, 1), date(2026, 3, 31)))]),
        ("date:last 30 days 合同", [one(Days(date(2026, 10, 29), TODAY)), one(word("合同"))]),
        ("kind:合同 state:已用印", [one(Is("kind", "contract")), one(Is("state", "sealed"))]),
        ('kind:"seal record"', [one(Is("kind", "seal_record"))]),
        (
            "seal:公章 OR seal:财务章",
            [(Term(InField("seal", word("公章"))), Term(InField("seal", word("财务章"))))],
        ),
        ("http://example.com/a", [one(word("http", "example", "com", "a"))]),
        ("", []),
    ],
)  # fmt: skip
def test_a_query_is_understood(text: str, expected: list[Clause]) -> None:
    asked = parse(text, TODAY, VOCABULARY)
    assert (list(asked.clauses), asked.mistakes) == (expected, ())


@pytest.mark.parametrize(
    ("text", "mistakes", "left"),
    [
        ("foo:bar 合同", [Mistake("field-unknown", "foo")], "foo bar|合同"),
        (
            "seal: amount:很多 合同",
            [Mistake("value-missing", "seal"), Mistake("amount-unclear", "很多")],
            "合同",
        ),
        ("date:2026-13 合同", [Mistake("date-unclear", "2026-13")], "合同"),
        ("OR 合同 OR", [Mistake("either-alone", "OR")], "合同"),
        ("合同 OR OR 协议", [Mistake("either-alone", "OR")], "合同"),
        (
            "kind:书 合同",
            [Mistake("kind-unknown", "书", (("contract", "合同"), ("sealrecord", "用印记录")))],
            "合同",
        ),
        ("state:x", [Mistake("state-unknown", "x", (("sealed", "已用印"),))], ""),
        ("字" * (LONGEST_QUERY + 5), [Mistake("too-long", str(LONGEST_QUERY))], "字" * LONGEST_QUERY),
    ],
)
def test_a_mistake_is_explained_and_the_rest_is_asked(text: str, mistakes: list[Mistake], left: str) -> None:
    asked = parse(text, TODAY, VOCABULARY)
    assert list(asked.mistakes) == mistakes
    words = [
        " ".join(term.condition.runs) for (term, *_) in asked.clauses if isinstance(term.condition, Word)
    ]
    assert "|".join(words) == left


@pytest.mark.parametrize("typed", ["kind", "类型", "state", "状态", "foo", "seal", "印章"])
def test_an_explanation_is_all_in_the_reader_s_language(typed: str) -> None:
    """What was typed, ``zz``, is repeated; the names beside it are those of one language."""
    value = "" if typed in ("seal", "印章") else "zz"
    (mistake,) = parse(f"{typed}:{value}", TODAY, VOCABULARY).mistakes
    english, chinese = explain(mistake, translator("en")), explain(mistake, translator("zh-CN"))
    assert not [letter for letter in english if "\u4e00" <= letter <= "\u9fff"], english
    assert not re.findall("[A-Za-z]+", chinese.replace("zz", "").replace("foo", "")), chinese
    if value:
        names = known_names(mistake, translator("en"))
        assert names and all(f"{name}" in english for name in names)


def test_a_value_without_a_name_in_the_reader_s_language_is_told_by_the_one_it_has() -> None:
    (mistake,) = parse("kind:x", TODAY, vocabulary_of({"leave": (), "采购": ()}, {})).mistakes
    assert known_names(mistake, translator("en")) == ("leave", "采购")
    assert known_names(mistake, translator("zh-CN")) == ("leave", "采购")


def test_too_many_terms_are_cut_and_said_so() -> None:
    asked = parse(" ".join(f"w{n}" for n in range(MOST_TERMS + 9)), TODAY)
    assert len(asked.clauses) == MOST_TERMS
    assert asked.mistakes == (Mistake("too-many", str(MOST_TERMS)),)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026年", "2026-01-01", "2026-12-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2026年1月15日", "2026-01-15", "2026-01-15"),
        ("2026/1/5", "2026-01-05", "2026-01-05"),
        ("20260105", "2026-01-05", "2026-01-05"),
        ("2026-01..", "2026-01-01", None),
        ("..2026-01", None, "2026-01-31"),
        ("2026-03~2026-01", "2026-01-01", "2026-03-31"),
        ("2026-01 至 2026-03", "2026-01-01", "2026-03-31"),
        (">2026-01", "2026-02-01", None),
        (">=2026-01", "2026-01-01", None),
        ("<2026", None, "2025-12-31"),
        ("<=2026-01-05", None, "2026-01-05"),
        ("今天", "2026-11-27", "2026-11-27"),
        ("yesterday", "2026-11-26", "2026-11-26"),
        ("本周", "2026-11-23", "2026-11-29"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("本月", "2026-11-01", "2026-11-30"),
        ("last-month", "2026-10-01", "2026-10-31"),
        ("本季度", "2026-10-01", "2026-12-31"),
        ("上季度", "2026-07-01", "2026-09-30"),
        ("去年", "2025-01-01", "2025-12-31"),
        ("last 30 days", "2026-10-29", "2026-11-27"),
        ("近7天", "2026-11-21", "2026-11-27"),
        ("最近3个月", "2026-08-28", "2026-11-27"),
        ("last 2 years", "2024-11-28", "2026-11-27"),
        ("去年..今天", "2025-01-01", "2026-11-27"),
    ],
)
def test_days(text: str, first: str | None, last: str | None) -> None:
    read = read_days(text, TODAY)
    assert read is not None
    assert (read.first and read.first.isoformat(), read.last and read.last.isoformat()) == (first, last)


@pytest.mark.parametrize("text", ["", "..", "13", "2026-13", "2026-02-30", "明日复明日", "2026-01..x", ">"])
def test_what_names_no_days(text: str) -> None:
    assert read_days(text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("10000", 1_000_000, 1_000_000),
        ("¥1,234.5", 123_450, 123_450),
        (">100", 10_001, None),
        (">=100", 10_000, None),
        ("≤100元", None, 10_000),
        ("<0.01", None, 0),
        ("1万..2.5万", 1_000_000, 2_500_000),
        ("500..100", 10_000, 50_000),
        ("100..", 10_000, None),
        ("-20", -2_000, -2_000),
        ("1亿", 10_000_000_000, 10_000_000_000),
    ],
)
def test_amounts(text: str, least: int | None, most: int | None) -> None:
    assert read_amount(text) == Amount(least, most)


@pytest.mark.parametrize("text", ["", "..", "abc", "1.234", ">", "1e5", "9" * 40])
def test_what_is_no_amount(text: str) -> None:
    assert read_amount(text) is None


def test_the_names_of_fields_are_apart() -> None:
    names = [name for each in FIELDS.values() for name in each]
    assert len(names) == len(set(names))


TYPED = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["seal:", "印章：", "date:", "amount:>", "OR", "|", "-", '"', "“", "”", "本月", "last 30 days",
             "..", "2026-01", "1万", "合同", "NOT", "AND", "(", ")", ":", "kind:", " ", "\x00", "😀", "ﬁ"]
        ),
        max_size=14,
    ).map("".join),
)  # fmt: skip


@given(TYPED)
def test_nothing_typed_is_an_error(text: str) -> None:
    asked = parse(text, TODAY, VOCABULARY)
    for clause in asked.clauses:
        assert clause
        for term in clause:
            start, end = asked.places[term]
            assert 0 <= start < end <= len(text)
    for each in asked.words:
        assert each.runs
        assert each.phrase
        assert each.pattern.strip()


@given(
    st.lists(
        st.sampled_from(["采购", "ht-2026", '"框架 协议"', "-草稿", "seal:公章", "amount:>5"]), max_size=5
    )
)
def test_the_order_of_clauses_is_the_typed_one_and_places_point_at_what_was_typed(parts: list[str]) -> None:
    text = " ".join(parts)
    asked = parse(text, TODAY)
    assert clauses(text) == asked.clauses
    for term, (start, end) in asked.places.items():
        assert clauses(text[start:end]) or text[start:end].startswith(">")
        assert text[start:end] in text
        assert term in [t for clause in asked.clauses for t in clause]

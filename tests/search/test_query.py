"""What people type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import tokens
from search.errors import QueryTooLong
from search.query import LONGEST_QUERY, Word, parse
from tests.search import oracle
from tests.search.test_tokens import MIXED


def word(*runs: str, exact: bool = False, excluded: bool = False) -> Word:
    return Word(runs, exact, excluded)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("采购 合同", [word("采购"), word("合同")]),
        ("  采购　合同  采购 ", [word("采购"), word("合同")]),
        ('"采购 合同"', [word("采购合同", exact=True)]),
        ("“HT 2026” 章", [word("ht", "2026", exact=True), word("章")]),
        ("「框架协议」", [word("框架协议", exact=True)]),
        ('合同 -"框架 协议" -草稿', [word("合同"), word("框架协议", exact=True, excluded=True),
                                 word("草稿", excluded=True)]),
        ("合同 －草稿", [word("合同"), word("草稿", excluded=True)]),
        ("HT-2026-0001", [word("ht", "2026", "0001")]),
        ("采购，合同、印章", [word("采购"), word("合同"), word("印章")]),
        ("1,234,567.89", [word("1", "234", "567", "89")]),
        ('没有完的"引号', [word("没有完的"), word("引号", exact=True)]),
        ("- -- --- \"\" \" ！？ (", []),
        ("AND OR NOT title:x*", [word("and"), word("or"), word("not"), word("title", "x")]),
        ("", []),
    ],
)  # fmt: skip
def test_words_of_a_query(text: str, words: list[Word]) -> None:
    assert list(parse(text)) == words


def test_a_query_that_is_too_long_is_refused_with_its_limit() -> None:
    assert parse("字" * LONGEST_QUERY)
    with pytest.raises(QueryTooLong) as refused:
        parse("字" * (LONGEST_QUERY + 1))
    assert refused.value.context == {"field": "q", "limit": LONGEST_QUERY, "length": LONGEST_QUERY + 1}


def test_phrases_as_the_engine_is_asked() -> None:
    assert (word("采购合同").phrase, word("采购合同").is_prefix) == (("采购", "购合", "合同"), False)
    assert (word("采").phrase, word("采").is_prefix) == (("采",), True)
    assert (word("合同", "ht", "章").phrase, word("合同", "ht", "章").is_prefix) == (
        ("合同", "同", "ht", "章"),
        True,
    )
    assert (word("abc").is_prefix, word("abc", exact=True).is_prefix) == (True, False)


@given(st.text(max_size=LONGEST_QUERY))
def test_nothing_typed_is_an_error(text: str) -> None:
    for each in parse(text):
        assert each.runs
        assert each.phrase
        assert each.pattern.strip()


@given(MIXED, MIXED)
def test_a_word_matches_a_text_as_the_oracle_says(text: str, typed: str) -> None:
    if any(
        oracle._kind(letter) == "letter" and ord(letter) >= 0x370 for letter in tokens.normalise(text + typed)
    ):
        return
    if any(ord(letter) > 0x2FFFF for letter in text + typed):
        return
    for each in parse(f'{typed} "{typed}" {text[:8]}'[:LONGEST_QUERY]):
        assert each.matches(tokens.canonical(text)) == oracle.matches_text(each, text)

"""Marking what was found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from search import tokens
from search.highlight import WIDTH, excerpt, segments
from search.index import Record, Segment
from tests.search.asking import words as parse
from tests.search.test_tokens import MIXED


def record(*pages: str, texts: tuple[str, ...] = (), title: str = "题") -> Record:
    return Record("document", new_id(), title, datetime(2026, 3, 1, tzinfo=UTC), texts=texts, pages=pages)


def marked(text: str, query: str) -> str:
    return "".join(f"[{part}]" if is_hit else part for part, is_hit in segments(text, parse(query)))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("上海華天科技", "华天", "上海[華天]科技"),
        ("编号ＨＴ－２０２６（急）", "ht-20", "编号[ＨＴ－２０]２６（急）"),
        ("采购合\n同", "购合同", "采[购合\n同]"),
        ("人人人", "人人", "[人人人]"),
        ("采购合同", "采购 合同", "[采购][合同]"),
        ("采购合同", "采购 -合同", "[采购]合同"),
        ("<b>采购</b>", "采购", "<b>[采购]</b>"),
        ("采购", "无", "采购"),
        ("", "无", ""),
    ],
)
def test_hits_are_marked_in_the_original(text: str, query: str, expected: str) -> None:
    assert marked(text, query) == expected


@given(MIXED, st.data())
def test_segments_join_back_and_hits_are_what_was_asked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    words = parse(text[start : start + data.draw(st.integers(1, 6))])
    parts = segments(text, words)
    assert "".join(part.text for part in parts) == text
    canonical = tokens.canonical(text)
    assert any(part.is_hit for part in parts) == any(word.matches(canonical) for word in words)
    for part in parts:
        if part.is_hit and len(words) == 1:
            plain, asked = tokens.compact(part.text), "".join(words[0].runs)
            assert asked in plain
            assert plain == asked or set(plain) <= set(asked) or len(plain) <= 2 * len(asked) + 4


def test_an_excerpt_shows_the_page_with_most_of_the_words() -> None:
    found = excerpt(record("只有采购", "无", "采购与印章同在此页", texts=("采购",)), parse("印章 采购"))
    assert found is not None
    assert (found.page, found.text, found.is_cut_before, found.is_cut_after) == (
        3,
        "采购与印章同在此页",
        False,
        False,
    )
    assert Segment("印章", True) in found.segments


def test_an_excerpt_of_a_long_page_is_cut_around_the_hit() -> None:
    page = "前" * 5_000 + "印章" + "后" * 5_000
    found = excerpt(record(page), parse("印章"))
    assert found is not None
    assert len(found.text) <= WIDTH
    assert found.text in page
    assert (found.page, found.is_cut_before, found.is_cut_after) == (1, True, True)
    assert Segment("印章", True) in found.segments


@given(
    st.text(alphabet="采购印章 \n，", max_size=400), st.sampled_from(["印章", "采购 印章", "章", '"采购 印"'])
)
def test_an_excerpt_is_a_part_of_the_page_with_a_whole_hit(page: str, query: str) -> None:
    words = parse(query)
    found = excerpt(record(page), words)
    if found is None:
        assert not page.strip()
        return
    assert found.text in page
    assert len(found.text) <= 2 * WIDTH
    if any(word.matches(tokens.canonical(page)) for word in words):
        assert any(segment.is_hit for segment in found.segments)


def test_without_words_the_beginning_is_shown_and_without_text_nothing() -> None:
    shown = excerpt(record("", "第二页有字"), ())
    assert shown is not None
    assert (shown.text, shown.page) == ("第二页有字", 2)
    assert excerpt(record(), parse("题")) is None

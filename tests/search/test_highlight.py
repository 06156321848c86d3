"""Marking what was found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import new_id
from search import tokens
from search.hearing import heard
from search.highlight import WIDTH, excerpt, marked_names, segments, spans
from search.index import Record, Segment, Tag
from search.query import words_of
from search.sounds import sounds
from tests.search.asking import clauses
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


@given(
    st.text(alphabet="采购合同，a１Å㊣ \n繁國", max_size=30),
    st.text(alphabet="采购合国", min_size=1, max_size=3),
)
def test_chinese_words_are_marked_alike_whatever_stands_before_them(text: str, query: str) -> None:
    words = parse(query)
    behind = spans(f"b {text}", words)  # white space: there the quick way is not taken
    assert spans(text, words) == [(start - 2, end - 2) for start, end in behind]


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


SURNAMES, GIVEN = "王李张刘陈单曾仇", "芳伟娜敏静重行乐"
NAMES = st.builds(
    "".join, st.tuples(st.sampled_from(SURNAMES), st.text(alphabet=GIVEN, min_size=1, max_size=3))
)


@pytest.mark.parametrize(
    ("query", "fields", "expected"),
    [
        ("wf", {"applicant": "王芳"}, "由[王芳]与李芳办理"),
        ("wangf", {"applicant": "王芳"}, "由[王芳]与李芳办理"),
        ("fang", {"applicant": "王芳"}, "由王[芳]与李芳办理"),
        ("applicant:wf", {"applicant": "王芳"}, "由[王芳]与李芳办理"),
        ("counterparty:wf", {"applicant": "王芳"}, "由王芳与李芳办理"),
        ("-wf", {"applicant": "王芳"}, "由王芳与李芳办理"),
        ('"wf"', {"applicant": "王芳"}, "由王芳与李芳办理"),
        ("lf wf", {"applicant": "王芳", "people": "李芳"}, "由[王芳]与[李芳]办理"),
        ("htkj", {"counterparty": "上海華天科技有限公司"}, "与上海[華天科技]有限公司签约"),
        ("ht", {"counterparty": "上海HT(华天)公司"}, "与上海[HT]([华天])公司签约"),
    ],
)
def test_names_that_were_found_by_their_sound_are_marked_where_they_stand(
    query: str, fields: dict[str, str], expected: str
) -> None:
    made = record(title=expected.replace("[", "").replace("]", ""))
    made = replace(
        made,
        applicant=Tag(new_id(), fields["applicant"]) if "applicant" in fields else None,
        people=(Tag(new_id(), fields["people"]),) if "people" in fields else (),
        counterparty=fields.get("counterparty"),
    )
    asked = clauses(query)
    parts = segments(made.title, words_of(asked), heard(made, asked))
    assert "".join(f"[{part}]" if is_hit else part for part, is_hit in parts) == expected


@given(NAMES, st.text(alphabet="与，、 \n由王芳办理", max_size=12), st.data())
def test_what_is_marked_of_a_name_sounds_as_was_typed(name: str, around: str, data: st.DataObject) -> None:
    sound = data.draw(st.sampled_from([each for each in sounds(name) if len(each) > 1]))
    typed = sound[: data.draw(st.integers(2, len(sound)))]
    made = replace(record(title=f"{around}，{name}，{around}"), people=(Tag(new_id(), name),))
    asked = clauses(typed)
    names = heard(made, asked)
    parts = segments(made.title, words_of(asked), names)
    assert "".join(part.text for part in parts) == made.title
    assert any(part.is_hit for part in parts)
    for part in parts:
        if part.is_hit:
            assert any(each.startswith(typed) for each in sounds(part.text)) or _side_by_side(
                part.text, typed
            )
    (marked,) = marked_names(made, words_of(asked), names)
    assert (marked.field, marked.text) == ("person", name)


def _side_by_side(text: str, typed: str) -> bool:
    """Whether it is several pieces one behind the other, each of which sounds so."""
    return any(
        any(sound.startswith(typed) for sound in sounds(text[:cut]))
        and (any(sound.startswith(typed) for sound in sounds(text[cut:])) or _side_by_side(text[cut:], typed))
        for cut in range(1, len(text))
    )


def test_an_excerpt_shows_the_page_on_which_a_name_stands_that_was_heard() -> None:
    made = replace(record("无关的一页", "经办人：王芳（签字）"), applicant=Tag(new_id(), "王芳"))
    asked = clauses("wf")
    found = excerpt(made, words_of(asked), heard(made, asked))
    assert found is not None and found.page == 2
    assert Segment("王芳", True) in found.segments

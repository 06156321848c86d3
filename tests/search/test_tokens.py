"""Normal form, canonical form, tokens, and the way back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import tokens
from tests.search import oracle

MIXED = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("采购合同發票華ＡＢ１２ﬁ①㈱⻢⼯がｶﾞéİß〇々한, \n\t-／abcXYZ019\u200b\u00ad\u0301"),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("合同HT-2026（盖章）", " 合同 ht 2026 盖章 "),
        ("ＡＢＣ－１２３　發票", " abc 123 发票 "),
        ("采购合\n  同", " 采购合同 "),
        ("采购。合同", " 采购 合同 "),
        ("A1b22", " a 1 b 22 "),
        ("⻢⻋⼯", " 马车工 "),
        ("e\u0301té Zürich", " ete zurich "),
        ("采\u200b购\u00ad合", " 采购合 "),
        ("٣４", " 34 "),
        ("——…！", ""),
        ("", ""),
    ],
)
def test_canonical_form(text: str, canonical: str) -> None:
    assert tokens.canonical(text) == canonical


def test_tokens_are_pairs_and_the_last_character_of_each_run() -> None:
    assert tokens.tokens("采购合同HT-2026章") == ["采购", "购合", "合同", "同", "ht", "2026", "章"]


def test_very_long_runs_of_letters_are_several_tokens() -> None:
    assert [len(token) for token in tokens.tokens("x" * 150)] == [60, 60, 30]


@given(MIXED)
def test_normal_form_is_stable(text: str) -> None:
    assert tokens.normalise(tokens.normalise(text)) == tokens.normalise(text)


@given(MIXED, MIXED)
def test_normal_form_of_parts_is_part_of_the_normal_form(first: str, second: str) -> None:
    assert tokens.normalise(first + second) == tokens.normalise(first) + tokens.normalise(second)


@given(MIXED)
def test_every_place_leads_back_to_the_character_it_came_from(text: str) -> None:
    normal, origins = tokens.normalise(text), tokens.origins(text)
    assert len(normal) == len(origins)
    assert origins == sorted(origins)
    for place, letter in zip(origins, normal, strict=True):
        assert letter in tokens.normalise(text[place])
    canonical, places = tokens.canonical_places(text)
    assert canonical == tokens.canonical(text)
    assert len(places) == len(canonical)
    for place, letter in zip(places, canonical, strict=True):
        assert (place == -1) == (letter == " ")
        assert place == -1 or letter in tokens.normalise(text[place])


@given(MIXED)
def test_runs_are_the_oracles(text: str) -> None:
    if oracle.is_plain(text):
        assert tokens.canonical(text).split() == [run.text for run in oracle.runs(text)]


@given(MIXED)
def test_tokens_hold_neither_space_nor_capitals(text: str) -> None:
    for token in tokens.tokens(text):
        assert token.split() == [token]
        assert token == tokens.normalise(token)

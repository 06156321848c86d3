"""Words of a query and what they match."""

from __future__ import annotations

from hypothesis import given

from search import tokens
from search.query import Word
from tests.search import oracle
from tests.search.asking import words
from tests.search.test_tokens import MIXED


def word(*runs: str, exact: bool = False) -> Word:
    return Word(runs, exact)


def test_phrases_as_the_engine_is_asked() -> None:
    assert (word("采购合同").phrase, word("采购合同").is_prefix) == (("采购", "购合", "合同"), False)
    assert (word("采").phrase, word("采").is_prefix) == (("采",), True)
    assert (word("合同", "ht", "章").phrase, word("合同", "ht", "章").is_prefix) == (
        ("合同", "同", "ht", "章"),
        True,
    )
    assert (word("abc").is_prefix, word("abc", exact=True).is_prefix) == (True, False)


def test_what_counts_as_the_same_matches_too() -> None:
    assert Word(("公章",), alike=(word("行政章"),)).matches(tokens.canonical("行政章"))
    assert not word("公章").matches(tokens.canonical("行政章"))


@given(MIXED, MIXED)
def test_a_word_matches_a_text_as_the_oracle_says(text: str, typed: str) -> None:
    if any(
        oracle._kind(letter) == "letter" and ord(letter) >= 0x370 for letter in tokens.normalise(text + typed)
    ):
        return
    if any(ord(letter) > 0x2FFFF for letter in text + typed):
        return
    for each in words(f'{typed} "{typed}" {text[:8]}'[:200]):
        assert each.matches(tokens.canonical(text)) == oracle.matches_text(each, text)

"""How names sound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from search import tokens
from search.sounds import LONGEST_NAME, sounds, spelled

_WORDS = st.sampled_from(sorted(PHRASES_DICT))
_CHARACTERS = st.sampled_from([chr(point) for point in sorted(PINYIN_DICT) if 0x4E00 <= point < 0xA000])


@given(st.lists(_WORDS | _CHARACTERS, min_size=1, max_size=5).map("".join))
def test_a_text_is_read_word_by_word_as_the_library_reads_it_whole(text: str) -> None:
    run = tokens.compact(text)[:LONGEST_NAME]
    whole = "".join(lazy_pinyin(run, style=Style.NORMAL, errors="ignore", v_to_u=False))
    if tokens.canonical(run).split() == [run] and tokens.starts_chinese(run):
        assert spelled(run) in (whole, None)


def test_a_character_of_two_readings_takes_that_of_its_word() -> None:
    assert spelled("重庆银行") == "chongqingyinhang"
    assert spelled("重要行人") == "zhongyaoxingren"


def test_a_name_is_found_from_each_character_on() -> None:
    assert {"f", "fang", "wangfang", "wf"} <= set(sounds("王芳"))


def test_names_of_people_sound_in_every_way_their_characters_do() -> None:
    assert {"zengwei", "cengwei"} <= set(sounds("曾伟"))

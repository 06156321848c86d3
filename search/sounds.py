"""How names sound: Chinese names are found by their pinyin and by its initials.

``王芳`` gives ``wangfang``, ``fang``, ``wf`` and ``f``; a word of letters matches where one of them begins
with it, so that ``htkj`` finds 上海华天科技有限公司 in the middle of its name.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Final

from search import tokens

LONGEST_NAME: Final = 30
"""Characters of a name that are sounded; nobody types the initials of more."""
_MOST_READINGS: Final = 8


@lru_cache(maxsize=20_000)
def sounds(name: str) -> tuple[str, ...]:
    """What letters find a name, sorted: pinyin without tones and initials, from each character on.

    A character with several readings counts with each of them in names of people (up to four
    characters), and with the commonest in that neighbourhood in longer ones. Empty without Chinese.
    """
    found: set[str] = set()
    for run in tokens.canonical(name).split():
        if tokens.starts_chinese(run):
            run = run[:LONGEST_NAME]
            for syllables in _readings(run):
                initials = "".join(syllable[0] for syllable in syllables)
                for at in range(len(syllables)):
                    found.add("".join(syllables[at:]))
                    found.add(initials[at:])
    return tuple(sorted(found))


def spelled(text: str) -> str | None:
    """The commonest pinyin of a text that is all Chinese; None for any other."""
    runs = tokens.canonical(text).split()
    if len(runs) != 1 or not tokens.starts_chinese(runs[0]):
        return None
    syllables = _readings(runs[0][:LONGEST_NAME])
    return "".join(syllables[0]) if syllables else None


def _readings(run: str) -> list[tuple[str, ...]]:
    """The ways to read a run of Chinese characters, the commonest first."""
    usual = _syllables(run, heteronym=False)
    if len(usual) != len(run):  # characters that have no pinyin, such as kana
        return []
    first = tuple(each[0] for each in usual)
    if len(run) > 4:
        return [first]
    every = product(*_syllables(run, heteronym=True))
    others = [way for way, _ in zip(every, range(_MOST_READINGS), strict=False)]
    return list(dict.fromkeys([first, *others]))


def _syllables(run: str, *, heteronym: bool) -> list[tuple[str, ...]]:
    """The readings of each character. The library cuts a run into words first and reads each by itself."""
    from pypinyin.seg import mmseg  # its dictionary takes a third of a second: only for who reads names

    return [each for word in mmseg.seg.cut(run) for each in _word_syllables(word, heteronym)]


@lru_cache(maxsize=50_000)
def _word_syllables(word: str, heteronym: bool) -> tuple[tuple[str, ...], ...]:
    from pypinyin import Style, pinyin

    found = pinyin(word, style=Style.NORMAL, heteronym=heteronym, errors="ignore", v_to_u=False)
    return tuple(tuple(dict.fromkeys(each)) for each in found)

"""What somebody may have meant: pieces of text that differ from a word by one character, or not in sound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from search import tokens
from search.sounds import spelled

SHORTEST: Final = 2
SHORTEST_FUZZY: Final = 4
"""Letters or digits in which an engine may look past one that is wrong."""
ABBREVIATIONS: Final = range(2, 7)
"""How many characters abbreviations have."""
_MOST_LETTERS: Final = 20_000
"""Of a passage, that are looked through."""


def is_near(one: str, other: str) -> bool:
    """Whether one character more, less, exchanged or swapped with its neighbour makes one the other."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((n for n, letter in enumerate(short) if letter != long[n]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    if short[at + 1 :] == long[at + 1 :]:
        return True
    return short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]


def near_parts(word: str, text: str) -> Iterator[tuple[str, bool]]:
    """Parts of a text that are near to a word (compact, two characters or longer).

    Each as it stands in the text, and whether it sounds the same. One half of the word, or its sound,
    has to be there as it is, so that not every part need be compared.
    """
    canonical, places = tokens.canonical_places(text[:_MOST_LETTERS])
    letters = [(letter, place) for letter, place in zip(canonical, places, strict=True) if place >= 0]
    plain = "".join(letter for letter, _ in letters)
    seen: set[str] = set()
    for start, end in _candidates(word, plain):
        part = plain[start:end]
        if part in seen or part == word or len(part) < SHORTEST:
            continue
        seen.add(part)
        sound = spelled(part) if len(part) == len(word) else None
        sounds_same = sound is not None and sound == spelled(word)
        if sounds_same or is_near(word, part):
            yield "".join(text[letters[start][1] : letters[end - 1][1] + 1].split()), sounds_same


def _candidates(word: str, plain: str) -> Iterator[tuple[int, int]]:
    """Where a part may stand that is near: around each place where half of the word stands."""
    size, middle = len(word), len(word) // 2
    first = word[: max(middle - 1, 1)]  # whole when the two letters in the middle are swapped
    for half, before in ((first, 0), (word[middle:], middle)):
        at = plain.find(half) if half else -1
        while at >= 0:
            for shift in (-1, 0, 1):
                for longer in (-1, 0, 1):
                    start, end = at - before + shift, at - before + shift + size + longer
                    if 0 <= start < end <= len(plain):
                        yield start, end
            at = plain.find(half, at + 1)
    if spelled(word) is not None:
        for start in range(len(plain) - size + 1):
            yield start, start + size


def is_abbreviation(word: str, name: str) -> bool:
    """Whether a name of Chinese characters has those of the word in their order: 中石化, 中国石油化工."""
    plain = tokens.compact(name)
    if len(word) not in ABBREVIATIONS or len(plain) <= len(word) or not tokens.starts_chinese(word):
        return False
    left = iter(plain)
    return all(letter in left for letter in word)

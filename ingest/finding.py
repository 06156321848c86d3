"""Where words stand in a PDF: every occurrence of a keyword, whatever the gaps between its letters. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ingest.words import Page, Place, Word

MOST_HITS: Final = 200
LONGEST_KEYWORD: Final = 60


def folded(text: str) -> str:
    """Text as it is compared: wide and narrow forms alike, no case, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def hits(pages: Sequence[Page], keyword: str, most: int = MOST_HITS) -> list[Place]:
    """The places of a keyword, page by page, from the top and from the left; at most ``most``."""
    wanted = folded(keyword)
    if not wanted or len(wanted) > LONGEST_KEYWORD:
        return []
    found: list[Place] = []
    for page in pages:
        here = [place for line in _lines(page) for place in _in_line(line, wanted)]
        found += sorted(here, key=lambda place: (round(place.top, 3), place.left))
        if len(found) >= most:
            return found[:most]
    return found


def _lines(page: Iterable[Word]) -> Iterator[list[Word]]:
    """Words that stand on one level, from left to right."""
    lines: list[list[Word]] = []
    for word in sorted(page, key=lambda word: (word.place.middle, word.place.left)):
        line = lines[-1] if lines else None
        if line is not None and line[-1].place.top <= word.place.middle <= line[-1].place.bottom:
            line.append(word)
        else:
            lines.append([word])
    for line in lines:
        yield sorted(line, key=lambda word: word.place.left)


def _in_line(line: Sequence[Word], wanted: str) -> Iterator[Place]:
    letters: list[tuple[str, Place]] = [pair for word in line for pair in _letters(word)]
    text = "".join(letter for letter, _ in letters)
    start = text.find(wanted)
    while start >= 0:
        place = letters[start][1]
        for _, other in letters[start + 1 : start + len(wanted)]:
            place = place.joined(other)
        yield place
        start = text.find(wanted, start + len(wanted))


def _letters(word: Word) -> Iterator[tuple[str, Place]]:
    """Each folded letter with its share of the word's box: wide letters count double."""
    widths = [2 if unicodedata.east_asian_width(letter) in "WFA" else 1 for letter in word.text]
    whole, begun, box = sum(widths) or 1, 0, word.place
    for letter, width in zip(word.text, widths, strict=True):
        left = box.left + (box.right - box.left) * begun / whole
        begun += width
        right = box.left + (box.right - box.left) * begun / whole
        place = Place(box.page, left, box.top, right, box.bottom)
        for part in folded(letter):
            yield part, place

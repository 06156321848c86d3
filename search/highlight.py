"""Where the words of a query stand in a text, as plain pieces that join back to the text.

Nothing here is markup: whoever shows a piece escapes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from search import tokens
from search.hearing import Heard
from search.index import Excerpt, MarkedName, Record, Segment
from search.query import Word

WIDTH: Final = 120
"""Characters of an excerpt."""
_LEAD: Final = 30
_MOST_SPANS: Final = 1_000


def spans(text: str, words: Iterable[Word], names: Iterable[Heard] = ()) -> list[tuple[int, int]]:
    """The places (start, end) of all words, and of what of ``names`` was heard, in order, apart from each
    other.
    """
    words, names = tuple(words), tuple(names)
    patterns = [word.pattern for word in words]
    if not names and " " not in "".join(patterns):  # Chinese words alone, the usual case
        unbroken = tokens.unbroken(text)
        if unbroken is not None:
            plain = [place for pattern in patterns for place in _places(unbroken, pattern)]
            return _merged(plain) if len(plain) > 1 else plain
    wanted: list[tuple[str, tuple[tuple[int, int], ...]]]
    wanted = [(pattern, ((0, len(pattern)),)) for pattern in patterns]
    wanted += [(each.name.pattern, each.places) for each in names]
    if not wanted:
        return []
    canonical, back = tokens.canonical_places(text)
    found: list[tuple[int, int]] = []
    for pattern, parts in wanted:
        for at, _ in _places(canonical, pattern):
            for start, end in parts:
                there = [place for place in back[at + start : at + end] if place >= 0]
                found.append((there[0], there[-1] + 1))
    return _merged(found)


def _places(text: str, pattern: str) -> list[tuple[int, int]]:
    """Where a pattern stands, also across itself; no more than anybody reads."""
    found: list[tuple[int, int]] = []
    at = text.find(pattern)
    while at >= 0 and len(found) < _MOST_SPANS:
        found.append((at, at + len(pattern)))
        at = text.find(pattern, at + 1)
    return found


def _merged(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def segments(text: str, words: Iterable[Word], names: Iterable[Heard] = ()) -> tuple[Segment, ...]:
    """The whole text in pieces; joined they are the text."""
    return _cut(text, spans(text, words, names), 0, len(text))


def marked_names(record: Record, words: Sequence[Word], names: Sequence[Heard]) -> tuple[MarkedName, ...]:
    """The names besides the title in which something is marked, each once, in its first field."""
    marked: dict[str, MarkedName] = {}
    for field, those in record.names().items():
        for name in those:
            pieces = segments(name, words, names)
            if field != "title" and any(piece.is_hit for piece in pieces):
                marked.setdefault(name, MarkedName(field, pieces))
    return tuple(marked.values())


def _cut(text: str, found: Sequence[tuple[int, int]], start: int, end: int) -> tuple[Segment, ...]:
    pieces: list[Segment] = []
    place = start
    for first, last in found:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if first > place:
            pieces.append(Segment(text[place:first], False))
        pieces.append(Segment(text[first:last], True))
        place = last
    if place < end:
        pieces.append(Segment(text[place:end], False))
    return tuple(pieces)


def excerpt(
    record: Record, words: Sequence[Word], names: Sequence[Heard] = (), width: int = WIDTH
) -> Excerpt | None:
    """The passage or page of the record that shows most of what was found, cut to about ``width``
    characters: the words, and the names that were heard.

    Of equals the first, pages before passages. Without a match, the beginning of what there is; None
    when the record has no text but its title.
    """
    shown = [(passage, page) for passage, page in _passages(record) if passage.strip()]
    if not shown:
        return None
    text, page = shown[0] if len(shown) == 1 else _best(shown, [*words, *(each.name for each in names)])
    found = spans(text, words, names)
    start, end = _window(text, found, width)
    return Excerpt(_cut(text, found, start, end), page, start > 0, end < len(text))


def _best(shown: Sequence[tuple[str, int | None]], wanted: Sequence[Word]) -> tuple[str, int | None]:
    """What shows most of the words, the first of equals."""
    best, most = shown[0], 0
    for passage, page in shown:
        if most == len(wanted):
            break
        count = _count(passage, wanted)
        if count > most:
            best, most = (passage, page), count
    return best


def _count(passage: str, words: Sequence[Word]) -> int:
    """How many of the words stand in a passage."""
    # Most pages of a long document can be passed over without cutting them into runs.
    squeezed = "".join(tokens.normalise(passage).split())
    if not any(all(run in squeezed for run in word.runs) for word in words):
        return 0
    canonical = tokens.canonical(passage)
    return sum(word.matches(canonical) for word in words)


def _passages(record: Record) -> Iterable[tuple[str, int | None]]:
    """Pages before passages: a page's words say more than what was noted about it."""
    for number, page in enumerate(record.pages, start=1):
        yield page, number
    for passage in record.texts:
        yield passage, None


def _window(text: str, found: Sequence[tuple[int, int]], width: int) -> tuple[int, int]:
    """Where to cut: the first hit with a little before it, and hits kept whole at the end."""
    first = found[0][0] if found else 0
    start = max(0, min(first - _LEAD, len(text) - width))
    end = min(len(text), start + width)
    for begin, finish in found:
        if begin < end < finish:
            end = min(finish, begin + width)
    return start, end

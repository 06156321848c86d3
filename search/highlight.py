"""Marking what was found: pieces of plain text, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from search.query import Phrase, matches
from search.tokens import fold, tokens

EXCERPT: Final = 120
"""Characters of an excerpt."""


@dataclass(frozen=True)
class Piece:
    """A piece of text, and whether it was looked for."""

    text: str
    is_hit: bool


def spans(text: str, phrases: Sequence[Phrase]) -> list[tuple[int, int]]:
    """Where the phrases are found in the original text: merged (start, end) pairs."""
    folded = fold(text)
    text_tokens = tokens(folded.text)
    found = sorted(
        (folded.origin[start], folded.origin[end - 1] + 1)
        for phrase in phrases
        for start, end in matches(phrase, text_tokens)
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def pieces(text: str, found: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """The whole text in pieces; joined they are the text again."""
    result: list[Piece] = []
    at = 0
    for start, end in found:
        if start > at:
            result.append(Piece(text[at:start], False))
        result.append(Piece(text[start:end], True))
        at = end
    if at < len(text):
        result.append(Piece(text[at:], False))
    return tuple(result)


def excerpt(text: str, phrases: Sequence[Phrase]) -> tuple[Piece, ...]:
    """A part of the text around the first thing found; empty where nothing is."""
    found = spans(text, phrases)
    if not found:
        return ()
    begin = max(0, found[0][0] - EXCERPT // 3)
    end = min(len(text), begin + EXCERPT)
    inside = [(max(s, begin) - begin, min(e, end) - begin) for s, e in found if s < end and e > begin]
    shown = list(pieces(" ".join(text[begin:end].split("\n")), inside))
    if begin > 0:
        shown.insert(0, Piece("…", False))
    if end < len(text):
        shown.append(Piece("…", False))
    return tuple(shown)

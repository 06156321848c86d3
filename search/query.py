"""What a person types becomes words to find; nothing typed is ever an error.

Words stand next to each other and must all be found; ``"several words"`` must be found as one;
``-word`` must not be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from search.tokens import Token, fold, is_cjk, tokens

LONGEST: Final = 300
"""Characters of a query that are looked at."""
MOST_WORDS: Final = 16
_PARTS: Final = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


@dataclass(frozen=True)
class Phrase:
    """Tokens that must follow each other; the last one may be the beginning of a longer token."""

    tokens: tuple[str, ...]
    last_is_prefix: bool


@dataclass(frozen=True)
class Wanted:
    """What must and what must not be found."""

    phrases: tuple[Phrase, ...]
    without: tuple[Phrase, ...]


def read(text: str) -> Wanted:
    """Read a query."""
    wanted: list[Phrase] = []
    without: list[Phrase] = []
    for match in list(_PARTS.finditer(text[:LONGEST]))[:MOST_WORDS]:
        phrase = phrase_of(match[2] if match[2] is not None else match[3] or "")
        if phrase is not None:
            (without if match[1] else wanted).append(phrase)
    return Wanted(tuple(wanted), tuple(without))


def phrase_of(word: str) -> Phrase | None:
    """The tokens of one word, or None where there is nothing to look for.

    A word that ends in a run of two or more Chinese characters loses the last single one: in the
    text the run may go on. A lone character, letters and digits at the end are a beginning.
    """
    found = tokens(fold(word).text)
    if not found:
        return None
    last = found[-1]
    if is_cjk(last.text[0]):
        ends_a_run = len(found) > 1 and found[-2].end == last.end
        if ends_a_run:
            return Phrase(tuple(token.text for token in found[:-1]), last_is_prefix=False)
    return Phrase(tuple(token.text for token in found), last_is_prefix=True)


def matches(phrase: Phrase, text_tokens: list[Token]) -> list[tuple[int, int]]:
    """Where a phrase is found: (start, end) in the folded text. The rule that the index follows."""
    spans: list[tuple[int, int]] = []
    length = len(phrase.tokens)
    for index in range(len(text_tokens) - length + 1):
        window = text_tokens[index : index + length]
        if any(token.text != wanted for token, wanted in zip(window[:-1], phrase.tokens, strict=False)):
            continue
        last, wanted_last = window[-1], phrase.tokens[-1]
        if last.text == wanted_last or (phrase.last_is_prefix and last.text.startswith(wanted_last)):
            spans.append((window[0].start, last.start + len(wanted_last)))
    return spans

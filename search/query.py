"""What a person types becomes words. Nothing typed is ever a mistake in syntax.

Words are separated by white space or a comma; all must match. ``"quoted words"`` stand together,
and end where they end; ``-word`` must not match. Any quotation marks in use will do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from search import tokens
from search.errors import QueryTooLong

LONGEST_QUERY: Final = 200
"""In characters."""
SHORTEST_NUMBER: Final = 3
"""A word is compared with the beginnings of numbers from so many characters on."""
SHORTEST_NUMBER_END: Final = 4
"""Digits are compared with the ends of numbers from so many on: people read out the last ones."""

_CLOSING: Final = {'"': '"', "＂": "＂", "“": "”", "”": "”", "「": "」", "『": "』"}
_MINUS: Final = "-－−–"
_BREAK: Final = re.compile(r"(?<!\d)[,，、;；]|[,，、;；](?!\d)")  # 1,234 is one word


@dataclass(frozen=True)
class Word:
    """One word or phrase of a query.

    ``runs`` is its canonical form (search.tokens). An ``is_exact`` word was quoted: its last letters
    or digits have to end where the text's do.
    """

    runs: tuple[str, ...]
    is_exact: bool = False
    is_excluded: bool = False

    @cached_property
    def pattern(self) -> str:
        """What has to stand in the canonical form of a text."""
        before = "" if tokens.starts_chinese(self.runs[0]) else " "
        after = " " if self.is_exact and not tokens.starts_chinese(self.runs[-1]) else ""
        return f"{before}{' '.join(self.runs)}{after}"

    @cached_property
    def number(self) -> str | None:
        """What numbers are compared with; None for a word that cannot be one."""
        joined = "".join(self.runs)
        if len(joined) < SHORTEST_NUMBER or all(map(tokens.starts_chinese, self.runs)):
            return None
        return joined

    @cached_property
    def number_end(self) -> str | None:
        """What the ends of numbers are compared with; None for a word that is not all digits."""
        joined = self.number or ""
        return joined if len(joined) >= SHORTEST_NUMBER_END and joined.isdecimal() else None

    @cached_property
    def phrase(self) -> tuple[str, ...]:
        """The tokens that have to follow each other; the last only begins so where ``is_prefix``."""
        found: list[str] = []
        for place, run in enumerate(self.runs):
            if tokens.starts_chinese(run):
                found.extend(run[at : at + 2] for at in range(len(run) - 1))
                if place < len(self.runs) - 1 or len(run) == 1:
                    found.append(run[-1])
            else:
                found.append(run)
        return tuple(found)

    @property
    def is_prefix(self) -> bool:
        """Whether the last token of ``phrase`` may go on."""
        if tokens.starts_chinese(self.runs[-1]):
            return len(self.runs[-1]) == 1
        return not self.is_exact

    def matches(self, canonical: str) -> bool:
        """Whether the word stands in a text of this canonical form."""
        return self.pattern in canonical

    def matches_number(self, compact: str) -> bool:
        """Whether a number, compacted (``tokens.compact``), begins with the word or ends with its digits."""
        if self.number is None:
            return False
        return compact.startswith(self.number) or (
            self.number_end is not None and compact.endswith(self.number_end)
        )

    def is_number(self, compact: str) -> bool:
        """Whether the word is this number, all of it."""
        return self.number == compact


def parse(text: str) -> tuple[Word, ...]:
    """The words of a query, each once, in the order typed.

    Empty when nothing was typed that can be searched for. Raises QueryTooLong.
    """
    if len(text) > LONGEST_QUERY:
        raise QueryTooLong(field="q", limit=LONGEST_QUERY, length=len(text))
    found: dict[Word, None] = {}
    for piece, is_exact, is_excluded in _pieces(text):
        runs = tuple(tokens.canonical(piece).split())
        if runs:
            found[Word(runs, is_exact, is_excluded)] = None
    return tuple(found)


def _pieces(text: str) -> list[tuple[str, bool, bool]]:
    """The typed pieces: text, whether quoted, whether excluded."""
    pieces: list[tuple[str, bool, bool]] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        is_excluded = text[place] in _MINUS and place + 1 < len(text) and not text[place + 1].isspace()
        if is_excluded:
            place += 1
        closing = _CLOSING.get(text[place])
        if closing is not None:
            end = text.find(closing, place + 1)
            end = len(text) if end < 0 else end
            pieces.append((text[place + 1 : end], True, is_excluded))
            place = end + 1
            continue
        end = place
        while end < len(text) and not text[end].isspace() and text[end] not in _CLOSING:
            end += 1
        pieces.extend((part, False, is_excluded) for part in _BREAK.split(text[place:end]))
        place = end
    return pieces

"""Short ways to ask in tests."""

from __future__ import annotations

from datetime import date

from search.language import parse
from search.query import Clause, Word, words_of

TODAY = date(2026, 11, 27)


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a query."""
    return parse(text, TODAY).clauses


def words(text: str) -> tuple[Word, ...]:
    """The words that a query looks for."""
    return words_of(clauses(text))

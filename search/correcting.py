"""What was meant: words that find nothing, put right by what the person may see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from search import tokens
from search.fields import ABBREVIATED
from search.index import Index, Key, Lookup, Record
from search.language import Asked
from search.likeness import SHORTEST, is_abbreviation, near_parts
from search.query import Clause, Condition, InField, NumberHas, Term, Word

Reader = Callable[[Sequence[Key]], Iterable[Record]]
"""Reads records afresh, only those that the person may see."""

_COMPARED: Final = 60


@dataclass(frozen=True)
class Correction:
    """A query put right: as one would type it, and its clauses."""

    text: str
    clauses: tuple[Clause, ...]


def correct(text: str, asked: Asked, lookup: Lookup, index: Index, read: Reader) -> Correction | None:
    """Put right the words of a query that find nothing by themselves. None when that leads nowhere.

    Only records that the lookup's filters and its other clauses allow are looked at, so that nobody
    learns a word from what they may not see.
    """
    wrong = [term for term in _single_words(asked) if not _finds(index, lookup, term)]
    if not wrong:
        return None
    put_right: dict[Term, Word] = {}
    written: dict[tuple[int, int], str] = {}
    left = tuple(clause for clause in lookup.clauses if not any(term in wrong for term in _plain(clause)))
    for term in wrong:
        meant = _meant(_word(term), replace(lookup, clauses=left), index, read)
        if meant is None:
            return None
        put_right[term] = Word(tuple(tokens.canonical(meant).split()), _word(term).is_exact)
        written[asked.places[term]] = f'"{meant}"' if _word(term).is_exact else meant
    for (start, end), meant in sorted(written.items(), reverse=True):  # places further left stay right
        text = text[:start] + meant + text[end:]
    clauses = tuple(tuple(_put_right(term, put_right) for term in clause) for clause in asked.clauses)
    return Correction(text, clauses)


def _single_words(asked: Asked) -> list[Term]:
    """Words that have to be there; not those beside which another would do."""
    return [
        clause[0]
        for clause in asked.clauses
        if len(clause) == 1
        and not clause[0].is_excluded
        and isinstance(clause[0].condition, (Word, InField, NumberHas))
        and len(_word(clause[0]).compact) >= SHORTEST
    ]


def _plain(clause: Clause) -> Clause:
    """A clause without its synonyms, as it was typed."""
    return tuple(replace(term, condition=_without_alike(term.condition)) for term in clause)


def _without_alike(condition: Condition) -> Condition:
    match condition:
        case Word():
            return replace(condition, alike=())
        case InField(field, word):
            return InField(field, replace(word, alike=()))
    return condition


def _word(term: Term) -> Word:
    match term.condition:
        case Word() as word:
            return word
        case InField(_, word) | NumberHas(word):
            return word
    raise TypeError(term.condition)


def _put_right(term: Term, put_right: dict[Term, Word]) -> Term:
    word = put_right.get(term)
    if word is None:
        return term
    match term.condition:
        case InField(field, _):
            return replace(term, condition=InField(field, word))
        case NumberHas():
            return replace(term, condition=NumberHas(word))
    return replace(term, condition=word)


def _finds(index: Index, lookup: Lookup, term: Term) -> bool:
    """Whether a word alone finds anything under the same filters."""
    alone = replace(lookup, clauses=((term,),), offset=0, limit=1, facets=False)
    return index.search(alone).total > 0


def _meant(word: Word, lookup: Lookup, index: Index, read: Reader) -> str | None:
    """The likeliest of what stands in records that have something like the word."""
    found: Counter[str] = Counter()
    ranks: dict[str, tuple[bool, int, int]] = {}
    keys = index.near(word, lookup, _COMPARED)
    if not keys:
        return None
    order = {key: place for place, key in enumerate(keys)}
    for record in sorted(read(keys), key=lambda record: order[record.key]):
        for place, passages in enumerate((record.head(), record.passages())):
            parts = {
                part: (not sounds_same, abs(len(tokens.compact(part)) - len(word.compact)), place)
                for passage in passages
                for part, sounds_same in near_parts(word.compact, passage)
                if _stands(part, passage)
            }
            if not parts:
                names = record.names()
                shortened = (name for field in ABBREVIATED for name in names[field])
                parts = {
                    name: (True, len(name), place)
                    for name in shortened
                    if is_abbreviation(word.compact, name)
                }
            found.update(parts.keys())
            for part, rank in parts.items():
                ranks.setdefault(part, rank)
            if parts:
                break
    if not found:
        return None
    return min(found, key=lambda part: (ranks[part], -found[part], part))


def _stands(part: str, passage: str) -> bool:
    """Whether the part is found as a word, by the matching rule."""
    runs = tuple(tokens.canonical(part).split())
    word = Word(runs) if runs else None
    return word is not None and (
        word.matches(tokens.canonical(passage)) or word.matches_number(tokens.compact(passage))
    )

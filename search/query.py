"""What a query asks of a record, whatever it was typed as.

A query is a list of clauses, each of which has to hold; a clause is a list of terms, one of which has
to hold; a term is a condition, or its opposite. ``search.language`` makes them of what people type.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final, Literal

from search import tokens

SHORTEST_NUMBER: Final = 3
"""A word is compared with the beginnings of numbers from so many characters on."""
SHORTEST_PART: Final = 4
"""It is compared with the insides and ends of numbers from so many on: people read out the last ones."""
LONGEST_NUMBER: Final = 40
"""Longer ones (digests) are found by their beginning only."""
SHORTEST_SOUND: Final = 2
"""Letters are compared with the sounds of names from so many on."""

NameField = Literal["title", "seal", "applicant", "person", "department", "counterparty"]
"""Fields that hold names, in which words can be looked for alone."""
NAME_FIELDS: Final[tuple[NameField, ...]] = (
    "title", "seal", "applicant", "person", "department", "counterparty",
)  # fmt: skip
SOUND_FIELDS: Final[tuple[NameField, ...]] = ("applicant", "person", "counterparty")
"""Whose names are found by the sound of their characters too (``search.sounds``)."""


@dataclass(frozen=True)
class Word:
    """One word or phrase, wherever it stands: in a name, a number, a passage or on a page.

    ``runs`` is its canonical form (search.tokens). An ``is_exact`` word was quoted: its last letters
    or digits have to end where the text's do. Where one of ``alike`` stands, the word counts as found.
    """

    runs: tuple[str, ...]
    is_exact: bool = False
    alike: tuple[Word, ...] = ()

    @cached_property
    def pattern(self) -> str:
        """What has to stand in the canonical form of a text."""
        before = "" if tokens.starts_chinese(self.runs[0]) else " "
        after = " " if self.is_exact and not tokens.starts_chinese(self.runs[-1]) else ""
        return f"{before}{' '.join(self.runs)}{after}"

    @cached_property
    def compact(self) -> str:
        """Its runs without any separation: how numbers and whole names are compared."""
        return "".join(self.runs)

    @cached_property
    def number(self) -> str | None:
        """What the beginnings of numbers are compared with; None for a word that cannot be one."""
        if len(self.compact) < SHORTEST_NUMBER or all(map(tokens.starts_chinese, self.runs)):
            return None
        return self.compact

    @cached_property
    def number_part(self) -> str | None:
        """What the insides and ends of numbers are compared with; None for a word too short for it."""
        return self.number if self.number and len(self.number) >= SHORTEST_PART else None

    @cached_property
    def sound(self) -> str | None:
        """What the sounds of names are compared with; None for anything but plain letters."""
        if len(self.runs) != 1 or self.is_exact or len(self.compact) < SHORTEST_SOUND:
            return None
        return self.compact if self.compact.isascii() and self.compact.isalpha() else None

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

    @cached_property
    def long_runs(self) -> tuple[str, ...]:
        """The Chinese runs that fours of characters find (``tokens.fours``), quicker than pairs do."""
        return tuple(run for run in self.runs if len(run) >= 4 and tokens.starts_chinese(run))

    @property
    def is_prefix(self) -> bool:
        """Whether the last token of ``phrase`` may go on."""
        if tokens.starts_chinese(self.runs[-1]):
            return len(self.runs[-1]) == 1
        return not self.is_exact

    def matches(self, canonical: str) -> bool:
        """Whether the word stands in a text of this canonical form."""
        return self.pattern in canonical or any(other.matches(canonical) for other in self.alike)

    def matches_number(self, compact: str) -> bool:
        """Whether a number, compacted (``tokens.compact``), begins with the word or has it inside."""
        if self.number is None:
            return False
        if compact.startswith(self.number):
            return True
        is_short = len(compact) <= LONGEST_NUMBER
        return is_short and self.number_part is not None and self.number_part in compact


@dataclass(frozen=True)
class InField:
    """A word that has to stand in names of one field."""

    field: NameField
    word: Word


@dataclass(frozen=True)
class NumberHas:
    """A number begins with the word, however short, or has it inside from four characters on."""

    word: Word

    def matches(self, compact: str) -> bool:
        """Whether a number, compacted, is meant."""
        typed = self.word.compact
        is_inside = len(typed) >= SHORTEST_PART and len(compact) <= LONGEST_NUMBER and typed in compact
        return compact.startswith(typed) or is_inside


@dataclass(frozen=True)
class Amount:
    """The amount lies between two numbers of fen (hundredths), both included; None is no bound."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Days:
    """The date lies between two days of the organisation's zone, both included; None is no bound."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Between:
    """Days as instants: ``since`` is included, ``until`` is not."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Is:
    """A thing is of a kind, or in a state; finer kinds and further marks of its state count too."""

    field: Literal["kind", "state"]
    value: str


Condition = Word | InField | NumberHas | Amount | Days | Between | Is


@dataclass(frozen=True)
class Term:
    """A condition that has to hold, or must not."""

    condition: Condition
    is_excluded: bool = False


Clause = tuple[Term, ...]
"""One of the terms has to hold. Never empty."""


def words_of(clauses: Iterable[Clause]) -> tuple[Word, ...]:
    """The words that are looked for, wherever they may stand: what is marked in results."""
    found: dict[Word, None] = {}
    for clause in clauses:
        for term in clause:
            if not term.is_excluded:
                match term.condition:
                    case Word() as word:
                        found |= dict.fromkeys((word, *word.alike))
                    case InField(_, word) | NumberHas(word):
                        found |= dict.fromkeys((word, *word.alike))
    return tuple(found)


def plain_word(clause: Clause) -> Word | None:
    """The word of a clause that is nothing but a word, in no field."""
    if len(clause) != 1 or clause[0].is_excluded:
        return None
    condition = clause[0].condition
    return condition if isinstance(condition, Word) else None


def plain(*words: Word) -> tuple[Clause, ...]:
    """Clauses that ask for each of the words."""
    return tuple((Term(word),) for word in words)

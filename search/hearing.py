"""Names that were found by their sound, and which characters of them sound as was typed (``wf``: 王芳)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from search import tokens
from search.index import Record
from search.query import SOUND_FIELDS, Clause, InField, NameField, Word
from search.sounds import LONGEST_NAME, sounds


@dataclass(frozen=True)
class Heard:
    """A name as it stands in canonical texts, and the places in ``name.pattern`` that sound as was typed."""

    name: Word
    places: tuple[tuple[int, int], ...]


def heard(record: Record, clauses: Iterable[Clause]) -> tuple[Heard, ...]:
    """The names of a record that the letters of a query are the sound of."""
    typed = list(_typed(clauses))
    if not typed:
        return ()
    names = record.names()
    found: dict[Heard, None] = {}
    for letters, fields in typed:
        for name in dict.fromkeys(name for field in fields for name in names[field]):
            if any(sound.startswith(letters) for sound in sounds(name)):
                word = Word(tuple(tokens.canonical(name).split()))
                places = tuple(sounding(word, letters))
                if places:
                    found[Heard(word, places)] = None
    return tuple(found)


def sounding(name: Word, letters: str) -> Iterator[tuple[int, int]]:
    """The shortest pieces of ``name.pattern`` whose pinyin or initials begin with the letters, apart."""
    pattern = name.pattern
    taken: list[tuple[int, int]] = []
    for length in range(1, min(len(letters), LONGEST_NAME) + 1):
        for start in range(len(pattern) - length + 1):
            piece = pattern[start : start + length]
            if any(start < end and begin < start + length for begin, end in taken):
                continue
            if " " not in piece and any(sound.startswith(letters) for sound in sounds(piece)):
                taken.append((start, start + length))
                yield start, start + length


def _typed(clauses: Iterable[Clause]) -> Iterator[tuple[str, tuple[NameField, ...]]]:
    """The letters that were typed, and the fields whose names they may be the sound of."""
    for clause in clauses:
        for term in clause:
            match term.condition:
                case _ if term.is_excluded:
                    continue
                case Word() as word if word.sound is not None:
                    yield word.sound, SOUND_FIELDS
                case InField(field, word) if field in SOUND_FIELDS and word.sound is not None:
                    yield word.sound, (field,)

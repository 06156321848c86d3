"""What an index holds of a record: the same fields and tokens on every engine.

``texts`` are tokens joined by a space, to be split at white space again; each passage is a value of its
own, so that no phrase reaches from one into the next. ``exact`` are whole values, compared as they are or
by their beginnings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Final
from uuid import UUID

from search import tokens
from search.index import FacetCount, Key, Record, Tag
from search.query import LONGEST_NUMBER, NAME_FIELDS, SHORTEST_PART, SOUND_FIELDS
from search.sounds import sounds

TEXTS: Final = ("head", "text", *NAME_FIELDS)
"""``head`` is ``Record.head``, ``text`` everything (``Record.passages``); the others are names alone."""
IN_FOURS: Final = {"text": "text_four", "head": "head_four"}
"""Fields of fours of characters (``tokens.fours``), for each text that has one."""
EXACT: Final = (
    "name", "number", "number_part", "sound", "letter", "access",
    "in_kind", "in_subkind", "in_state", "in_mark", "in_seal", "in_department", "in_person",
    "in_counterparty", "in_year", "in_month",
)  # fmt: skip
"""``name``: whole names of the head, compact. ``number``: whole numbers, compact; ``number_part``: their
ends, from the second character on, four characters and longer. ``sound``: ``FIELD:SOUND``. ``letter``: the
Chinese characters of names that get abbreviated (中石化 is 中国石油化工). ``in_*``: what is filtered by and
counted; tags are ``HEXADECIMAL NAME``."""
ABBREVIATED: Final = ("counterparty", "seal", "department")
"""Fields whose names get abbreviated by characters from here and there."""
TIE_BITS: Final = 14
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SHORT: Final = 100
MOST_VALUES: Final = 20
"""Of a facet, that are told."""
MOST_COUNTED: Final = 40
"""Of a facet, in all: one thing may stand under several names."""
MOST_OF_A_PART: Final = 1_000
"""Of a facet, in each part of an index. Counts are exact where what was found has no more values there; past
that, a value that is rare in one part may be told with less than it has. To read the names of ten thousand
takes longer than to find the records."""
MOST_MONTHS: Final = 3_000


@dataclass(frozen=True)
class Fields:
    """One record as an index holds it. ``order`` sorts by date; ``amount`` is in fen.

    ``fours`` are ``tokens.fours`` of ``head`` and ``text``: a word of four characters is one of them, a
    longer one two or three, where of the pairs in ``texts`` there would be many places to compare.
    """

    key: Key
    texts: Mapping[str, tuple[str, ...]]
    fours: Mapping[str, tuple[str, ...]]
    exact: Mapping[str, tuple[str, ...]]
    order: int
    amount: int | None
    digest: str


def fields_of(record: Record) -> Fields:
    """What is indexed of a record."""
    names = record.names()
    numbers = _unique(map(_compact, record.numbers))
    shown = (*names["title"], *names["counterparty"], *names["seal"], *names["applicant"])
    head, passages = record.head(), record.passages()
    return Fields(
        key=record.key,
        texts={
            "head": _texts(head),
            "text": _texts(passages),
            **{field: _texts(names[field]) for field in NAME_FIELDS},
        },
        fours={"head": _unique(map(_fours, head)), "text": _unique(map(_fours, passages))},
        exact={
            "name": _unique(map(_compact, shown)),
            "number": numbers,
            "number_part": _unique(part for number in numbers for part in _parts(number)),
            "sound": _united(_sounds(field, name) for field in SOUND_FIELDS for name in names[field]),
            "letter": _united(_letters(name) for field in ABBREVIATED for name in names[field]),
            "access": _unique(record.access),
            "in_kind": (record.kind,),
            "in_subkind": _unique((record.subkind,)),
            "in_state": _unique((record.state,)),
            "in_mark": _unique(record.marks),
            "in_seal": _tags((record.seal,)),
            "in_department": _tags((record.department,)),
            "in_person": _tags((record.applicant, *record.people)),
            "in_counterparty": _unique((record.counterparty,)),
            "in_year": (record.year,),
            "in_month": (record.month,),
        },
        order=order_of(record.date) | _tie(record.id),
        amount=None if record.amount is None else int(record.amount * 100),
        digest=record.digest(),
    )


def _texts(passages: Iterable[str]) -> tuple[str, ...]:
    return _unique(_often(one) if len(one) <= _SHORT else _once(one) for one in passages)


def _once(passage: str) -> str:
    return " ".join(tokens.tokens(passage))


_often = lru_cache(maxsize=50_000)(_once)
"""Names stand in several fields of a record, and in many records."""
_compact = lru_cache(maxsize=50_000)(tokens.compact)


def _fours(passage: str) -> str:
    return _fours_often(passage) if len(passage) <= _SHORT else _fours_once(passage)


def _fours_once(passage: str) -> str:
    return " ".join(tokens.fours(passage))


_fours_often = lru_cache(maxsize=50_000)(_fours_once)


@lru_cache(maxsize=50_000)
def _sounds(field: str, name: str) -> tuple[str, ...]:
    return tuple(f"{field}:{sound}" for sound in sounds(name))


@lru_cache(maxsize=50_000)
def _letters(name: str) -> tuple[str, ...]:
    return tuple(letter for letter in _compact(name) if tokens.starts_chinese(letter))


def _united(some: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(some)))


def _unique(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _parts(number: str) -> Iterable[str]:
    """What the insides of a number are found by: all its ends that are long enough."""
    if len(number) > LONGEST_NUMBER:
        return ()
    return (number[at:] for at in range(1, len(number) - SHORTEST_PART + 1))


def _tags(tags: Iterable[Tag | None]) -> tuple[str, ...]:
    return _unique(tag_text(tag) for tag in tags if tag is not None)


def order_of(instant: datetime) -> int:
    """Milliseconds, with room below for what tells records of the same moment apart."""
    return int(instant.timestamp() * 1000) << TIE_BITS


def instant_of(order: int) -> datetime:
    """``order_of`` undone, whatever tells records of the same moment apart."""
    return _EPOCH + timedelta(milliseconds=order >> TIE_BITS)


def _tie(resource_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(resource_id.bytes).digest()[:4]) >> (32 - TIE_BITS)


def key_text(key: Key) -> str:
    """A key as the index has it."""
    return f"{key.kind}:{key.id.hex}"


def read_key(text: str) -> Key:
    """``key_text`` undone."""
    kind, _, hexadecimal = text.partition(":")
    return Key(kind, UUID(hex=hexadecimal))


def tag_text(tag: Tag) -> str:
    """A tag as the index has it; filters compare the part up to the space."""
    return f"{tag.id.hex} {tag.name}"


def facet_counts(name: str, buckets: Iterable[tuple[str, int]]) -> tuple[FacetCount, ...]:
    """What an engine counted, by value: the most frequent first, years newest first.

    One thing may stand under several names after a renaming: the commonest wins.
    """
    counts: dict[str, int] = {}
    labels: dict[str, str] = {}
    for text, count in buckets:
        value, label = _labelled(text) if name in ("seal", "department", "person") else (text, text)
        counts[value] = counts.get(value, 0) + count
        labels.setdefault(value, label)
    if name == "year":
        ranked = sorted(counts.items(), reverse=True)
    else:
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], labels[pair[0]]))
    return tuple(FacetCount(value, labels[value], count) for value, count in ranked[:MOST_VALUES])


def month_counts(buckets: Iterable[tuple[str, int]]) -> tuple[FacetCount, ...]:
    """Counts by month, the oldest first."""
    return tuple(FacetCount(month, month, count) for month, count in sorted(buckets))


def years_in(months: Iterable[FacetCount]) -> dict[str, int]:
    """The same by year."""
    counts: dict[str, int] = {}
    for month in months:
        year = month.value[:4]
        counts[year] = counts.get(year, 0) + month.count
    return counts


@lru_cache(maxsize=50_000)
def _labelled(text: str) -> tuple[str, str]:
    hexadecimal, _, label = text.partition(" ")
    return str(UUID(hex=hexadecimal)), label

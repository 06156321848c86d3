"""What an index is: records go in, keys of records come out.

The index is derived from the database and can be made again from it at any time. It holds nothing
that is ever shown: what a person reads comes fresh from the database, behind the permission.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple, Protocol
from uuid import UUID

from search.language import Mistake
from search.query import Clause, NameField, Word, plain_word, words_of

FACETS: Final = ("kind", "seal", "department", "person", "counterparty", "state", "year")
"""What results can be narrowed by, besides days."""
TAG_FACETS: Final = ("seal", "department", "person")
"""Those whose values are things with an id and a name; the others are their own values."""
DEEPEST: Final = 10_000
"""How far one can page: ``offset + limit`` stays at or below it. ``Index.keys`` has no such end."""

INDEXED_AS: Final = 6
"""Rises when the fields of an index or their meaning change; an index of another format is built anew."""

Facet = Literal["kind", "seal", "department", "person", "counterparty", "state", "year"]
Order = Literal["best", "newest", "oldest", "amount-down", "amount-up"]
ORDERS: Final[tuple[Order, ...]] = ("best", "newest", "oldest", "amount-down", "amount-up")


class Key(NamedTuple):
    """Which thing: ``document``, ``case`` or ``seal_record``, and its id."""

    kind: str
    id: UUID


class Tag(NamedTuple):
    """Something a record can be narrowed by, with the name a person reads."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Record:
    """One searchable thing, as the room that owns it describes it.

    ``number`` is the one people know it by; ``other_numbers`` are what else they copy from paper (serial
    numbers, digests). ``texts`` are short passages (form values, names, comments); ``pages`` the text of
    each page, the first being page 1. A match never reaches from one passage or page into the next.
    ``date`` is in the zone whose years and months count. ``subkind`` is a finer kind (a document's, a case's
    flow), ``marks`` what else can be said of its state (``sealed``, ``overdue``): both are asked for like
    kind and state. ``people`` are all who take part, the ``applicant`` among them; ``amount`` is in yuan.
    ``access`` are the principal terms that may read it: the Searcher fills them in from the access rows.
    Records of unchanged rows are equal, so whatever has no order of its own is sorted.
    """

    kind: str
    id: UUID
    title: str
    date: datetime
    number: str | None = None
    other_numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    subkind: str | None = None
    state: str | None = None
    marks: tuple[str, ...] = ()
    seal: Tag | None = None
    department: Tag | None = None
    applicant: Tag | None = None
    people: tuple[Tag, ...] = ()
    counterparty: str | None = None
    amount: Decimal | None = None
    access: tuple[str, ...] = ()
    related: Mapping[str, UUID] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.id)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All numbers, the record's own first."""
        return (*((self.number,) if self.number else ()), *self.other_numbers)

    @property
    def year(self) -> str:
        """The year of its date, four digits."""
        return f"{self.date.year:04d}"

    @property
    def month(self) -> str:
        """The month of its date, such as ``2026-03``."""
        return f"{self.date.year:04d}-{self.date.month:02d}"

    def names(self) -> Mapping[NameField, tuple[str, ...]]:
        """The names in each field; parts of them are found, and whole ones come first."""
        return {
            "title": (self.title,),
            "seal": (self.seal.name,) if self.seal else (),
            "applicant": (self.applicant.name,) if self.applicant else (),
            "person": tuple(dict.fromkeys(person.name for person in self.people)),
            "department": (self.department.name,) if self.department else (),
            "counterparty": (self.counterparty,) if self.counterparty else (),
        }

    def head(self) -> tuple[str, ...]:
        """What a record is known by: title, numbers, counterparty, seal, applicant. Hits here come first."""
        names = self.names()
        known = (*names["title"], *self.numbers, *names["counterparty"], *names["seal"], *names["applicant"])
        return tuple(dict.fromkeys(known))

    def passages(self) -> tuple[str, ...]:
        """All that words are looked for in."""
        named = (name for names in self.names().values() for name in names)
        return tuple(dict.fromkeys((*self.head(), *named, *self.texts, *self.pages)))

    def digest(self) -> str:
        """Names the content: two records with the same one are indexed alike. Hexadecimal."""
        content = repr((INDEXED_AS, replace(self, related={}, date=self.date.astimezone(UTC)), self.month))
        return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Query:
    """What a person asks. ``date_from`` and ``date_to`` are days of the organisation's zone, inclusive.

    Without ``text`` everything that passes the filters is found, newest first.
    """

    text: str = ""
    kind: str | None = None
    seal: UUID | None = None
    department: UUID | None = None
    person: UUID | None = None
    counterparty: str | None = None
    state: str | None = None
    year: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    order: Order = "best"
    offset: int = 0
    limit: int = 25
    facets: bool = True


class Segment(NamedTuple):
    """A piece of text, and whether it is what was looked for. Plain text: escape it where it is shown."""

    text: str
    is_hit: bool


class MarkedName(NamedTuple):
    """A name with what was looked for in it, or what sounds so: its field, and the name in pieces."""

    field: NameField
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True)
class Excerpt:
    """Where the words stand: some text around them, and the page (from 1) when it is a page's text."""

    segments: tuple[Segment, ...]
    page: int | None
    is_cut_before: bool
    is_cut_after: bool

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True)
class Hit:
    """One result, as it stands in the database now."""

    kind: str
    id: UUID
    title: str
    title_segments: tuple[Segment, ...]
    number: str | None
    date: datetime
    subkind: str | None
    state: str | None
    marks: tuple[str, ...]
    seal: Tag | None
    department: Tag | None
    applicant: Tag | None
    people: tuple[Tag, ...]
    counterparty: str | None
    amount: Decimal | None
    excerpt: Excerpt | None
    related: Mapping[str, UUID]
    access: tuple[str, ...]
    marked_names: tuple[MarkedName, ...] = ()

    @property
    def page(self) -> int | None:
        """The page (from 1) that the excerpt is from."""
        return self.excerpt.page if self.excerpt else None


@dataclass(slots=True)  # each page counts some two hundred: to make a frozen one takes three times as long
class FacetCount:
    """How many results have this value; ``label`` is a person's text, or the value itself."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Results:
    """One page of results.

    ``total`` and ``facets`` count what the principal may see; a facet is counted under all filters but
    its own, the most frequent values first, years newest first. ``months`` counts by month under all
    filters, the oldest first. ``next_offset`` is None on the last page. ``mistakes`` are what of the
    query was not understood. ``corrected`` is the query that was answered in place of one that finds
    nothing. ``is_complete`` is False while the index is being
    built: something may be missing.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    months: tuple[FacetCount, ...]
    next_offset: int | None
    mistakes: tuple[Mistake, ...]
    corrected: str | None
    is_complete: bool


@dataclass(frozen=True)
class Suggestion:
    """How a query may go on: what would be looked for, in which field, and the whole query with it."""

    field: str
    label: str
    query: str


@dataclass(frozen=True)
class Lookup:
    """A query as an index understands it.

    Every one of ``clauses`` has to hold (``search.query``; no ``Days`` among them). ``since`` is inclusive,
    ``until`` exclusive. ``access`` None means that everything may be read; an empty set, nothing.
    """

    clauses: tuple[Clause, ...] = ()
    kind: str | None = None
    seal: UUID | None = None
    department: UUID | None = None
    person: UUID | None = None
    counterparty: str | None = None
    state: str | None = None
    year: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    access: frozenset[str] | None = frozenset()
    order: Order = "best"
    offset: int = 0
    limit: int = 25
    facets: bool = True

    @property
    def words(self) -> tuple[Word, ...]:
        """The words that are looked for."""
        return words_of(self.clauses)

    @property
    def plain_words(self) -> tuple[Word, ...]:
        """The words that stand alone in their clause, in no field: the order of best hits is theirs."""
        found = map(plain_word, self.clauses)
        return tuple(word for word in found if word is not None)

    @property
    def other_clauses(self) -> tuple[Clause, ...]:
        """The clauses that are no plain words."""
        return tuple(clause for clause in self.clauses if plain_word(clause) is None)

    @property
    def sees_nothing(self) -> bool:
        """Whether nothing may be read, so that no index need be asked."""
        return self.access is not None and not self.access


@dataclass(frozen=True)
class Found:
    """What an index answers; ``months`` are ``2026-03`` and so on, the oldest first."""

    keys: tuple[Key, ...]
    total: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    months: tuple[FacetCount, ...] = ()


class Index(Protocol):
    """An engine. Safe to use from many threads. Every call may raise SearchUnavailable.

    **A rebuild** goes on beside: an index of its own that is filled with ``apply_rebuilt``, and takes the
    place of the one in use in one step. Meanwhile ``apply`` writes to both. Where the one in use is not
    complete, ``apply_rebuilt`` writes to both as well, so that something is found soon; where it is empty
    besides, an engine may fill it where it lies, and the two are one.
    """

    def apply(self, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """Put records in the place of what the index has of them, and take out ``gone``.

        Durable, and found by every later search of this process, when it returns; by other processes
        within a second. All or nothing for each record. Raises IndexBusy when another process goes on
        writing; RecordRefused, which names all records that the engine will never take as they are,
        after everything else was done. Of those nothing is left in the index.
        """
        ...

    def search(self, lookup: Lookup) -> Found:
        """One page of keys.

        The order ``best``, when there are ``plain_words``: records one of whose numbers is one of the words;
        then those with a name that is all of the words together; then those whose head has all of the
        words (``Record.head``); then the others; within each, newest first. Other orders are by date or
        amount, those without an amount last. The order of equals is stable.
        """
        ...

    def near(self, word: Word, lookup: Lookup, limit: int) -> tuple[Key, ...]:
        """Records of ``lookup`` with something like the word in their head or names, the likest first.

        Something like it: another character or two of a Chinese word, one letter or digit of others, or
        the same sound. What comes back is to be compared exactly by the caller.
        """
        ...

    def keys(self, lookup: Lookup) -> Iterator[Key]:
        """All matches in the order of ``lookup`` (``best``: newest first), whatever offset and limit say."""
        ...

    def count(self) -> int:
        """How many records there are."""
        ...

    def digests(self) -> Iterator[tuple[Key, str]]:
        """Every record's key and ``Record.digest``, in any order."""
        ...

    def is_complete(self) -> bool:
        """False when it is new, was damaged, or was written by another version: fill it."""
        ...

    def check(self) -> None:
        """Look whether the index is whole where that is in doubt; start anew, incomplete, when it is not."""
        ...

    def begin_rebuild(self) -> str:
        """Start an empty index beside the one in use, in place of an earlier rebuild. Returns its name."""
        ...

    def apply_rebuilt(self, name: str, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """Like ``apply``, for the index that is being built. Raises RebuildSuperseded when it is not it."""
        ...

    def finish_rebuild(self, name: str) -> None:
        """Let the new index take the place of the one in use, complete. Raises RebuildSuperseded."""
        ...

    def describe(self) -> Mapping[str, str | int]:
        """``engine``, ``version``, ``records``, ``bytes`` and what else helps to judge it."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

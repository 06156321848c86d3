"""What an index is: records go in, keys of records come out.

The index is derived from the database and can be made again from it at any time. It holds nothing
that is ever shown: what a person reads comes fresh from the database, behind the permission.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple, Protocol
from uuid import UUID

from search.query import Word

FACETS: Final = ("kind", "seal", "department", "person", "state")
"""What results can be narrowed by, besides the date."""
DEEPEST: Final = 10_000
"""How far one can page: ``offset + limit`` stays at or below it. ``Index.keys`` has no such end."""

Facet = Literal["kind", "seal", "department", "person", "state"]


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
    state: str | None = None
    seal: Tag | None = None
    department: Tag | None = None
    people: tuple[Tag, ...] = ()
    access: tuple[str, ...] = ()
    related: Mapping[str, UUID] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.id)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All numbers, the record's own first."""
        return (*((self.number,) if self.number else ()), *self.other_numbers)


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
    state: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    offset: int = 0
    limit: int = 25
    facets: bool = True


class Segment(NamedTuple):
    """A piece of text, and whether it is what was looked for. Plain text: escape it where it is shown."""

    text: str
    is_hit: bool


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
    state: str | None
    seal: Tag | None
    department: Tag | None
    people: tuple[Tag, ...]
    excerpt: Excerpt | None
    related: Mapping[str, UUID]
    access: tuple[str, ...]

    @property
    def page(self) -> int | None:
        """The page (from 1) that the excerpt is from."""
        return self.excerpt.page if self.excerpt else None

    def to_json(self) -> dict[str, Any]:
        """What ``vermilion search --json`` prints on a line."""
        return {
            "kind": self.kind,
            "id": str(self.id),
            "title": self.title,
            "number": self.number,
            "date": self.date.isoformat(),
            "state": self.state,
            "seal": _named(self.seal),
            "department": _named(self.department),
            "people": [_named(person) for person in self.people],
            "page": self.page,
            "excerpt": self.excerpt.text if self.excerpt else None,
            "highlights": [
                {"text": segment.text, "hit": segment.is_hit}
                for segment in (self.excerpt.segments if self.excerpt else self.title_segments)
            ],
            "related": {name: str(other) for name, other in self.related.items()},
        }


def _named(tag: Tag | None) -> dict[str, str] | None:
    return None if tag is None else {"id": str(tag.id), "name": tag.name}


@dataclass(frozen=True)
class FacetCount:
    """How many results have this value; ``label`` is a person's text, or the value itself."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Results:
    """One page of results.

    ``total`` and ``facets`` count what the principal may see; a facet is counted under all filters but
    its own, the most frequent values first. ``next_offset`` is None on the last page. ``is_complete``
    is False while the index is being built: something may be missing.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    next_offset: int | None
    is_complete: bool


@dataclass(frozen=True)
class Lookup:
    """A query as an index understands it.

    Every one of ``words`` has to match (excluded ones must not); a word matches in the title, a
    number, a text or a page (``Word.matches``, ``Word.matches_number``). ``since`` is inclusive,
    ``until`` exclusive. ``access`` None means that everything may be read; an empty set, nothing.
    """

    words: tuple[Word, ...] = ()
    kind: str | None = None
    seal: UUID | None = None
    department: UUID | None = None
    person: UUID | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    access: frozenset[str] | None = frozenset()
    offset: int = 0
    limit: int = 25
    facets: bool = True


@dataclass(frozen=True)
class Found:
    """What an index answers."""

    keys: tuple[Key, ...]
    total: int
    facets: Mapping[str, tuple[FacetCount, ...]]


class Index(Protocol):
    """An engine. Safe to use from many threads. Every call may raise SearchUnavailable."""

    def apply(self, records: Sequence[Record], gone: Sequence[Key] = ()) -> None:
        """Put records in the place of what the index has of them, and take out ``gone``.

        Durable, and found by every later search of this process, when it returns; by other processes
        within a second. All or nothing. Raises IndexBusy when another process goes on writing.
        """
        ...

    def search(self, lookup: Lookup) -> Found:
        """One page of keys.

        Order: records one of whose numbers is a word of the query; then those that match in title and
        numbers alone; then the others; within each, newest first. The order of equals is stable.
        """
        ...

    def keys(self, lookup: Lookup) -> Iterator[Key]:
        """All matches, newest first, whatever ``offset`` and ``limit`` say."""
        ...

    def count(self) -> int:
        """How many records there are."""
        ...

    def is_complete(self) -> bool:
        """False when it is new, was damaged, or was written by another version: fill it."""
        ...

    def check(self) -> None:
        """Look whether the index is whole where that is in doubt; start anew, incomplete, when it is not."""
        ...

    def begin_rebuild(self) -> int:
        """Announce that every record will be applied again. Returns a mark for ``finish_rebuild``."""
        ...

    def finish_rebuild(self, mark: int) -> None:
        """Take out what was not applied since the mark, by whomever, and call the index complete."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...

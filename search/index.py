"""The index interface: what is stored, what is asked, what comes back.

An index knows nothing of the database. Each record carries the principal terms that may see it, and
each question the terms of who asks; nothing without a common term is ever found or counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from search.highlight import Piece
from search.query import Phrase, Wanted


@dataclass(frozen=True)
class Part:
    """A stretch of a record's text. ``page`` counts from 1 where the text stands on a page."""

    text: str
    page: int | None = None


@dataclass(frozen=True)
class Record:
    """A searchable thing as its room describes it.

    ``number`` is the one people know it by, such as a serial number; ``other_numbers`` (digests) are
    found by their beginning too, but not shown.
    """

    kind: str
    id: UUID
    title: str
    when: datetime
    parts: tuple[Part, ...] = ()
    number: str = ""
    other_numbers: tuple[str, ...] = ()
    state: str | None = None
    seal: UUID | None = None
    department: UUID | None = None
    people: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Query:
    """A question. Instants are aware, ``until`` is exclusive; ``offset`` counts hits."""

    text: str = ""
    kind: str | None = None
    state: str | None = None
    seal: UUID | None = None
    department: UUID | None = None
    person: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 25
    offset: int = 0


@dataclass(frozen=True)
class Found:
    """One record that an index found, with what highlighting needs."""

    kind: str
    id: UUID
    title: str
    parts: tuple[Part, ...]
    number: str
    state: str | None
    when: datetime


@dataclass(frozen=True)
class Answer:
    """What an index answers. ``facets`` counts kinds and states of everything found."""

    total: int
    found: tuple[Found, ...]
    facets: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Hit:
    """A result as it is shown."""

    kind: str
    id: UUID
    number: str
    title: str
    title_pieces: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    page: int | None
    state: str | None
    when: datetime

    def to_json(self) -> dict[str, Any]:
        """Plain values for programs."""
        return {
            "kind": self.kind,
            "id": str(self.id),
            "number": self.number,
            "title": self.title,
            "excerpt": "".join(piece.text for piece in self.excerpt),
            "page": self.page,
            "state": self.state,
            "when": self.when.isoformat(),
        }


@dataclass(frozen=True)
class Results:
    """Results of a search. ``total`` counts what the person may see."""

    total: int
    hits: tuple[Hit, ...]
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


class Index(Protocol):
    """A back-end. Safe for many threads; one process writes, any number read."""

    @property
    def is_fresh(self) -> bool:
        """Whether it was just made empty, so that everything has to be indexed."""
        ...

    def put(self, records: Sequence[tuple[Record, Iterable[str]]]) -> None:
        """Add or replace records, each with its access terms; visible when this returns.

        Raises IndexBusy when another process writes.
        """
        ...

    def remove(self, keys: Sequence[tuple[str, UUID]]) -> None:
        """Remove records by kind and id; those that are not there are no error."""
        ...

    def clear(self) -> None:
        """Remove everything."""
        ...

    def search(self, query: Query, wanted: Wanted, terms: Sequence[str] | None) -> Answer:
        """Find records that share a term with ``terms``; None is somebody who sees everything.

        Without words to find, the newest come first.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


__all__ = ["Answer", "Found", "Hit", "Index", "Part", "Phrase", "Query", "Record", "Results", "Wanted"]

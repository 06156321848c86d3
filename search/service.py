"""Search: rooms announce what changed; people find what they may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core import outbox
from core.clock import Clock
from core.database import Database
from core.permissions import Principal, ResourceType, access_terms, may_read
from search import highlight
from search.index import Found, Hit, Index, Query, Record, Results
from search.query import Wanted, read

Builder = Callable[[Session, Sequence[UUID]], list[Record]]
"""Makes the records of some ids; those that are gone are left out."""
AllIds = Callable[[Session], Iterator[UUID]]
Progress = Callable[[int, int], None]
_BATCH = 200


@dataclass(frozen=True)
class _Kind:
    builder: Builder
    all_ids: AllIds


class Searcher:
    """Indexes what rooms announce and answers questions within a person's permissions."""

    def __init__(self, database: Database, index: Index, clock: Clock, zone: ZoneInfo) -> None:
        self._database = database
        self._index = index
        self._clock = clock
        self._zone = zone
        self._kinds: dict[str, _Kind] = {}

    def register(self, kind: str, builder: Builder, all_ids: AllIds) -> None:
        """Say how the records of a kind are made."""
        self._kinds[kind] = _Kind(builder, all_ids)

    @property
    def is_fresh(self) -> bool:
        """Whether the index was just made empty."""
        return self._index.is_fresh

    def search(self, principal: Principal, query: Query) -> Results:
        """Find what the person may see.

        The index answers within the person's terms; what it found is checked once more against the
        access rows as they are now, so that an index that lags behind shows nothing it should not.
        Raises IndexUnavailable.
        """
        wanted = read(query.text)
        if not wanted.phrases and query.text.strip() and not wanted.without:
            return Results(0, ())
        terms = None if principal.reads_all else sorted(principal.terms)
        answer = self._index.search(query, wanted, terms)
        with self._database.read() as session:
            allowed = _readable(session, principal, answer.found)
        hits = tuple(_hit(found, wanted) for found in answer.found if (found.kind, found.id) in allowed)
        return Results(answer.total - (len(answer.found) - len(hits)), hits, answer.facets)

    def index_now(self, kind: str, resource_id: UUID) -> None:
        """Bring one record up to date with the database; removes it where the thing is gone."""
        self._index_batch(kind, [resource_id])

    def _index_batch(self, kind: str, ids: Sequence[UUID]) -> None:
        with self._database.read() as session:
            records = self._kinds[kind].builder(session, ids)
            access = access_terms(session, ResourceType(kind), [record.id for record in records])
        if records:
            self._index.put([(record, access[record.id]) for record in records])
        gone = set(ids) - {record.id for record in records}
        if gone:
            self._index.remove([(kind, one) for one in gone])

    def reindex(self, progress: Progress | None = None) -> int:
        """Build the index anew from the database. Returns how many records there are.

        What changes meanwhile is announced as always and indexed after.
        """
        with self._database.read() as session:
            ids = {kind: list(known.all_ids(session)) for kind, known in self._kinds.items()}
        total, done = sum(map(len, ids.values())), 0
        self._index.clear()
        for kind, all_of_kind in ids.items():
            for start in range(0, len(all_of_kind), _BATCH):
                batch = all_of_kind[start : start + _BATCH]
                self._index_batch(kind, batch)
                done += len(batch)
                if progress is not None:
                    progress(done, total)
        return total

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()


def announce(session: Session, kind: str, resource_id: UUID, now: datetime) -> None:
    """Have a searchable thing indexed once the transaction has committed.

    ``kind`` is ``document``, ``case`` or ``seal_record``.
    """
    outbox.enqueue(
        session,
        "search.index",
        {"kind": kind, "id": str(resource_id)},
        now,
        key=f"search.index:{kind}:{resource_id}",
    )


def _readable(session: Session, principal: Principal, found: Sequence[Found]) -> set[tuple[str, UUID]]:
    allowed: set[tuple[str, UUID]] = set()
    for kind in {one.kind for one in found}:
        ids = [one.id for one in found if one.kind == kind]
        allowed.update((kind, one) for one in ids if may_read(session, principal, ResourceType(kind), one))
    return allowed


def _hit(found: Found, wanted: Wanted) -> Hit:
    excerpt: tuple[highlight.Piece, ...] = ()
    page = None
    for part in found.parts:
        excerpt = highlight.excerpt(part.text, wanted.phrases)
        if excerpt:
            page = part.page
            break
    return Hit(
        kind=found.kind,
        id=found.id,
        number=found.number,
        title=found.title,
        title_pieces=highlight.pieces(found.title, highlight.spans(found.title, wanted.phrases)),
        excerpt=excerpt,
        page=page,
        state=found.state,
        when=found.when,
    )

"""Finding: what a person asks, answered by the index and checked against the database."""

from __future__ import annotations

import time as timing
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core import outbox
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput
from core.models import AccessRow, OutboxJob
from core.permissions import Principal, ResourceType, access_terms, readable
from search import highlight
from search.errors import KindUnknown, PageTooDeep, RecordUnsettled, SearchUnavailable
from search.index import DEEPEST, Found, Hit, Index, Key, Lookup, Query, Record, Results
from search.query import Word, parse

Builder = Callable[[Session, Sequence[UUID]], list[Record]]
"""Makes the records of these ids from their rows; leaves out what is not there, or not to be found."""
AllIds = Callable[[Session], Iterator[UUID]]
Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""

_INDEXED_AT_ONCE: Final = 50  # whole texts are in memory meanwhile, here and below
_SHOWN_AT_ONCE: Final = 8
_CHECKED_AT_ONCE: Final = 500
_ROUNDS: Final = 5
_ASK_AGAIN: Final = 5.0  # seconds


@dataclass(frozen=True)
class _Source:
    records: Builder
    ids: AllIds


class Searcher:
    """Searches for people, and keeps the index like the database."""

    def __init__(self, database: Database, index: Index, clock: Clock, zone: ZoneInfo) -> None:
        """``zone`` is the one in which a day of a query begins and ends."""
        self._database = database
        self._index = index
        self._clock = clock
        self._zone = zone
        self._sources: dict[str, _Source] = {}
        self._asked_at: dict[str, float] = {}

    def register(self, kind: str, builder: Builder, all_ids: AllIds) -> None:
        """Have things of a kind indexed: how their records are made, and which there are."""
        self._sources[kind] = _Source(builder, all_ids)

    # finding

    def search(self, principal: Principal, query: Query) -> Results:
        """One page of what the principal may see, as the database has it now.

        The index is asked with the principal's terms, and every hit is read and checked again in the
        database: what the index still has of a thing that was changed, closed or deleted is not shown.
        Raises QueryTooLong, PageTooDeep, KindUnknown, InvalidInput, SearchUnavailable.
        """
        words = parse(query.text)
        lookup = self._lookup(principal, query, words)
        if query.text.strip() and not words:
            return Results((), 0, {}, None, self._index.is_complete())
        found = self._find(lookup)
        hits = tuple(self._hits(principal, found.keys, words))
        is_complete = self.require_complete()
        reached = query.offset + len(found.keys)
        return Results(
            hits=hits,
            total=found.total - (len(found.keys) - len(hits)),
            facets=found.facets,
            next_offset=reached if reached < min(found.total, DEEPEST) else None,
            is_complete=is_complete,
        )

    def keys(self, principal: Principal, query: Query) -> Iterator[Key]:
        """All that the query finds and the principal may see, newest first, without end of pages.

        Raises like ``search``.
        """
        words = parse(query.text)
        lookup = self._lookup(principal, query, words)
        if query.text.strip() and not words:
            return
        for some in _batches(self._index.keys(lookup), _CHECKED_AT_ONCE):
            with self._database.read() as session:
                allowed = _allowed(session, principal, some)
            yield from (key for key in some if key in allowed)

    def _find(self, lookup: Lookup) -> Found:
        try:
            return self._index.search(lookup)
        except SearchUnavailable as error:
            self._ask_for_check(error.code)
            raise

    def _lookup(self, principal: Principal, query: Query, words: tuple[Word, ...]) -> Lookup:
        if query.kind is not None and query.kind not in self._sources:
            raise KindUnknown(field="kind", kind=query.kind)
        if query.offset < 0:
            raise InvalidInput(field="offset", reason="< 0")
        if query.limit < 1:
            raise InvalidInput(field="limit", reason="< 1")
        if query.offset + query.limit > DEEPEST:
            raise PageTooDeep(field="offset", limit=DEEPEST)
        return Lookup(
            words=words,
            kind=query.kind,
            seal=query.seal,
            department=query.department,
            person=query.person,
            state=query.state,
            since=self._midnight(query.date_from),
            until=self._midnight(query.date_to, after=timedelta(days=1)),
            access=None if principal.reads_all else principal.terms,
            offset=query.offset,
            limit=query.limit,
            facets=query.facets,
        )

    def _midnight(self, day: date | None, after: timedelta = timedelta(0)) -> datetime | None:
        """When a day begins; None for no day, and for one after the last that there is."""
        if day is None or day > date.max - after:
            return None
        return datetime.combine(day + after, time(0), self._zone)

    def _hits(self, principal: Principal, keys: Sequence[Key], words: tuple[Word, ...]) -> Iterator[Hit]:
        for some in _batches(keys, _SHOWN_AT_ONCE):
            with self._database.read() as session:
                allowed = _allowed(session, principal, some)
                records = self._records(session, [key for key in some if key in allowed])
            yield from (_hit(records[key], words) for key in some if key in records)

    def _records(self, session: Session, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        for kind in {key.kind for key in keys}:
            source = self._sources.get(kind)
            if source is not None:
                ids = [key.id for key in keys if key.kind == kind]
                terms = access_terms(session, ResourceType(kind), ids)
                for record in source.records(session, ids):
                    found[record.key] = replace(record, access=tuple(sorted(terms[record.id])))
        return found

    # indexing

    def refresh(self, keys: Iterable[Key]) -> None:
        """Bring the index up to what the database says of these things.

        Order and repetition do no harm, nor does another process that refreshes the same: after
        writing, the rows are read again, and what changed meanwhile is written again.
        Raises KindUnknown, IndexBusy, SearchUnavailable, RecordUnsettled.
        """
        waiting = list(dict.fromkeys(keys))
        for key in waiting:
            if key.kind not in self._sources:
                raise KindUnknown(field="kind", kind=key.kind)
        wanted = self._read(waiting)
        for _ in range(_ROUNDS):
            self._index.apply(list(wanted.values()), [key for key in waiting if key not in wanted])
            current = self._read(waiting)
            waiting = [key for key in waiting if current.get(key) != wanted.get(key)]
            if not waiting:
                return
            wanted = {key: current[key] for key in waiting if key in current}
        raise RecordUnsettled(kind=waiting[0].kind)

    def _read(self, keys: Sequence[Key]) -> dict[Key, Record]:
        with self._database.read() as session:
            return self._records(session, keys)

    def reindex(self, progress: Progress | None = None) -> int:
        """Put everything into the index again. Returns how many things there are.

        Searching goes on meanwhile; what changes meanwhile is not lost.
        """
        mark = self._index.begin_rebuild()
        keys = list(self._all_keys())
        done = 0
        for some in _batches(keys, _INDEXED_AT_ONCE):
            self.refresh(some)
            done += len(some)
            if progress is not None:
                progress(done, len(keys))
        self._index.finish_rebuild(mark)
        return done

    def _all_keys(self) -> Iterator[Key]:
        for kind, source in self._sources.items():
            with self._database.read() as session:
                ids = list(source.ids(session))
            yield from (Key(kind, each) for each in ids)

    def check(self) -> None:
        """See whether the index is whole and holds everything; have it built again when it does not."""
        self._index.check()
        if self._index.is_complete():
            return
        with self._database.write() as session:
            under_way = session.scalar(
                select(OutboxJob.id)
                .where(OutboxJob.task == "search.reindex", OutboxJob.failed_at.is_(None))
                .limit(1)
            )
            if under_way is None:
                now = self._clock.now()
                outbox.enqueue(session, "search.reindex", {"if_incomplete": True}, now, key="search.reindex")

    def is_complete(self) -> bool:
        """Whether the index holds everything."""
        return self._index.is_complete()

    def require_complete(self) -> bool:
        """Whether the index holds everything; when not, have it looked after soon."""
        is_complete = self._index.is_complete()
        if not is_complete:
            self._ask_for_check("incomplete")
        return is_complete

    def _ask_for_check(self, why: str) -> None:
        now = timing.monotonic()
        if now - self._asked_at.get(why, float("-inf")) >= _ASK_AGAIN:
            self._asked_at[why] = now
            with self._database.write() as session:
                outbox.enqueue(session, "search.check", {}, self._clock.now(), key="search.check")

    # operation

    def ping(self) -> None:
        """Raise SearchUnavailable when the index does not answer."""
        self._index.count()

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()


def announce(session: Session, kind: str, resource_id: UUID, now: datetime) -> None:
    """Have a searchable thing indexed, or taken out, once the transaction has committed."""
    outbox.enqueue(
        session,
        "search.index",
        {"kind": kind, "id": str(resource_id)},
        now,
        key=f"search.index:{kind}:{resource_id}",
    )


def _hit(record: Record, words: tuple[Word, ...]) -> Hit:
    return Hit(
        kind=record.kind,
        id=record.id,
        title=record.title,
        title_segments=highlight.segments(record.title, words),
        number=record.number,
        date=record.date,
        state=record.state,
        seal=record.seal,
        department=record.department,
        people=record.people,
        excerpt=highlight.excerpt(record, words),
        related=record.related,
        access=record.access,
    )


def _allowed(session: Session, principal: Principal, keys: Sequence[Key]) -> set[Key]:
    """Which of the things the principal may read, by the access rows as they are now."""
    if principal.reads_all:
        return set(keys)
    allowed: set[Key] = set()
    row = aliased(AccessRow)
    for kind in {key.kind for key in keys}:
        found = session.scalars(
            select(row.resource_id)
            .where(
                row.resource_type == kind,
                row.resource_id.in_([key.id for key in keys if key.kind == kind]),
                readable(principal, ResourceType(kind), row.resource_id),
            )
            .distinct()
        )
        allowed.update(Key(kind, each) for each in found)
    return allowed


def _batches(keys: Iterable[Key], size: int) -> Iterator[list[Key]]:
    left = iter(keys)
    while some := list(islice(left, size)):
        yield some


__all__ = ["AllIds", "Builder", "Progress", "Searcher", "announce"]

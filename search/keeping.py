"""Keeping the index like the database: what changes is written, what is lost is built again."""

from __future__ import annotations

import time as timing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import outbox
from core.batches import batches
from core.clock import Clock
from core.database import Database
from core.models import OutboxJob
from core.permissions import ResourceType, access_terms
from search.errors import KindUnknown, RecordRefused, RecordUnsettled
from search.index import Index, Key, Record
from search.language import Vocabulary
from search.refusals import note, refusals, settle

Builder = Callable[[Session, Sequence[UUID]], list[Record]]
"""Makes the records of these ids from their rows; leaves out what is not there, or not to be found."""
AllIds = Callable[[Session], Iterator[UUID]]
Words = Callable[[Session], Vocabulary]
"""What the kinds and states of a room's things are called."""
Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""
Apply = Callable[[Sequence[Record], Sequence[Key]], None]

_AT_ONCE: Final = 1_000
"""Things that a rebuild writes together: an embedded index merges what it wrote, so that few large portions
take much less time than many small ones."""
_TEXTS_AT_ONCE: Final = 200
"""Documents, whose whole texts are in memory meanwhile."""
CHECKED_AT_ONCE: Final = 500
_ROUNDS: Final = 5
_ASK_AGAIN: Final = 5.0  # seconds


@dataclass(frozen=True)
class Difference:
    """A thing that the index has otherwise: ``missing`` there, ``outdated``, or ``left-over`` of one gone."""

    key: Key
    what: Literal["missing", "outdated", "left-over"]


@dataclass(frozen=True)
class Reindexed:
    """What a rebuild did: how many things there are, and which of them the index does not take."""

    count: int
    refused: Mapping[Key, str]


@dataclass(frozen=True)
class Source:
    """How things of a kind get into the index."""

    records: Builder
    ids: AllIds
    vocabulary: Words


class IndexKeeper:
    """Keeps an index like the database."""

    def __init__(self, database: Database, index: Index, clock: Clock, zone: ZoneInfo) -> None:
        """``zone`` is the one in which years and months of records are counted."""
        self._database = database
        self._index = index
        self._clock = clock
        self._zone = zone
        self._sources: dict[str, Source] = {}
        self._asked_at: dict[str, float] = {}

    def register(
        self, kind: str, builder: Builder, all_ids: AllIds, vocabulary: Words = lambda _: Vocabulary()
    ) -> None:
        """Have things of a kind indexed: how records are made, which there are, what they are called."""
        self._sources[kind] = Source(builder, all_ids, vocabulary)

    def refresh(self, keys: Iterable[Key]) -> None:
        """Bring the index up to what the database says of these things.

        Order and repetition do no harm, nor does another process that refreshes the same: after
        writing, the rows are read again, and what changed meanwhile is written again.
        What the index does not take is remembered (``refusals``). Raises KindUnknown, IndexBusy,
        SearchUnavailable, RecordUnsettled.
        """
        wanted = list(dict.fromkeys(keys))
        refused = self._refresh(wanted, self._index.apply)
        with self._database.read() as session:
            known = refusals(session)
        if refused or any(key in known for key in wanted):
            with self._database.write() as session:
                settle(session, wanted)
                note(session, refused, self._clock.now())

    def _refresh(self, keys: Iterable[Key], apply: Apply) -> dict[Key, str]:
        """Write until the rows are as they were read. Returns what the index does not take, with why."""
        waiting, refused = list(dict.fromkeys(keys)), dict[Key, str]()
        for key in waiting:
            if key.kind not in self._sources:
                raise KindUnknown(field="kind", kind=key.kind)
        wanted = self._read(waiting)
        for _ in range(_ROUNDS):
            refused = {key: reason for key, reason in refused.items() if key not in waiting}
            try:
                apply(list(wanted.values()), [key for key in waiting if key not in wanted])
            except RecordRefused as error:
                refused |= error.refused
            current = self._read(waiting)
            waiting = [key for key in waiting if current.get(key) != wanted.get(key)]
            if not waiting:
                return refused
            wanted = {key: current[key] for key in waiting if key in current}
        raise RecordUnsettled(kind=waiting[0].kind)

    def _read(self, keys: Sequence[Key]) -> dict[Key, Record]:
        with self._database.read() as session:
            return self._records(session, keys)

    def reindex(self, progress: Progress | None = None) -> Reindexed:
        """Build an index beside the one in use and let it take its place.

        Searching goes on meanwhile; what changes meanwhile is not lost. What the index does not take is
        told and remembered, and stops nothing. Raises RebuildSuperseded when somebody starts another one.
        """
        known = self.refusals()
        name = self._index.begin_rebuild()
        keys = list(self._all_keys())
        done, refused = 0, dict[Key, str]()
        for some in _portions(keys):
            refused |= self._refresh(some, partial(self._index.apply_rebuilt, name))
            done += len(some)
            if progress is not None:
                progress(done, len(keys))
        self._index.finish_rebuild(name)
        with self._database.write() as session:
            settle(session, known)
            note(session, refused, self._clock.now())
        return Reindexed(done, refused)

    def refusals(self) -> Mapping[Key, str]:
        """What the index does not take, with why."""
        with self._database.read() as session:
            return refusals(session)

    def differences(self, progress: Progress | None = None) -> Iterator[Difference]:
        """What the index has otherwise than the database: every record is compared.

        What still waits to be indexed, or is refused by the index, is not told. Raises SearchUnavailable.
        """
        indexed = dict(self._index.digests())
        refused = self.refusals()
        keys = list(self._all_keys())
        done = 0
        for some in batches(keys, CHECKED_AT_ONCE):
            records, done = self._read(some), done + len(some)
            waiting = self._waiting(some)
            for key in some:
                digest = indexed.pop(key, None)
                if key in refused and digest is None:
                    continue
                if key in records and key not in waiting and digest != records[key].digest():
                    yield Difference(key, "missing" if digest is None else "outdated")
            if progress is not None:
                progress(done, len(keys))
        for some in batches(indexed, CHECKED_AT_ONCE):
            waiting, there = self._waiting(some), self._read(some)
            yield from (
                Difference(key, "left-over") for key in some if key not in waiting and key not in there
            )

    def _waiting(self, keys: Sequence[Key]) -> set[Key]:
        """Which of the things wait to be indexed."""
        names = {f"search.index:{key.kind}:{key.id}": key for key in keys}
        with self._database.read() as session:
            found = session.scalars(select(OutboxJob.key).where(OutboxJob.key.in_(list(names))))
            return {names[name] for name in found if name is not None}

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
            self.ask_for_check("incomplete")
        return is_complete

    def ask_for_check(self, why: str) -> None:
        """Have the index looked after soon; not more often for the same reason than every few seconds."""
        now = timing.monotonic()
        if now - self._asked_at.get(why, float("-inf")) >= _ASK_AGAIN:
            self._asked_at[why] = now
            with self._database.write() as session:
                outbox.enqueue(session, "search.check", {}, self._clock.now(), key="search.check")

    def _records(self, session: Session, keys: Sequence[Key]) -> dict[Key, Record]:
        found: dict[Key, Record] = {}
        for kind in {key.kind for key in keys}:
            source = self._sources.get(kind)
            if source is not None:
                ids = [key.id for key in keys if key.kind == kind]
                terms = access_terms(session, ResourceType(kind), ids)
                for record in source.records(session, ids):
                    found[record.key] = replace(
                        record,
                        access=tuple(sorted(terms[record.id])),
                        date=record.date.astimezone(self._zone),
                    )
        return found

    def describe(self) -> Mapping[str, str | int]:
        """What the index says of itself: ``search.index.Index.describe``."""
        return self._index.describe()

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


def _portions(keys: Iterable[Key]) -> Iterator[list[Key]]:
    for kind, some in groupby(keys, key=lambda key: key.kind):
        yield from batches(some, _TEXTS_AT_ONCE if kind == "document" else _AT_ONCE)

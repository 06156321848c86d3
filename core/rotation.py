"""Changing the master key while everything runs.

1. A fresh key goes before the old one in the store: every process wraps with the new one from its
   next use on, and reads both.
2. Row by row, what the old key wraps is wrapped with the new one, by compare-and-swap.
3. After a pause that outlasts any transaction which still wrapped with the old key, the rows are
   looked through again, until nothing of the old key is left.
4. The old key leaves the store.

A process that is killed anywhere leaves both keys in the store; the next run goes on from there.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.batches import batches
from core.clock import Clock
from core.database import Base, Database, table_of
from core.errors import VermilionError
from core.failpoints import reach
from core.masterkey import MasterKey
from core.settings import Settings

PAUSE: Final = timedelta(seconds=10)
_BATCH: Final = 200
_MOST_PASSES: Final = 20


class RotationRuns(VermilionError):
    """Another process changes the master key, or makes a backup. Context: ``lock``."""

    code = "rotation-runs"
    status = 409


class MasterKeyChanging(VermilionError):
    """Nothing that needs one recovery key can be made while there are two."""

    code = "master-key-changing"
    status = 409


class RotationNotEnded(VermilionError):
    """Some process still wraps with the old key. Context: ``left``."""

    code = "rotation-not-ended"
    status = 409


@dataclass(frozen=True)
class Wrapped:
    """A column of envelopes of ``MasterKey.wrap``; ``purpose`` tells what a row's envelope is bound to."""

    model: type[Base]
    column: str
    purpose: Callable[[Session, Any], str]


@dataclass(frozen=True)
class Rotated:
    """What a change of the key did."""

    wrapped_anew: int
    passes: int


Advance = Callable[[int, int, str], None]


class Rotation:
    """Changes the master key. ``before`` is done in the transaction that begins it, once."""

    def __init__(
        self,
        database: Database,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
        columns: Sequence[Wrapped],
        before: Callable[[Session], None],
        after: Callable[[Session], None],
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._clock = clock
        self._settings = settings
        self._columns = columns
        self._before = before
        self._after = after

    def begin(self) -> None:
        """Put the fresh key first; harmless when that was done."""
        if self._master_key.is_changing:
            return
        with self._database.write() as session:
            self._before(session)
        reach("rotation.before_key")
        self._master_key.begin_change()
        reach("rotation.key_written")

    def run(self, advance: Advance, pause: timedelta = PAUSE) -> Rotated:
        """Wrap everything anew and end the old key. Raises RotationNotEnded."""
        anew, passes, total = 0, 0, self._count()
        while passes < _MOST_PASSES:
            found = self._pass(advance, total)
            anew, passes = anew + found, passes + 1
            reach("rotation.pass_done")
            if found == 0 and passes > 1:
                self._end(anew)
                return Rotated(anew, passes)
            time.sleep(pause.total_seconds())
        raise RotationNotEnded(left=found)

    def _end(self, anew: int) -> None:
        self._master_key.end_change()
        reach("rotation.key_ended")
        with self._database.write() as session:
            self._after(session)
            audit.record(
                session, self._clock.now(), None, "master_key.changed", None, None, {"wrapped_anew": anew}
            )

    def _count(self) -> int:
        with self._database.read() as session:
            return sum(
                session.scalar(select(func.count()).select_from(table_of(one.model))) or 0
                for one in self._columns
            )

    def _pass(self, advance: Advance, total: int) -> int:
        seen = anew = 0
        for column in self._columns:
            name = f"{table_of(column.model).name}.{column.column}"
            for found, looked_at in self._column(column):
                seen, anew = seen + looked_at, anew + found
                advance(seen, max(total, seen), name)
        return anew

    def _column(self, column: Wrapped) -> Iterator[tuple[int, int]]:
        """For each portion: how many were wrapped anew, how many there were."""
        keys = list(table_of(column.model).primary_key.columns)
        with self._database.read() as session:
            known = [tuple(row) for row in session.execute(select(*keys).order_by(*keys))]
        for portion in batches(known, _BATCH):
            with self._database.write() as session:
                yield sum(self._row(session, column, key) for key in portion), len(portion)
            reach("rotation.portion_done")

    def _row(self, session: Session, column: Wrapped, key: tuple[Any, ...]) -> int:
        row = session.get(column.model, key)
        envelope = getattr(row, column.column) if row is not None else None
        if not envelope:
            return 0
        purpose = column.purpose(session, row)
        if self._master_key.is_newest(envelope, purpose=purpose):
            return 0
        fresh = self._master_key.wrap(self._master_key.unwrap(envelope, purpose=purpose), purpose=purpose)
        table = table_of(column.model)
        same = [each == value for each, value in zip(table.primary_key.columns, key, strict=True)]
        result = session.execute(
            update(table).where(*same, table.c[column.column] == envelope).values({column.column: fresh})
        )
        return int(result.rowcount)  # type: ignore[attr-defined]


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """One change of the key at a time in a home, and no backup beside it: one recovery key has to open
    all that a backup holds. Raises RotationRuns."""
    held = []
    try:
        for name in ("master-key.lock", "backup.lock"):
            held.append(os.open(settings.home / name, os.O_RDWR | os.O_CREAT, 0o600))
            try:
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RotationRuns(lock=name) from error
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)

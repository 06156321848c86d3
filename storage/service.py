"""The object store: objects with a row each, so that what is used can never be collected.

**Keeping.** The bytes go to a staging file while they are hashed; then a row is *reserved*
(``references`` 0, ``reserved_at`` now) and committed; then the object is put. The caller's own
transaction *adopts* the digest (``references`` + 1).

**Collecting.** Rows without references whose reservation is older than a day are claimed in a
transaction (``collecting``), their objects deleted, then the rows. Whoever keeps the same bytes at
that moment finds the claim, waits until the row is gone, and puts the bytes again: so the collector
can never delete bytes that somebody is about to refer to.
"""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from core.clock import Clock
from core.database import Database, insert_unless_there
from core.ids import new_id
from storage.errors import ObjectDamaged, ObjectMissing, ObjectTooLarge, StorageFull, StorageUnavailable
from storage.models import StoredObject
from storage.objects import CHUNK, Objects

_COLLECTING_PATIENCE: Final = 30.0
_ABANDONED: Final = timedelta(days=1)
"""When nobody can still be writing to a staging file."""
_CLAIM: Final = timedelta(minutes=5)
"""How long a collector's claim holds. It stops deleting after a fifth of it, so a slow one is safe."""


@dataclass(frozen=True)
class Kept:
    """Bytes that are in the store. ``digest`` is lower-case hex of SHA-256, ``size`` in bytes."""

    digest: str
    size: int


class ObjectStore:
    """Keeps, reads and collects objects."""

    def __init__(self, database: Database, objects: Objects, clock: Clock, staging: Path) -> None:
        self._database = database
        self.objects = objects
        self._clock = clock
        self._staging = staging
        staging.mkdir(parents=True, exist_ok=True)

    def keep(self, data: bytes | BinaryIO | Iterable[bytes] | Path, *, limit: int | None = None) -> Kept:
        """Store bytes and reserve their row; to be adopted by the caller's transaction.

        ``limit`` is the most bytes that are taken. Opens a transaction of its own. Raises
        ObjectTooLarge, StorageFull, StorageUnavailable; then nothing was kept.
        """
        temporary = self._staging / str(new_id())
        try:
            digest, size = self._stage(_pieces_of(data), temporary, limit)
            self._reserve(digest, size)
            stat = self.objects.put(digest, temporary)
            if stat.version_id is not None:
                with self._database.write() as session:
                    session.execute(
                        update(StoredObject)
                        .where(StoredObject.digest == digest)
                        .values(version_id=stat.version_id)
                    )
        finally:
            temporary.unlink(missing_ok=True)
        return Kept(digest, size)

    def _stage(self, pieces: Iterable[bytes], temporary: Path, limit: int | None) -> tuple[str, int]:
        hasher, size = hashlib.sha256(), 0
        try:
            with temporary.open("xb") as file:
                for piece in pieces:
                    size += len(piece)
                    if limit is not None and size > limit:
                        raise ObjectTooLarge(limit=limit)
                    hasher.update(piece)
                    file.write(piece)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise StorageFull() from error
            raise StorageUnavailable(reason=error.strerror or str(error)) from error
        return hasher.hexdigest(), size

    def _reserve(self, digest: str, size: int) -> None:
        """Have a row that the collector leaves alone. Waits for a collector that was first."""
        deadline = time.monotonic() + _COLLECTING_PATIENCE
        while True:
            now = self._clock.now()
            row = {"digest": digest, "size": size, "references": 0, "collecting": False, "reserved_at": now}
            with self._database.write() as session:
                if insert_unless_there(session, StoredObject, [row]):
                    return
                renewed = session.execute(
                    update(StoredObject)
                    .where(StoredObject.digest == digest, StoredObject.collecting.is_(False))
                    .values(reserved_at=now)
                )
                if renewed.rowcount:  # type: ignore[attr-defined]
                    return
                # A collector that died left its claim behind: the bytes may be there or not.
                session.execute(
                    delete(StoredObject).where(
                        StoredObject.digest == digest,
                        StoredObject.collecting.is_(True),
                        StoredObject.reserved_at < now - _CLAIM,
                    )
                )
            if time.monotonic() > deadline:
                raise StorageUnavailable(reason="the collector did not finish")
            time.sleep(0.02)

    def adopt(self, session: Session, digest: str) -> None:
        """Count one more reference, in the transaction that refers to the object. Raises ObjectMissing."""
        adopted = session.execute(
            update(StoredObject)
            .where(StoredObject.digest == digest, StoredObject.collecting.is_(False))
            .values(references=StoredObject.references + 1)
        )
        if not adopted.rowcount:  # type: ignore[attr-defined]
            raise ObjectMissing(digest=digest)

    def release(self, session: Session, digest: str) -> None:
        """Count one reference less; the last one leaves the object to the collector."""
        session.execute(
            update(StoredObject)
            .where(StoredObject.digest == digest, StoredObject.references > 0)
            .values(references=StoredObject.references - 1, reserved_at=self._clock.now())
        )

    def read(self, digest: str) -> bytes:
        """All bytes, compared with their digest. Raises ObjectMissing, ObjectDamaged, StorageUnavailable."""
        data = self.objects.read(digest)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ObjectDamaged(digest=digest)
        return data

    def chunks(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Bytes in pieces, for downloads and ranges; not compared with the digest."""
        return self.objects.chunks(digest, start, length)

    def size(self, digest: str) -> int:
        """Size in bytes. Raises ObjectMissing."""
        with self._database.read() as session:
            size = session.scalar(select(StoredObject.size).where(StoredObject.digest == digest))
        if size is None:
            raise ObjectMissing(digest=digest)
        return size

    def fetch(self, digest: str, path: Path) -> None:
        """Copy an object to a file, compared with its digest. Raises as ``read``."""
        hasher = hashlib.sha256()
        with path.open("wb") as file:
            for piece in self.objects.chunks(digest):
                hasher.update(piece)
                file.write(piece)
        if hasher.hexdigest() != digest:
            path.unlink()
            raise ObjectDamaged(digest=digest)

    @contextmanager
    def copied(self, digest: str) -> Iterator[Path]:
        """A copy of an object in a file of one's own, which goes with the block. Raises as ``read``."""
        path = self._staging / str(new_id())
        try:
            self.fetch(digest, path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put_back(self, digest: str, data: bytes) -> None:
        """Store the bytes of a row that a restore is about to bring back. Raises ObjectDamaged."""
        if hashlib.sha256(data).hexdigest() != digest:
            raise ObjectDamaged(digest=digest)
        temporary = self._staging / str(new_id())
        try:
            temporary.write_bytes(data)
            self.objects.put(digest, temporary)
        finally:
            temporary.unlink(missing_ok=True)

    def collect_garbage(self, older_than: timedelta = timedelta(days=1)) -> int:
        """Delete objects that nothing refers to and that nobody reserved lately. Returns how many.

        A collector that died in the middle is continued by the next one. Old staging files go too.
        """
        before = self._clock.now() - older_than
        collected = 0
        while digests := self._claim_garbage(before, 100):
            deleted = self._delete_within_claim(digests)
            with self._database.write() as session:
                session.execute(
                    delete(StoredObject).where(
                        StoredObject.digest.in_(deleted), StoredObject.collecting.is_(True)
                    )
                )
            collected += len(deleted)
        self._sweep_staging(self._clock.now() - max(older_than, _ABANDONED))
        return collected

    def _delete_within_claim(self, digests: list[str]) -> list[str]:
        stop = time.monotonic() + _CLAIM.total_seconds() / 5
        deleted: list[str] = []
        for digest in digests:
            if time.monotonic() > stop:
                break
            self.objects.delete(digest)
            deleted.append(digest)
        return deleted

    def _claim_garbage(self, before: datetime, limit: int) -> list[str]:
        now = self._clock.now()
        collectable = or_(
            and_(
                StoredObject.references == 0,
                StoredObject.collecting.is_(False),
                StoredObject.reserved_at <= before,
            ),
            and_(StoredObject.collecting.is_(True), StoredObject.reserved_at < now - _CLAIM),
        )
        some = select(StoredObject.digest).where(collectable).order_by(StoredObject.reserved_at).limit(limit)
        with self._database.write() as session:
            return list(
                session.scalars(
                    update(StoredObject)
                    .where(StoredObject.digest.in_(some.scalar_subquery()), collectable)
                    .values(collecting=True, reserved_at=now)
                    .returning(StoredObject.digest)
                )
            )

    def _sweep_staging(self, before: datetime) -> None:
        for path in self._staging.iterdir():
            with suppress(FileNotFoundError):  # whoever wrote it is done meanwhile
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    path.unlink()


def _pieces_of(data: bytes | BinaryIO | Iterable[bytes] | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
    elif isinstance(data, Path):
        with data.open("rb") as file:
            yield from iter(lambda: file.read(CHUNK), b"")
    elif hasattr(data, "read"):
        yield from iter(lambda: data.read(CHUNK), b"")
    else:
        yield from data

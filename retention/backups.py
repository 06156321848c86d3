"""Backups: weekly full, daily incremental, encrypted with a key that is not among what is backed up.

A backup is a folder of members: ``database`` (every row), ``objects-NNNN`` (packs of objects) and
``manifest``, written last: without it a backup does not exist. A full backup holds every object, an
incremental one those that its chain (the last full and the incrementals since) does not hold yet.
The rows are dumped whole each time: they are small beside the objects, and a restore then needs no
replaying.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.clock import Clock
from core.database import Database
from core.masterkey import MasterKey
from core.settings import Settings
from retention import dump
from retention.backup_format import StreamDamaged, decrypt, encrypt
from retention.backup_store import BackupStore, open_backup_store
from retention.errors import BackupDamaged, BackupMissing
from retention.models import Backup
from storage.models import StoredObject
from storage.service import ObjectStore

FORMAT: Final = 1
PACK_BYTES: Final = 64 * 1024 * 1024
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds. ``chain`` names the backups that are needed, oldest first, itself last."""

    format: int
    name: str
    kind: str
    revision: str
    created_at: str
    finished_at: str
    chain: list[str]
    tables: dict[str, int]
    objects: dict[str, str]  # digest → member, those in this backup
    bytes: int

    def to_json(self) -> dict[str, Any]:
        """The facts that a list shows."""
        return {
            "name": self.name,
            "kind": self.kind,
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "objects": len(self.objects),
            "rows": sum(self.tables.values()),
            "bytes": self.bytes,
        }


@dataclass(frozen=True)
class Report:
    """What reading a backup to its end found."""

    name: str
    objects: int
    rows: int


def no_progress(_done: int, _total: int, _now: str) -> None:
    """Progress that nobody watches."""


class BackupService:
    """Makes, lists and checks backups."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        master_key: MasterKey,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._database = database
        self._store = store
        self._key = master_key.derive("backup")
        self._clock = clock
        self._settings = settings

    def _target(self) -> BackupStore:
        return open_backup_store(self._settings.effective_backup_url)

    def run(self, kind: str, progress: Progress = no_progress) -> Manifest:
        """Make a backup now, ``full`` or ``incremental``; the first one is always full.

        Raises BackupStoreUnavailable, ObjectMissing; then there is no backup of this name.
        """
        started = self._clock.now()
        target = self._target()
        complete = manifests(target, self._key)
        chain = _chain_of(complete)
        if not chain:
            kind = "full"
        name = f"{started:%Y%m%dT%H%M%S%f}Z-{kind}"
        self._note(name, kind, started)
        try:
            manifest = self._make(target, name, kind, started, [] if kind == "full" else chain, progress)
        except Exception as error:
            self._note_end(name, None, type(error).__name__)
            for member in target.names():
                if member.startswith(f"{name}/"):
                    target.delete(member)
            raise
        self._note_end(name, manifest, None)
        return manifest

    def _make(
        self,
        target: BackupStore,
        name: str,
        kind: str,
        started: datetime,
        chain: list[Manifest],
        progress: Progress,
    ) -> Manifest:
        counts: dict[str, int] = {}
        with tempfile.TemporaryDirectory(dir=self._settings.home) as folder:
            scratch = Path(folder) / "member"
            with self._snapshot() as session:
                revision = dump.revision(session)
                digests = list(
                    session.scalars(
                        select(StoredObject.digest)
                        .where(StoredObject.references > 0)
                        .order_by(StoredObject.digest)
                    )
                )
                size = self._put(target, name, "database", _deflated(dump.rows(session, counts)), scratch)
            held = {digest for earlier in chain for digest in earlier.objects}
            missing = [digest for digest in digests if digest not in held]
            where: dict[str, str] = {}
            for number, pack in enumerate(self._packs(missing), start=1):
                member = f"objects-{number:04d}"
                pieces = self._pack(pack, where, member, len(missing), progress)
                size += self._put(target, name, member, pieces, scratch)
            manifest = Manifest(
                FORMAT,
                name,
                kind,
                revision,
                started.isoformat(),
                self._clock.now().isoformat(),
                [*(earlier.name for earlier in chain), name],
                counts,
                where,
                size,
            )
            self._put(target, name, "manifest", [json.dumps(asdict(manifest)).encode()], scratch)
        progress(len(missing), len(missing), "")
        return manifest

    @contextmanager
    def _snapshot(self) -> Iterator[Session]:
        """One consistent state of all tables, read without stopping anybody."""
        with self._database.read() as session:
            if not self._database.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    def _put(
        self, target: BackupStore, name: str, member: str, pieces: Iterable[bytes], scratch: Path
    ) -> int:
        with scratch.open("wb") as out:
            size = encrypt(self._key, f"{name}/{member}", pieces, out)
        target.put(f"{name}/{member}", scratch)
        return size

    def _packs(self, digests: list[str]) -> Iterator[list[str]]:
        pack: list[str] = []
        size = 0
        for digest in digests:
            pack.append(digest)
            size += self._store.size(digest)
            if size >= PACK_BYTES:
                yield pack
                pack, size = [], 0
        if pack:
            yield pack

    def _pack(
        self, digests: list[str], where: dict[str, str], member: str, total: int, progress: Progress
    ) -> Iterator[bytes]:
        """Objects one after the other: a line ``digest size``, then the bytes, checked while read."""
        for digest in digests:
            progress(len(where), total, digest[:8])
            data = self._store.read(digest)
            yield f"{digest} {len(data)}\n".encode()
            yield data
            where[digest] = member

    def list(self) -> list[Manifest]:
        """The complete backups that this installation's key opens, oldest first."""
        return manifests(self._target(), self._key)

    def verify(self, name: str = "latest", progress: Progress = no_progress) -> Report:
        """Read a backup and its chain to the end: every byte authenticated, every object's digest compared.

        Raises BackupMissing, BackupDamaged.
        """
        report = read_backup(self._target(), self._key, name, progress)
        with self._database.write() as session:
            row = session.scalar(select(Backup).where(Backup.name == report.name))
            if row is not None:
                row.verified_at = self._clock.now()
        return report

    def _note(self, name: str, kind: str, started: datetime) -> None:
        with self._database.write() as session:
            session.add(Backup(name=name, kind=kind, state="running", started_at=started))

    def _note_end(self, name: str, manifest: Manifest | None, error: str | None) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            row = session.scalars(select(Backup).where(Backup.name == name)).one()
            row.finished_at, row.error = now, error
            row.state = "failed" if manifest is None else "done"
            if manifest is not None:
                row.objects, row.bytes = len(manifest.objects), manifest.bytes
            audit.record(
                session, now, None, f"backup.{row.state}", "backup", row.id, {"name": name, "kind": row.kind}
            )


def manifests(target: BackupStore, key: bytes) -> list[Manifest]:
    """All manifests that the key opens, oldest first; those of other keys are passed over."""
    found = []
    for member in target.names():
        name, _, part = member.partition("/")
        if part == "manifest":
            try:
                found.append(read_manifest(target, key, name))
            except BackupDamaged:
                continue
    return found


def read_manifest(target: BackupStore, key: bytes, name: str) -> Manifest:
    """The manifest of a backup. Raises BackupMissing, BackupDamaged (also for another key)."""
    data = json.loads(b"".join(_member(target, key, name, "manifest")))
    if data.get("format") != FORMAT:
        raise BackupDamaged(name=name, member=f"format {data.get('format')}")
    return Manifest(**data)


def read_backup(
    target: BackupStore,
    key: bytes,
    name: str,
    progress: Progress = no_progress,
    *,
    on_row: Callable[[Iterator[bytes]], object] | None = None,
    on_object: Callable[[str, bytes], object] | None = None,
) -> Report:
    """Read a backup with its chain to the end. ``on_object`` gets each object it needs, ``on_row`` the rows.

    Raises BackupMissing, BackupDamaged.
    """
    manifest = _named(target, key, name)
    chain = [read_manifest(target, key, one) for one in manifest.chain]
    total, done = sum(len(one.objects) for one in chain), 0
    for one in chain:
        left = set(one.objects)
        for member in sorted(set(one.objects.values())):
            for digest, data in _unpack(_member(target, key, one.name, member), one.name, member):
                done += 1
                left.discard(digest)
                progress(done, total, digest[:8])
                if on_object is not None:
                    on_object(digest, data)
        if left:
            raise BackupDamaged(name=one.name, member=sorted(left)[0])
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for line in _lines(_inflated(_member(target, key, manifest.name, "database"))):
            count += 1
            yield line

    if on_row is not None:
        on_row(lines())
    else:
        for _line in lines():
            pass
    if count != sum(manifest.tables.values()):
        raise BackupDamaged(name=manifest.name, member="database")
    return Report(manifest.name, total, count)


def _named(target: BackupStore, key: bytes, name: str) -> Manifest:
    if name != "latest":
        return read_manifest(target, key, name)
    complete = manifests(target, key)
    if not complete:
        raise BackupMissing(name=name)
    return complete[-1]


def _chain_of(complete: list[Manifest]) -> list[Manifest]:
    """The newest chain that is whole: its full backup and the incrementals after it."""
    if not complete:
        return []
    by_name = {one.name: one for one in complete}
    newest = complete[-1]
    if any(name not in by_name for name in newest.chain):
        return []
    return [by_name[name] for name in newest.chain]


def _member(target: BackupStore, key: bytes, name: str, member: str) -> Iterator[bytes]:
    try:
        yield from decrypt(key, f"{name}/{member}", target.chunks(f"{name}/{member}"))
    except StreamDamaged as error:
        raise BackupDamaged(name=name, member=member) from error


def _unpack(pieces: Iterator[bytes], name: str, member: str) -> Iterator[tuple[str, bytes]]:
    """The objects of a pack, each compared with its digest."""
    waiting = bytearray()

    def fill(count: int) -> bool:
        while len(waiting) < count:
            piece = next(pieces, None)
            if piece is None:
                return False
            waiting.extend(piece)
        return True

    while fill(1):
        while b"\n" not in waiting[:100]:
            if not fill(len(waiting) + 1):
                raise BackupDamaged(name=name, member=member)
        head, _, _rest = bytes(waiting[:100]).partition(b"\n")
        digest, size = head.decode().split(" ")
        del waiting[: len(head) + 1]
        if not fill(int(size)):
            raise BackupDamaged(name=name, member=member)
        data = bytes(waiting[: int(size)])
        del waiting[: int(size)]
        if hashlib.sha256(data).hexdigest() != digest:
            raise BackupDamaged(name=name, member=digest)
        yield digest, data


def _deflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(6)
    for piece in pieces:
        yield compressor.compress(piece)
    yield compressor.flush()


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for piece in pieces:
        yield inflater.decompress(piece)
    yield inflater.flush()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = b""
    for piece in pieces:
        *whole, waiting = (waiting + piece).split(b"\n")
        yield from whole
    if waiting:
        yield waiting

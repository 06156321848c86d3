"""Backups: weekly full, daily incremental, encrypted with a key that is not among what is backed up.

A backup is a folder of members: ``database`` (every row), ``objects-NNNN`` (packs of objects) and
``manifest``, written last: without it a backup does not exist. A full backup holds every object, an
incremental one those that its chain (the last full and the incrementals since) does not hold yet.
The rows are dumped whole each time: they are small beside the objects, and a restore then needs no
replaying.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import structlog
from sqlalchemy import func, select

from core import audit
from core.clock import Clock
from core.database import Database
from core.errors import VermilionError
from core.failpoints import reach
from core.ids import new_id
from core.masterkey import MasterKey
from core.rotation import MasterKeyChanging
from core.settings import Settings
from retention import dump
from retention.backup_format import encrypt
from retention.backup_reading import (
    DATABASE,
    FORMAT,
    MANIFEST,
    PACK_END,
    PACK_HEAD_NUMBER,
    Manifest,
    Progress,
    Report,
    complete_names,
    deflated,
    find_manifest,
    no_progress,
    packed,
    read_backup,
    read_chain,
    read_manifest,
)
from retention.backup_store import BackupStore, open_backup_store
from retention.errors import (
    BackupDamaged,
    BackupFailed,
    BackupKeyDiffers,
    BackupMissing,
    BackupOfOtherVersion,
    BackupRunning,
    BackupStoreUnavailable,
)
from retention.models import Backup
from storage.folder import explained_os_error
from storage.models import StoredObject
from storage.service import ObjectStore

log = structlog.get_logger()

PACK_BYTES: Final = 64 * 1024 * 1024
LEASE: Final = timedelta(hours=12)
"""How long a backup may take; a row that says *running* for longer is of a process that died."""
_STAMP: Final = "%Y%m%dT%H%M%S%f"
_STAMPED: Final = re.compile(r"\d{8}T\d{12}Z-")


@dataclass(frozen=True)
class Listed:
    """A finished backup in the store. ``state`` is ``done``, ``damaged`` (its manifest) or ``other-key``."""

    name: str
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Name, kind, state, started_at, finished_at, objects, rows, bytes, error, verified_at."""
        return self.facts


@dataclass
class _Making:
    """A backup in the making."""

    name: str
    kind: str
    started: datetime
    chain: list[Manifest]
    target: BackupStore
    scratch: Path
    members: dict[str, tuple[int, str]] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)


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
        self._master_key = master_key
        self._clock = clock
        self._settings = settings

    @property
    def _key(self) -> bytes:
        """Asked for anew each time: the master key may be changed while the server runs."""
        return self._master_key.derive("backup")

    def _target(self) -> BackupStore:
        return open_backup_store(self._settings.effective_backup_url)

    def run(self, kind: str, progress: Progress = no_progress) -> Manifest:
        """Make a backup now, ``full`` or ``incremental``; without a whole chain to build on it is full.

        Raises BackupRunning, MasterKeyChanging, BackupStoreUnavailable, StorageFull, StorageUnavailable,
        ObjectMissing, ObjectDamaged; then there is no backup of this name.
        """
        with self._alone():
            if self._master_key.is_changing:
                raise MasterKeyChanging()
            target = self._target()
            self._clear_up(target)
            chain = [] if kind == "full" else self._usable_chain(target)
            if not chain:
                kind = "full"
            started = self._clock.now()
            name = self._next_name(target, started, kind)
            self._note(name, kind, started)
            scratch = self._settings.home / "staging" / str(new_id())
            making = _Making(name, kind, started, chain, target, scratch)
            try:
                manifest = self._make(making, progress)
            except Exception as error:
                self._note_end(name, None, str(error) or type(error).__name__)
                with suppress(BackupStoreUnavailable):
                    _delete(target, name)
                raise
            finally:
                scratch.unlink(missing_ok=True)
            self._note_end(name, manifest, None)
            return manifest

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One backup at a time from this home; the lock is gone when the process is."""
        descriptor = os.open(self._settings.home / "backup.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BackupRunning() from error
            yield
        finally:
            os.close(descriptor)

    def _next_name(self, target: BackupStore, started: datetime, kind: str) -> str:
        """A name by the time that comes after all there were, even when the clock was put back."""
        with self._database.read() as session:
            noted = session.scalar(select(func.max(Backup.name))) or ""
        names = [name for name in (*target.sizes(), noted) if _STAMPED.match(name)]
        stamp = started.astimezone(UTC).strftime(_STAMP)
        if names and stamp <= (last := max(names).partition("Z-")[0]):
            after = datetime.strptime(f"{last}+0000", f"{_STAMP}%z") + timedelta(microseconds=1)
            stamp = after.strftime(_STAMP)
        return f"{stamp}Z-{kind}"

    def _clear_up(self, target: BackupStore) -> None:
        """Settle the rows of backups whose process died, and remove what they left in the store."""
        before = self._clock.now()
        if not self._settings.broker_url.startswith("embedded"):
            before -= LEASE  # another machine's worker may be at work
        with self._database.read() as session:
            dead = session.scalars(
                select(Backup.name).where(Backup.state == "running", Backup.started_at <= before)
            ).all()
        for name in dead:
            manifest = None
            with suppress(BackupMissing, BackupKeyDiffers, BackupDamaged):
                manifest = read_manifest(target, self._key, name)
            if manifest is None:
                _delete(target, name)
            self._note_end(name, manifest, None if manifest else "interrupted")

    def _usable_chain(self, target: BackupStore) -> list[Manifest]:
        """The newest chain when it is whole, else nothing: then the next backup is full."""
        try:
            return read_chain(target, self._key, find_manifest(target, self._key, "latest"))
        except (BackupMissing, BackupKeyDiffers):
            return []
        except (BackupDamaged, BackupOfOtherVersion) as error:
            log.warning("backup_chain_not_usable", error=str(error))
            return []

    def _make(self, making: _Making, progress: Progress) -> Manifest:
        counts: dict[str, int] = {}
        with self._database.snapshot() as session:
            revision = dump.revision(session)
            digests = session.scalars(
                select(StoredObject.digest).where(StoredObject.references > 0).order_by(StoredObject.digest)
            ).all()
            self._seal(making, DATABASE, deflated(dump.rows(session, counts)))
        self._ship(making, DATABASE)
        reach("backup.rows_put")
        held = {digest for earlier in making.chain for digest in earlier.objects}
        missing = [digest for digest in digests if digest not in held]
        for number, pack in enumerate(self._packs(missing), start=1):
            member = f"objects-{number:05d}"
            self._put(making, member, self._pack(making, pack, member, len(missing), progress))
            reach("backup.objects_put")
        manifest = Manifest(
            format=FORMAT,
            name=making.name,
            kind=making.kind,
            revision=revision,
            created_at=making.started.isoformat(),
            finished_at=self._clock.now().isoformat(),
            chain=[*(earlier.name for earlier in making.chain), making.name],
            tables=counts,
            objects=dict(making.objects),
            members=dict(making.members),
            bytes=sum(size for size, _digest in making.members.values()),
        )
        reach("backup.before_manifest")
        self._put(making, MANIFEST, [json.dumps(asdict(manifest)).encode()])
        reach("backup.after_manifest")
        progress(len(missing), len(missing), "")
        return manifest

    def _put(self, making: _Making, member: str, pieces: Iterable[bytes]) -> None:
        self._seal(making, member, pieces)
        self._ship(making, member)

    def _seal(self, making: _Making, member: str, pieces: Iterable[bytes]) -> None:
        """Encrypt a member into the scratch file."""
        try:
            with making.scratch.open("wb") as file:
                out = _Hashing(file)
                size = encrypt(self._key, f"{making.name}/{member}", pieces, cast(BinaryIO, out))
        except OSError as error:
            raise explained_os_error(error) from error
        making.members[member] = (size, out.hexdigest())

    def _ship(self, making: _Making, member: str) -> None:
        making.target.put(f"{making.name}/{member}", making.scratch)

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
        self, making: _Making, digests: list[str], member: str, total: int, progress: Progress
    ) -> Iterator[bytes]:
        for digest in digests:
            progress(len(making.objects), total, digest[:8])
            yield from packed(digest, self._store.read(digest))
            making.objects[digest] = member
        yield PACK_END.to_bytes(PACK_HEAD_NUMBER, "big")

    def made_since(self, instant: datetime) -> str:
        """The name of the newest backup begun at or after ``instant``, by whichever process.

        Raises BackupFailed when there is none, with the reason why the last one was not made.
        """
        with self._database.read() as session:
            row = session.scalar(
                select(Backup).where(Backup.started_at >= instant).order_by(Backup.started_at.desc()).limit(1)
            )
        if row is None or row.state != "done":
            raise BackupFailed(reason=(row.error if row else None) or "?")
        return row.name

    def list(self) -> list[Listed]:
        """The finished backups in the store, oldest first. Raises BackupStoreUnavailable."""
        target = self._target()
        with self._database.read() as session:
            verified = {row.name: row.verified_at for row in session.scalars(select(Backup))}
        return [Listed(name, self._facts(target, name, verified)) for name in complete_names(target)]

    def _facts(self, target: BackupStore, name: str, verified: dict[str, datetime | None]) -> dict[str, Any]:
        try:
            facts = read_manifest(target, self._key, name).to_json()
        except (BackupKeyDiffers, BackupDamaged, BackupOfOtherVersion) as error:
            return {
                "name": name,
                "kind": name.rpartition("-")[2],
                "state": "other-key" if isinstance(error, BackupKeyDiffers) else "damaged",
                "started_at": None,
                "finished_at": None,
                "objects": 0,
                "rows": 0,
                "bytes": 0,
                "error": error.code,
                "verified_at": None,
            }
        at = verified.get(name)
        return facts | {"verified_at": at.isoformat() if at else None}

    def verify(self, name: str = "latest", progress: Progress = no_progress) -> Report:
        """Read a backup and its chain to the end: every byte authenticated, every object's digest compared.

        Raises BackupMissing, BackupKeyDiffers, BackupDamaged, BackupOfOtherVersion.
        """
        try:
            report = read_backup(self._target(), self._key, name, progress)
        except VermilionError as error:
            self._note_check(name, error.code)
            raise
        self._note_check(report.name, None)
        return report

    def _note_check(self, name: str, error: str | None) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            row = session.scalar(select(Backup).where(Backup.name == name))
            if row is not None:
                row.verified_at = now if error is None else None
            action = "backup.verified" if error is None else "backup.verification_failed"
            audit.record(
                session, now, None, action, "backup", row.id if row else None, {"name": name, "error": error}
            )

    def _note(self, name: str, kind: str, started: datetime) -> None:
        with self._database.write() as session:
            session.add(Backup(name=name, kind=kind, state="running", started_at=started))

    def _note_end(self, name: str, manifest: Manifest | None, error: str | None) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            row = session.scalars(select(Backup).where(Backup.name == name)).one()
            row.finished_at, row.error = now, error[:500] if error else None
            row.state = "failed" if manifest is None else "done"
            if manifest is not None:
                row.objects, row.bytes = len(manifest.objects), manifest.bytes
            audit.record(
                session, now, None, f"backup.{row.state}", "backup", row.id, {"name": name, "kind": row.kind}
            )


class _Hashing:
    """A file being written, with the digest of what went into it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        return self._file.write(data)

    def hexdigest(self) -> str:
        return self._hasher.hexdigest()


def _delete(target: BackupStore, name: str) -> None:
    """Remove a backup that was not finished: the manifest first, so that it is never half of one."""
    members = [member for member in target.sizes() if member.startswith(f"{name}/")]
    for member in sorted(members, key=lambda one: not one.endswith(f"/{MANIFEST}")):
        target.delete(member)


__all__ = [
    "BackupService", "LEASE", "Listed", "Manifest", "Progress", "Report", "no_progress", "read_backup",
]  # fmt: skip

"""Restoring into an empty home: objects first, then all rows and the master key in one step.

An interrupted restore leaves objects and empty tables, and can simply be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from core import audit, outbox
from core.clock import Clock, SystemClock
from core.database import Base, Database
from core.failpoints import reach
from core.home import HomeLock
from core.key_stores import load_master_key, open_store
from core.masterkey import MasterKey
from core.settings import Settings
from retention import dump
from retention.backup_reading import (
    Manifest,
    Progress,
    Report,
    find_manifest,
    no_progress,
    read_backup,
    read_chain,
)
from retention.backup_store import open_backup_store
from retention.errors import BackupOfOtherVersion, HomeNotEmpty
from retention.models import Backup
from storage.opening import open_objects
from storage.service import ObjectStore


def restore(
    settings: Settings,
    name: str,
    recovery_key: str,
    create_tables: Callable[[Database], None],
    progress: Progress = no_progress,
    clock: Clock | None = None,
) -> Report:
    """Restore a backup (or ``latest``) from ``VERMILION_BACKUP_URL`` into this empty home and database.

    ``create_tables`` brings the database to the program's tables. Raises RecoveryKeyInvalid,
    HomeNotEmpty, HomeInUse, BackupMissing (also for a link of the chain), BackupKeyDiffers,
    BackupDamaged, BackupOfOtherVersion, BackupStoreUnavailable, StorageFull, StorageUnavailable;
    then the home has no master key and the database no rows.
    """
    master_key = MasterKey.from_recovery_key(recovery_key)
    target = open_backup_store(settings.effective_backup_url)
    key = master_key.derive("backup")
    _require_empty_home(settings, master_key)
    with HomeLock(settings.home), _opened(settings) as database:
        _require_empty_database(database)
        manifest = find_manifest(target, key, name)
        read_chain(target, key, manifest)
        create_tables(database)
        with database.read() as session:
            if manifest.revision != dump.revision(session):
                raise BackupOfOtherVersion(name=manifest.name, revision=manifest.revision)
        clock = clock or SystemClock()
        objects = open_objects(settings.effective_objects_url)
        store = ObjectStore(database, objects, clock, settings.home / "staging")

        def load(lines: Iterator[bytes]) -> None:
            reach("restore.objects_put")
            with _key_of_this_home(settings, master_key), database.write() as session:
                dump.load(session, lines)
                _settle(session, manifest, clock)
                session.flush()
                _save(master_key, settings)
                reach("restore.before_commit")

        return read_backup(target, key, manifest.name, progress, on_rows=load, on_object=store.put_back)


def _settle(session: Session, manifest: Manifest, clock: Clock) -> None:
    """What a restored database does not take over as it was: the backup in the making, the index."""
    now = clock.now()
    session.execute(
        update(Backup).where(Backup.name == manifest.name).values(state="done", objects=len(manifest.objects),
        bytes=manifest.bytes, finished_at=now)
    )  # fmt: skip
    session.execute(
        update(Backup)
        .where(Backup.state == "running")
        .values(state="failed", error="interrupted", finished_at=now)
    )
    outbox.enqueue(session, "search.reindex", {}, now, key="search.reindex")
    audit.record(session, now, None, "backup.restored", "backup", None, {"name": manifest.name})


def _save(master_key: MasterKey, settings: Settings) -> None:
    if load_master_key(settings) is None:
        master_key.put_into(open_store(settings))


@contextmanager
def _key_of_this_home(settings: Settings, master_key: MasterKey) -> Iterator[None]:
    """Take the key file back when the rows could not be committed."""
    was_there = load_master_key(settings) is not None
    try:
        yield
    except BaseException:
        if not was_there:
            (settings.home / "master.key").unlink(missing_ok=True)
        raise


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = Database(settings.effective_database_url)
    try:
        database.ping()
        yield database
    finally:
        database.dispose()


def _require_empty_home(settings: Settings, master_key: MasterKey) -> None:
    """A home with this very key may be that of a restore that was interrupted; its database tells."""
    there = load_master_key(settings)
    if there is not None and there.recovery_key() != master_key.recovery_key():
        raise HomeNotEmpty(what="master.key")


def _require_empty_database(database: Database) -> None:
    inspector = inspect(database.engine)
    with database.read() as session:
        for table in Base.metadata.sorted_tables:
            if (
                inspector.has_table(table.name)
                and session.execute(select(table).limit(1)).first() is not None
            ):
                raise HomeNotEmpty(what=f"VERMILION_DATABASE_URL: {table.name}")

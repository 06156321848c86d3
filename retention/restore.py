"""Restoring into an empty home: objects, then all rows in one transaction, the master key last.

The master key file is what makes a home one that starts, so a restore that was interrupted can
simply be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from sqlalchemy import inspect, select

from core import outbox
from core.clock import SystemClock
from core.database import Database
from core.masterkey import MasterKey
from core.models import Organisation, Person
from core.settings import Settings
from retention import dump
from retention.backup_store import open_backup_store
from retention.backups import Progress, Report, manifests, no_progress, read_backup, read_manifest
from retention.errors import BackupKeyDiffers, BackupMissing, BackupOfOtherVersion, HomeNotEmpty
from storage.opening import open_objects
from storage.service import ObjectStore


def restore(
    settings: Settings,
    name: str,
    recovery_key: str,
    create_tables: Callable[[Database], None],
    progress: Progress = no_progress,
) -> Report:
    """Restore a backup (or ``latest``) from ``VERMILION_BACKUP_URL`` into this empty home and database.

    ``create_tables`` brings the database to the program's tables. Raises RecoveryKeyInvalid,
    HomeNotEmpty, BackupMissing, BackupKeyDiffers, BackupDamaged, BackupOfOtherVersion.
    """
    master_key = MasterKey.from_recovery_key(recovery_key)
    if MasterKey.load(settings.home) is not None:
        raise HomeNotEmpty(what="master.key")
    target = open_backup_store(settings.effective_backup_url)
    key = master_key.derive("backup")
    there = sorted({member.partition("/")[0] for member in target.names() if member.endswith("/manifest")})
    if not there or (name != "latest" and name not in there):
        raise BackupMissing(name=name)
    readable = manifests(target, key)
    if not readable or (name != "latest" and name not in {one.name for one in readable}):
        raise BackupKeyDiffers(name=there[-1] if name == "latest" else name)
    name = readable[-1].name if name == "latest" else name
    manifest = read_manifest(target, key, name)

    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.effective_database_url)
    try:
        database.ping()
        _require_empty(database)
        create_tables(database)
        with database.read() as session:
            revision = dump.revision(session)
        if manifest.revision != revision:
            raise BackupOfOtherVersion(name=name, revision=manifest.revision)
        objects = open_objects(settings.effective_objects_url)
        staging = ObjectStore(database, objects, SystemClock(), settings.home / "staging")

        def load(lines: Iterator[bytes]) -> None:
            with database.write() as session:
                dump.load(session, lines)
                outbox.enqueue(session, "search.reindex", {}, datetime.now(UTC), key="search.reindex")

        report = read_backup(
            target,
            key,
            name,
            progress,
            on_row=load,
            on_object=lambda digest, data: staging.put_back(digest, data),
        )
    finally:
        database.dispose()
    master_key.save(settings.home)
    return report


def _require_empty(database: Database) -> None:
    if not inspect(database.engine).has_table(Organisation.__tablename__):
        return
    with database.read() as session:
        if session.scalar(select(Person.id).limit(1)) or session.scalar(select(Organisation.id).limit(1)):
            raise HomeNotEmpty(what="VERMILION_DATABASE_URL")

"""From nothing but a backup and the recovery key: the home is deleted, and everything is there again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from core import audit
from core.database import Base, Database
from core.home import HomeInUse, HomeLock
from core.masterkey import MasterKey, RecoveryKeyInvalid
from core.models import AuditEntry, OutboxJob
from core.settings import Settings
from retention.backup_reading import Report
from retention.backups import BackupService
from retention.errors import (
    BackupChainBroken,
    BackupDamaged,
    BackupKeyDiffers,
    BackupMissing,
    BackupOfOtherVersion,
    HomeNotEmpty,
)
from retention.models import Backup
from retention.restore import restore
from storage.models import StoredObject
from storage.opening import open_objects
from storage.service import ObjectStore
from tests.retention.conftest import DAY, Vault, open_vault


def create_tables(database: Database) -> None:
    Base.metadata.create_all(database.engine)


def restore_to(
    vault: Vault, home: Path, name: str = "latest", key: str | None = None, url: str = ""
) -> Report:
    settings = Settings(home=home, database_url=url, backup_url=vault.settings.backup_url)
    return restore(settings, name, key or vault.master_key.recovery_key(), create_tables)


def tables(home: Path, url: str = "") -> dict[str, list[dict[str, object]]]:
    """All rows of a home's database."""
    database = Database(Settings(home=home, database_url=url).effective_database_url)
    try:
        with database.read() as session:
            return {
                table.name: sorted((dict(row) for row in session.execute(select(table)).mappings()), key=str)
                for table in Base.metadata.sorted_tables
            }
    finally:
        database.dispose()


def is_untouched(home: Path) -> bool:
    """No key, and no rows."""
    database = Database(Settings(home=home).effective_database_url)
    try:
        has_tables = (home / "vermilion.db").exists() and inspect(database.engine).has_table("person")
        return not (home / "master.key").exists() and not (has_tables and any(tables(home).values()))
    finally:
        database.dispose()


def test_everything_is_there_again_after_the_home_is_gone(vault: Vault) -> None:
    vault.archive(b"one", b"two", b"")
    vault.backups.run("full")
    vault.archive(b"three" * 500_000)
    made = vault.backups.run("incremental")
    home, before = vault.settings.home, tables(vault.settings.home)
    vault.database.dispose()
    shutil.rmtree(home)

    steps: list[tuple[int, int]] = []
    settings = Settings(home=home, backup_url=vault.settings.backup_url)
    key = vault.master_key.recovery_key()
    report = restore(
        settings, "latest", key, create_tables, lambda done, total, _: steps.append((done, total))
    )
    assert (report.name, report.objects, steps[-1]) == (made.name, 4, (4, 4))
    assert MasterKey.load(home) is not None
    assert MasterKey.load(home).recovery_key() == key  # type: ignore[union-attr]
    after = tables(home)
    for name in before:
        if name not in ("backup", "outbox_job", "audit_entry", "audit_head"):
            assert after[name] == before[name], name
    objects = open_objects(settings.effective_objects_url)
    assert sorted(stat.size for stat in objects.list()) == [0, 3, 3, 2_500_000]
    assert [row["task"] for row in after["outbox_job"]] == ["search.reindex"]
    assert {(row["kind"], row["state"]) for row in after["backup"]} == {
        ("full", "done"),
        ("incremental", "done"),
    }
    database = Database(settings.effective_database_url)
    with database.read() as session:
        assert audit.verify(session) is None
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions[-1] == "backup.restored"
    database.dispose()


def test_an_older_backup_brings_back_the_older_state(vault: Vault, tmp_path: Path) -> None:
    vault.archive(b"one")
    first = vault.backups.run("full")
    vault.archive(b"two")
    vault.backups.run("incremental")
    assert restore_to(vault, tmp_path / "restored", first.name).objects == 1
    assert len(tables(tmp_path / "restored")["stored_object"]) == 1


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_fits_either_database(
    source: str, target: str, tmp_path: Path, empty_url: Callable[[str], str]
) -> None:
    vault = open_vault(tmp_path / "home", empty_url(source), f"file:{tmp_path}/backups")
    try:
        digests = vault.archive(b"one", b"two")
        vault.backups.run("full")
        url = empty_url(target)
        restore_to(vault, tmp_path / "restored", url=url)
        assert {row["digest"] for row in tables(tmp_path / "restored", url)["stored_object"]} == set(digests)
    finally:
        vault.database.dispose()


def test_objects_and_backups_may_both_lie_in_buckets(tmp_path: Path, bucket: str) -> None:
    vault = open_vault(tmp_path / "home", "", bucket)
    try:
        (digest,) = vault.archive(b"one")
        vault.backups.run("full")
        settings = Settings(home=tmp_path / "restored", objects_url=bucket, backup_url=bucket)
        restore(settings, "latest", vault.master_key.recovery_key(), create_tables)
        assert open_objects(bucket).read(digest) == b"one"
    finally:
        vault.database.dispose()


def test_a_mistyped_or_foreign_recovery_key_is_refused_before_anything_is_made(
    vault: Vault, tmp_path: Path
) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    home = tmp_path / "restored"
    good = vault.master_key.recovery_key()
    with pytest.raises(RecoveryKeyInvalid):
        restore_to(vault, home, key=("B" if good[0] == "A" else "A") + good[1:])
    with pytest.raises(BackupKeyDiffers):
        restore_to(vault, home, key=MasterKey.generate().recovery_key())
    assert is_untouched(home)
    assert restore_to(vault, home, key=good.lower().replace("-", " ")).objects == 1


def test_a_home_or_a_database_in_use_is_refused_and_stays_as_it_is(vault: Vault, tmp_path: Path) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    before = tables(vault.settings.home)
    with pytest.raises(HomeNotEmpty):
        restore_to(vault, vault.settings.home)
    other = tmp_path / "other"
    MasterKey.generate().save(other)
    with pytest.raises(HomeNotEmpty):
        restore_to(vault, other)
    with pytest.raises(HomeNotEmpty):
        restore_to(vault, tmp_path / "third", url=vault.database.url)
    assert not (tmp_path / "third" / "master.key").exists()
    with HomeLock(tmp_path / "fourth"), pytest.raises(HomeInUse):
        restore_to(vault, tmp_path / "fourth")
    assert tables(vault.settings.home) == before


def test_a_missing_link_of_the_chain_is_named(vault: Vault, tmp_path: Path) -> None:
    vault.archive(b"one")
    full = vault.backups.run("full")
    vault.archive(b"two")
    vault.backups.run("incremental")
    shutil.rmtree(vault.folder / full.name)
    with pytest.raises(BackupChainBroken) as missing:
        restore_to(vault, tmp_path / "restored")
    assert missing.value.context["name"] == full.name
    assert is_untouched(tmp_path / "restored")


def test_an_empty_store_has_nothing_to_restore(vault: Vault, tmp_path: Path) -> None:
    for name in ("latest", "20260302T080000000000Z-full"):
        with pytest.raises(BackupMissing):
            restore_to(vault, tmp_path / "restored", name)
    assert is_untouched(tmp_path / "restored")


@pytest.mark.parametrize("member", ["objects-00001", "database"])
def test_a_damaged_backup_leaves_no_home_that_would_start(vault: Vault, tmp_path: Path, member: str) -> None:
    vault.archive(b"one", b"two" * 1_000_000)
    made = vault.backups.run("full")
    path = vault.files()[f"{made.name}/{member}"]
    whole = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(whole[:-10] + bytes(10))
    with pytest.raises(BackupDamaged):
        restore_to(vault, tmp_path / "restored")
    assert is_untouched(tmp_path / "restored")
    path.write_bytes(whole)
    assert restore_to(vault, tmp_path / "restored").objects == 2


def test_rows_that_cannot_be_committed_take_the_key_back(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    monkeypatch.setattr(audit, "_write_pending", lambda session: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore_to(vault, tmp_path / "restored")
    assert is_untouched(tmp_path / "restored")
    monkeypatch.undo()
    assert restore_to(vault, tmp_path / "restored").objects == 1


def test_a_restore_that_was_interrupted_is_run_again(vault: Vault, tmp_path: Path) -> None:
    """What a killed one leaves at worst: objects, empty tables, and the key."""
    vault.archive(b"one")
    vault.backups.run("full")
    home = tmp_path / "restored"
    vault.master_key.save(home)
    database = Database(Settings(home=home).effective_database_url)
    create_tables(database)
    database.dispose()
    shutil.copytree(vault.settings.home / "objects", home / "objects")
    assert restore_to(vault, home).objects == 1
    assert len(tables(home)["stored_object"]) == 1


KILLED = """
import sys
from pathlib import Path
import vermilion.models
from core.database import Base
from core.settings import Settings
from retention.restore import restore
settings = Settings(home=Path(sys.argv[1]), backup_url=sys.argv[2])
restore(settings, "latest", sys.argv[3], lambda database: Base.metadata.create_all(database.engine))
"""


@pytest.mark.parametrize("place", ["restore.objects_put", "restore.before_commit"])
def test_a_restore_that_was_killed_leaves_no_rows_and_is_run_again(
    vault: Vault, tmp_path: Path, place: str
) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    home, root = tmp_path / "restored", Path(__file__).parents[2]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(home), vault.settings.backup_url, vault.master_key.recovery_key()],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root), "VERMILION_FAILPOINT": place},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not any(tables(home).values())
    assert restore_to(vault, home).objects == 1
    assert len(tables(home)["stored_object"]) == 1


def test_tables_of_another_version_are_refused(vault: Vault, tmp_path: Path) -> None:
    vault.archive(b"one")
    vault.backups.run("full")

    def create_others(database: Database) -> None:
        create_tables(database)
        with database.engine.begin() as connection:
            connection.exec_driver_sql("create table alembic_version (version_num varchar(32))")
            connection.exec_driver_sql("insert into alembic_version values ('9999')")

    settings = Settings(home=tmp_path / "restored", backup_url=vault.settings.backup_url)
    with pytest.raises(BackupOfOtherVersion):
        restore(settings, "latest", vault.master_key.recovery_key(), create_others)
    assert is_untouched(tmp_path / "restored")


def test_a_restored_installation_goes_on_backing_up(vault: Vault, tmp_path: Path) -> None:
    vault.archive(b"one")
    first = vault.backups.run("full")
    home = tmp_path / "restored"
    restore_to(vault, home)
    database = Database(Settings(home=home).effective_database_url)
    try:
        settings = Settings(home=home, backup_url=vault.settings.backup_url)
        clock = vault.clock
        clock.advance(DAY)
        store = ObjectStore(database, open_objects(settings.effective_objects_url), clock, home / "staging")
        second = BackupService(database, store, vault.master_key, clock, settings).run("incremental")
        assert (second.kind, second.objects, second.chain) == ("incremental", {}, [first.name, second.name])
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(Backup)) == 2
            assert session.scalar(select(func.count()).select_from(OutboxJob)) == 1
            assert session.scalars(select(StoredObject.references)).all() == [1]
    finally:
        database.dispose()

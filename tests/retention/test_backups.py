"""Making, listing and checking backups; what a crash, a changed byte or a lost file does to them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import audit
from core.masterkey import MasterKey
from retention import backups
from retention.backup_store import BackupStore, open_backup_store
from retention.backups import BackupService
from retention.errors import (
    BackupChainBroken,
    BackupDamaged,
    BackupFailed,
    BackupKeyDiffers,
    BackupMissing,
    BackupRunning,
    BackupStoreUnavailable,
)
from retention.models import Backup
from storage.errors import ObjectMissing
from tests import servers
from tests.retention.conftest import DAY, Vault, open_vault


def rows(vault: Vault) -> list[tuple[str, str, str | None]]:
    with vault.database.read() as session:
        found = session.scalars(select(Backup).order_by(Backup.started_at)).all()
        return [(row.kind, row.state, row.error) for row in found]


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place // 8 % len(data)] ^= 1 << place % 8
    path.chmod(0o640)
    path.write_bytes(bytes(data))


def test_the_first_backup_is_full_and_the_next_holds_what_is_new(vault: Vault) -> None:
    first = vault.archive(b"one", b"two")
    full = vault.backups.run("incremental")
    assert (full.kind, set(full.objects), full.chain) == ("full", set(first), [full.name])
    second = vault.archive(b"three")
    daily = vault.backups.run("incremental")
    assert (daily.kind, set(daily.objects)) == ("incremental", set(second))
    assert daily.chain == [full.name, daily.name]
    again = vault.backups.run("incremental")
    assert (again.objects, again.chain) == ({}, [full.name, daily.name, again.name])
    weekly = vault.backups.run("full")
    assert (set(weekly.objects), weekly.chain) == ({*first, *second}, [weekly.name])
    names = [one.name for one in vault.backups.list()]
    assert names == [full.name, daily.name, again.name, weekly.name] == sorted(names)
    assert [kind for kind, _, _ in rows(vault)] == ["full", "incremental", "incremental", "full"]
    assert {(state, error) for _, state, error in rows(vault)} == {("done", None)}


def test_a_backup_is_read_to_its_end(vault: Vault) -> None:
    vault.archive(b"one", b"two")
    vault.backups.run("full")
    vault.archive(b"three")
    steps: list[tuple[int, int]] = []
    vault.backups.run("incremental", lambda done, total, _: steps.append((done, total)))
    assert steps[-1] == (1, 1)
    report = vault.backups.verify("latest", lambda done, total, _: steps.append((done, total)))
    assert (report.objects, steps[-1]) == (3, (3, 3))
    with vault.database.read() as session:
        verified = session.scalars(select(Backup.verified_at).order_by(Backup.name)).all()
        assert verified == [None, vault.clock.now()]
        assert audit.verify(session) is None
    assert vault.backups.list()[-1].to_json()["verified_at"] == vault.clock.now().isoformat()


def test_nothing_readable_and_no_key_is_in_a_backup(vault: Vault) -> None:
    digests = vault.archive(b"a very secret sentence " * 100)
    vault.backups.run("full")
    everything = b"".join(path.read_bytes() for path in vault.files().values())
    for secret in (b"secret sentence", digests[0].encode(), bytes.fromhex(digests[0]), b"stored_object"):
        assert secret not in everything
    for key in (vault.master_key.derive("backup"), vault.master_key.derive("wrap")):
        assert key not in everything
    assert vault.master_key.recovery_key().encode() not in everything


@pytest.mark.parametrize("member", ["manifest", "database", "objects-00001"])
def test_a_changed_byte_is_found_in_every_member(vault: Vault, member: str) -> None:
    vault.archive(b"one")
    made = vault.backups.run("full")
    flip(vault.files()[f"{made.name}/{member}"], 8 * 60)
    with pytest.raises(BackupDamaged) as found:
        vault.backups.verify("latest")
    assert found.value.context == {"name": made.name, "member": member}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_bit_anywhere_is_found(vault: Vault, data: st.DataObject) -> None:
    if not vault.folder.exists() or not vault.files():
        vault.archive(b"one", b"", os.urandom(5000))
        vault.backups.run("full")
        vault.archive(b"two")
        vault.backups.run("incremental")
    path = data.draw(st.sampled_from(sorted(vault.files().values())))
    whole = path.read_bytes()
    flip(path, data.draw(st.integers(0, len(whole) * 8 - 1)))
    try:
        with pytest.raises((BackupDamaged, BackupKeyDiffers)):
            for one in vault.backups.list():  # the rows of an earlier backup are needed for that one only
                vault.backups.verify(one.name)
    finally:
        path.write_bytes(whole)
    assert vault.backups.verify().objects == 4


def test_a_member_that_is_gone_or_cut_is_found(vault: Vault) -> None:
    vault.archive(b"one" * 1000)
    made = vault.backups.run("full")
    path = vault.files()[f"{made.name}/objects-00001"]
    whole = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(whole[:-1])
    with pytest.raises(BackupDamaged):
        vault.backups.verify()
    path.unlink()
    with pytest.raises(BackupDamaged):
        vault.backups.verify()


def test_members_of_two_backups_cannot_be_exchanged(vault: Vault) -> None:
    vault.archive(b"one")
    first = vault.backups.run("full")
    vault.clock.advance(DAY)
    second = vault.backups.run("full")
    files = vault.files()
    shutil.copy(files[f"{first.name}/database"], vault.folder / "copy")
    files[f"{second.name}/database"].unlink()
    (vault.folder / "copy").rename(files[f"{second.name}/database"])
    with pytest.raises(BackupDamaged):
        vault.backups.verify(second.name)


def test_a_missing_link_of_the_chain_is_named_and_the_next_backup_is_full(vault: Vault) -> None:
    vault.archive(b"one")
    full = vault.backups.run("full")
    vault.archive(b"two")
    daily = vault.backups.run("incremental")
    shutil.rmtree(vault.folder / full.name)
    with pytest.raises(BackupChainBroken) as missing:
        vault.backups.verify(daily.name)
    assert missing.value.context == {"name": full.name, "needed_by": daily.name}
    vault.clock.advance(DAY)
    assert vault.backups.run("incremental").kind == "full"
    assert vault.backups.verify().objects == 2


def test_a_newest_backup_that_is_damaged_is_never_passed_over_in_silence(vault: Vault) -> None:
    vault.archive(b"one")
    good = vault.backups.run("full")
    vault.clock.advance(DAY)
    bad = vault.backups.run("incremental")
    flip(vault.files()[f"{bad.name}/manifest"], 8 * 70)
    with pytest.raises(BackupDamaged):
        vault.backups.verify("latest")
    assert [(one.name, one.to_json()["state"]) for one in vault.backups.list()] == [
        (good.name, "done"),
        (bad.name, "damaged"),
    ]
    vault.clock.advance(DAY)
    assert vault.backups.run("incremental").kind == "full"


def test_an_object_that_a_row_needs_must_be_in_the_backup(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.archive(b"one", b"two")
    monkeypatch.setattr(BackupService, "_packs", lambda self, digests: iter([digests[:1]]))
    vault.backups.run("full")
    with pytest.raises(BackupDamaged):
        vault.backups.verify()


def test_what_only_waits_for_the_collector_is_left_out(vault: Vault) -> None:
    used = vault.archive(b"used")
    vault.store.keep(b"nobody adopted this")
    assert set(vault.backups.run("full").objects) == set(used)
    assert vault.backups.verify().objects == 1


def test_large_archives_are_cut_into_packs(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "PACK_BYTES", 1000)
    contents = [os.urandom(size) for size in (400, 400, 400, 5000, 1, 0)]
    vault.archive(*contents)
    made = vault.backups.run("full")
    assert len(made.members) >= 3
    assert vault.backups.verify().objects == len(contents)


def test_two_backups_within_one_instant_or_with_a_clock_put_back_are_in_order(vault: Vault) -> None:
    vault.archive(b"one")
    first, second = vault.backups.run("full"), vault.backups.run("incremental")
    vault.clock.advance(timedelta(days=-3))
    third = vault.backups.run("incremental")
    assert first.name < second.name < third.name
    assert third.chain == [first.name, second.name, third.name]


def test_a_failed_backup_leaves_a_reason_and_nothing_else(vault: Vault) -> None:
    (digest,) = vault.archive(b"lost")
    vault.store.objects.delete(digest)
    with pytest.raises(ObjectMissing):
        vault.backups.run("full")
    ((kind, state, error),) = rows(vault)
    assert (kind, state) == ("full", "failed")
    assert error is not None and digest in error
    assert vault.files() == {}
    assert list((vault.settings.home / "staging").iterdir()) == []
    with pytest.raises(BackupMissing):
        vault.backups.verify()


def test_who_asked_for_a_backup_is_told_whether_it_was_made(vault: Vault) -> None:
    (digest,) = vault.archive(b"lost and found")
    asked = vault.clock.now()
    with pytest.raises(BackupFailed):
        vault.backups.made_since(asked)
    vault.store.objects.delete(digest)
    with pytest.raises(ObjectMissing):
        vault.backups.run("full")
    with pytest.raises(BackupFailed, match=digest):
        vault.backups.made_since(asked)
    vault.store.keep(b"lost and found")
    vault.clock.advance(DAY)
    made = vault.backups.run("full")
    assert vault.backups.made_since(asked) == made.name


def test_a_store_that_is_full_leaves_no_half_backup(vault: Vault, tmp_path: Path) -> None:
    folder = vault.folder
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=200k", "vermilion-test", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    try:
        vault.archive(os.urandom(400_000))
        with pytest.raises(BackupStoreUnavailable):
            vault.backups.run("full")
        assert vault.files() == {}
        subprocess.run(["mount", "-o", "remount,size=4m", str(folder)], check=True)
        vault.backups.run("full")
        assert vault.backups.verify().objects == 1
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_second_backup_at_the_same_moment_is_refused(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    vault.archive(b"one")
    read, go_on = threading.Event(), threading.Event()
    original = vault.store.read

    def slow(digest: str) -> bytes:
        read.set()
        assert go_on.wait(20)
        return original(digest)

    monkeypatch.setattr(vault.store, "read", slow)
    first = threading.Thread(target=vault.backups.run, args=("full",))
    first.start()
    try:
        assert read.wait(20)
        with pytest.raises(BackupRunning):
            vault.backups.run("full")
    finally:
        go_on.set()
        first.join()
    assert [state for _, state, _ in rows(vault)] == ["done"]


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from core.clock import FixedClock
from core.database import Database
from core.masterkey import MasterKey
from core.settings import Settings
from retention.backups import BackupService
from storage.opening import open_objects
from storage.service import ObjectStore
import tests.builders
settings = Settings(home=Path(sys.argv[1]), backup_url=sys.argv[2])
database = Database(settings.effective_database_url)
clock = FixedClock(datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
store = ObjectStore(database, open_objects(settings.effective_objects_url), clock, settings.home / "staging")
BackupService(database, store, MasterKey.load(settings.home), clock, settings).run("incremental")
"""


@pytest.mark.parametrize(
    "place", ["backup.rows_put", "backup.objects_put", "backup.before_manifest", "backup.after_manifest"]
)
def test_a_backup_that_was_killed_is_whole_or_not_there(vault: Vault, place: str) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    vault.archive(b"two")
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "VERMILION_FAILPOINT": place}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(vault.settings.home), vault.settings.backup_url],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    is_whole = place == "backup.after_manifest"
    assert vault.backups.verify().objects == (2 if is_whole else 1)
    assert len(vault.backups.list()) == (2 if is_whole else 1)

    vault.clock.advance(DAY * 30)
    after = vault.backups.run("incremental")
    assert vault.backups.verify(after.name).objects == 2
    assert [(state, error) for _, state, error in rows(vault)] == [
        ("done", None),
        ("done", None) if is_whole else ("failed", "interrupted"),
        ("done", None),
    ]
    complete = {one.name for one in vault.backups.list()}
    assert {name.partition("/")[0] for name in vault.files()} == complete


def test_backups_of_another_installation_in_the_same_store_are_left_alone(
    vault: Vault, tmp_path: Path
) -> None:
    other = open_vault(tmp_path / "other", "", vault.settings.backup_url)
    try:
        other.clock.advance(DAY)
        other.archive(b"theirs")
        theirs = other.backups.run("full")
        vault.archive(b"ours")
        ours = vault.backups.run("incremental")
        assert ours.kind == "full"
        assert {one.name: one.to_json()["state"] for one in vault.backups.list()} == {
            theirs.name: "other-key",
            ours.name: "done",
        }
        assert vault.backups.verify().name == ours.name
        with pytest.raises(BackupKeyDiffers):
            vault.backups.verify(theirs.name)
        assert other.backups.verify().objects == 1
    finally:
        other.database.dispose()


@pytest.mark.parametrize("name", ["20200101T000000000000Z-full", "", "../secret", "a/../b", "latest/", "."])
def test_a_backup_that_is_not_there_is_missing(vault: Vault, name: str) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    with pytest.raises(BackupMissing):
        vault.backups.verify(name)


def test_backups_lie_in_a_bucket_as_well(tmp_path: Path, bucket: str) -> None:
    vault = open_vault(tmp_path / "home", "", bucket)
    try:
        vault.archive(b"one")
        vault.backups.run("full")
        vault.archive(b"two" * 1_000_000)
        vault.backups.run("incremental")
        assert vault.backups.verify().objects == 2
        assert [one.to_json()["kind"] for one in vault.backups.list()] == ["full", "incremental"]
    finally:
        vault.database.dispose()


def test_a_bucket_that_is_down_is_a_clear_failure(tmp_path: Path) -> None:
    with servers.s3_server() as url:
        vault = open_vault(tmp_path / "home", "", url)
        target = open_backup_store(url)
    try:
        vault.archive(b"one")
        with pytest.raises(BackupStoreUnavailable):
            target.sizes()
        vault.backups._target = lambda: target  # type: ignore[method-assign]
        with pytest.raises(BackupStoreUnavailable):
            vault.backups.run("full")
    finally:
        vault.database.dispose()


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_every_backup_store_behaves_alike(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"file:{tmp_path}/store" if kind == "folder" else str(request.getfixturevalue("bucket"))
    target: BackupStore = open_backup_store(url)
    before = target.sizes()
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    target.put("conformance/one", source)
    source.write_bytes(b"")
    target.put("conformance/empty", source)
    assert {k: v for k, v in target.sizes().items() if k not in before} == {
        "conformance/empty": 0,
        "conformance/one": 3_000_000,
    }
    assert list(target.sizes()) == sorted(target.sizes())
    assert b"".join(target.chunks("conformance/one")) == b"x" * 3_000_000
    assert b"".join(target.chunks("conformance/empty")) == b""
    for name in ("conformance/none", "none/at-all"):
        with pytest.raises(BackupMissing):
            list(target.chunks(name))
        target.delete(name)
    target.delete("conformance/one")
    target.delete("conformance/empty")
    assert target.sizes() == before


def test_the_key_is_the_master_keys_own(vault: Vault) -> None:
    vault.archive(b"one")
    vault.backups.run("full")
    stranger = BackupService(vault.database, vault.store, MasterKey.generate(), vault.clock, vault.settings)
    with pytest.raises(BackupKeyDiffers):
        stranger.verify()

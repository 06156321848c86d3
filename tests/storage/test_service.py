"""The object store over its rows: keeping, adopting, collecting, alone and at the same moment."""

from __future__ import annotations

import hashlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.clock import FixedClock, SystemClock
from core.database import Database
from storage.errors import ObjectDamaged, ObjectMissing, ObjectTooLarge
from storage.folder import FolderObjects
from storage.models import StoredObject
from storage.objects import Objects
from storage.service import ObjectStore
from tests.builders import make_database

DAY = timedelta(days=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = make_database(database_url)
    yield made
    made.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))


@pytest.fixture
def store(database: Database, clock: FixedClock, tmp_path: Path) -> ObjectStore:
    return ObjectStore(database, FolderObjects(tmp_path / "objects"), clock, tmp_path / "staging")


def adopt(store: ObjectStore, database: Database, digest: str) -> None:
    with database.write() as session:
        store.adopt(session, digest)


def release(store: ObjectStore, database: Database, digest: str) -> None:
    with database.write() as session:
        store.release(session, digest)


def rows(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {row.digest: row.references for row in session.scalars(select(StoredObject))}


def staged(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "staging").iterdir())


@pytest.mark.parametrize(
    "given_as",
    [lambda data, _: data, lambda data, _: io.BytesIO(data), lambda data, _: iter([data[:3], data[3:]])],
)
def test_bytes_are_kept_under_their_digest_however_they_come(
    store: ObjectStore, tmp_path: Path, given_as: Callable[[bytes, Path], bytes | BinaryIO]
) -> None:
    data = b"whatever was uploaded"
    kept = store.keep(given_as(data, tmp_path))
    assert (kept.digest, kept.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert store.read(kept.digest) == data
    assert store.size(kept.digest) == len(data)
    assert b"".join(store.chunks(kept.digest, 3, 5)) == data[3:8]
    assert staged(tmp_path) == []


def test_a_file_is_kept_and_stays(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "合同.pdf"
    file.write_bytes(b"%PDF")
    kept = store.keep(file)
    assert file.exists()
    store.fetch(kept.digest, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"%PDF"


def test_what_goes_on_beyond_the_limit_is_refused_and_leaves_nothing(
    store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    assert store.keep(b"12345", limit=5).size == 5
    read: list[int] = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b"1234"

    with pytest.raises(ObjectTooLarge) as refused:
        store.keep(endless(), limit=10)
    assert refused.value.context["limit"] == 10
    assert len(read) == 3
    assert staged(tmp_path) == []
    assert len(rows(database)) == 1


def test_an_upload_that_breaks_off_leaves_nothing(
    store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"first part"
        raise ConnectionResetError("the browser went away")

    with pytest.raises(Exception, match=r"storage-unavailable|went away"):
        store.keep(breaking())
    assert staged(tmp_path) == []
    assert rows(database) == {}


def test_an_object_that_was_altered_is_never_handed_out_whole(store: ObjectStore, tmp_path: Path) -> None:
    kept = store.keep(b"the truth")
    file = tmp_path / "objects" / kept.digest[:2] / kept.digest[2:4] / kept.digest
    file.chmod(0o640)
    file.write_bytes(b"a lie....")
    with pytest.raises(ObjectDamaged):
        store.read(kept.digest)
    with pytest.raises(ObjectDamaged):
        store.fetch(kept.digest, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_only_what_nothing_refers_to_is_collected_and_only_after_a_day(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    used, unused = store.keep(b"used"), store.keep(b"unused")
    adopt(store, database, used.digest)
    clock.advance(DAY - timedelta(seconds=1))
    assert store.collect_garbage() == 0
    clock.advance(timedelta(seconds=2))
    assert store.collect_garbage() == 1
    assert rows(database) == {used.digest: 1}
    assert store.read(used.digest) == b"used"
    with pytest.raises(ObjectMissing):
        store.read(unused.digest)
    with pytest.raises(ObjectMissing):
        adopt(store, database, unused.digest)


def test_keeping_again_starts_the_day_again(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    kept = store.keep(b"uploaded twice")
    clock.advance(DAY * 2)
    store.keep(b"uploaded twice")
    assert store.collect_garbage() == 0
    adopt(store, database, kept.digest)
    assert store.read(kept.digest) == b"uploaded twice"


def test_the_last_release_leaves_an_object_for_another_day(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    kept = store.keep(b"two refer to it")
    adopt(store, database, kept.digest)
    adopt(store, database, kept.digest)
    release(store, database, kept.digest)
    clock.advance(DAY * 2)
    assert store.collect_garbage() == 0
    release(store, database, kept.digest)
    assert store.collect_garbage() == 0
    clock.advance(DAY * 2)
    assert store.collect_garbage() == 1


def test_a_collector_that_died_is_continued(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    kept = store.keep(b"claimed and left")
    with database.write() as session:
        session.get_one(StoredObject, kept.digest).collecting = True
    clock.advance(DAY * 2)
    assert store.collect_garbage() == 1
    assert rows(database) == {}


def test_bytes_whose_dead_collector_left_a_claim_can_be_kept_again(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    kept = store.keep(b"wanted again")
    with database.write() as session:
        session.get_one(StoredObject, kept.digest).collecting = True
    store.objects.delete(kept.digest)
    clock.advance(DAY)
    assert store.keep(b"wanted again") == kept
    adopt(store, database, kept.digest)
    assert store.read(kept.digest) == b"wanted again"


def test_a_business_transaction_that_fails_adopts_nothing(store: ObjectStore, database: Database) -> None:
    kept = store.keep(b"not quite")
    with pytest.raises(ZeroDivisionError), database.write() as session:
        store.adopt(session, kept.digest)
        raise ZeroDivisionError
    assert rows(database) == {kept.digest: 0}


def test_staging_files_that_a_crash_left_are_swept(
    store: ObjectStore, clock: FixedClock, tmp_path: Path
) -> None:
    left = tmp_path / "staging" / "left-behind"
    left.write_bytes(b"half")
    young = tmp_path / "staging" / "at-work"
    young.write_bytes(b"half")
    now = clock.now().timestamp()
    os.utime(left, (now - 100_000, now - 100_000))
    os.utime(young, (now - 100, now - 100))
    store.collect_garbage()
    assert staged(tmp_path) == [young]


class SlowObjects:
    """Objects that take their time to vanish, so that others come in between."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.is_deleting = threading.Event()
        self.may_delete = threading.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def delete(self, digest: str) -> None:
        self.is_deleting.set()
        assert self.may_delete.wait(20)
        self._objects.delete(digest)


def test_bytes_kept_while_they_are_being_collected_are_there_afterwards(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    kept = store.keep(b"collected and kept at the same moment")
    clock.advance(DAY * 2)
    store.objects = slow = SlowObjects(store.objects)  # type: ignore[assignment]
    with ThreadPoolExecutor(2) as threads:
        collecting = threads.submit(store.collect_garbage)
        assert slow.is_deleting.wait(20)
        with pytest.raises(ObjectMissing):
            adopt(store, database, kept.digest)
        keeping = threads.submit(store.keep, b"collected and kept at the same moment")
        slow.may_delete.set()
        assert collecting.result(30) == 1
        assert keeping.result(30) == kept
    adopt(store, database, kept.digest)
    assert store.read(kept.digest) == b"collected and kept at the same moment"


def test_keepers_and_collectors_at_once_lose_nothing(
    store: ObjectStore, database: Database, clock: FixedClock
) -> None:
    """In each round five keep and adopt bytes that nobody wanted for two days, while two collect them."""
    contents = [f"shared {n}".encode() for n in range(2)]
    with ThreadPoolExecutor(7) as threads:
        for turn in range(12):
            for data in contents:
                store.keep(data)
            clock.advance(DAY * 2)
            together = threading.Barrier(7)

            def collect(together: threading.Barrier = together) -> None:
                together.wait(20)
                store.collect_garbage()

            def keep(number: int, together: threading.Barrier = together) -> str:
                together.wait(20)
                kept = store.keep(contents[number % len(contents)])
                adopt(store, database, kept.digest)
                assert store.read(kept.digest) == contents[number % len(contents)]
                return kept.digest

            collecting = [threads.submit(collect) for _ in range(2)]
            keeping = [threads.submit(keep, turn + n) for n in range(5)]
            digests = [one.result(60) for one in keeping]
            for one in collecting:
                one.result(60)
            assert rows(database) == {digest: digests.count(digest) for digest in digests}
            for digest in digests:
                assert hashlib.sha256(store.read(digest)).hexdigest() == digest
                release(store, database, digest)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.binary(max_size=40), max_size=8))
def test_how_the_bytes_are_cut_makes_no_difference(
    pieces: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("cut")
    database = make_database(f"sqlite:///{folder}/test.db")
    try:
        store = ObjectStore(database, FolderObjects(folder / "objects"), SystemClock(), folder / "staging")
        data = b"".join(pieces)
        kept = store.keep(iter(pieces))
        assert kept == store.keep(data) == store.keep(io.BytesIO(data))
        assert store.read(kept.digest) == data
        assert rows(database) == {kept.digest: 0}
    finally:
        database.dispose()

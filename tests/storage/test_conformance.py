"""What every object back-end must do, asked of each of them."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.errors import ObjectMissing, ObjectRetained
from storage.folder import FolderObjects
from storage.objects import CHUNK, Objects
from storage.s3 import S3Objects

ABSENT = hashlib.sha256(b"nobody ever stored this").hexdigest()


def put(objects: Objects, folder: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    source = folder / f"source-{digest[:8]}"
    source.write_bytes(data)
    stat = objects.put(digest, source)
    assert (stat.digest, stat.size) == (digest, len(data))
    assert source.read_bytes() == data
    return digest


def ranged(objects: Objects, digest: str, start: int, length: int | None) -> bytes:
    return b"".join(objects.chunks(digest, start, length))


def test_what_was_put_is_read_again(objects: Objects, tmp_path: Path) -> None:
    data = os.urandom(100_000)
    digest = put(objects, tmp_path, data)
    assert objects.read(digest) == data
    assert ranged(objects, digest, 0, None) == data
    stat = objects.stat(digest)
    assert stat is not None
    assert (stat.digest, stat.size) == (digest, len(data))


def test_an_empty_object_is_an_object(objects: Objects, tmp_path: Path) -> None:
    digest = put(objects, tmp_path, b"")
    assert objects.read(digest) == b""
    assert ranged(objects, digest, 0, 10) == b""
    stat = objects.stat(digest)
    assert stat is not None and stat.size == 0


def test_a_large_object_comes_back_in_pieces(objects: Objects, tmp_path: Path) -> None:
    data = os.urandom(CHUNK) * 20 + b"end"
    digest = put(objects, tmp_path, data)
    pieces = list(objects.chunks(digest))
    assert max(map(len, pieces)) <= CHUNK
    assert b"".join(pieces) == data


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 5), (3, 4), (9, 1), (9, 100), (0, None), (4, None), (10, None), (10, 5), (99, 5), (0, 0), (5, 0)],
)
def test_a_range_is_what_a_slice_is(objects: Objects, tmp_path: Path, start: int, length: int | None) -> None:
    data = b"0123456789"
    digest = put(objects, tmp_path, data)
    end = None if length is None else start + length
    assert ranged(objects, digest, start, length) == data[start:end]


def test_a_range_across_the_parts_of_an_upload(objects: Objects, tmp_path: Path) -> None:
    data = os.urandom(CHUNK) * 17
    digest = put(objects, tmp_path, data)
    edge = 16 * CHUNK
    assert ranged(objects, digest, edge - 10, 20) == data[edge - 10 : edge + 10]


def test_reading_may_be_given_up(objects: Objects, tmp_path: Path) -> None:
    digest = put(objects, tmp_path, os.urandom(3 * CHUNK))
    pieces = objects.chunks(digest)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert objects.stat(digest) is not None


def test_putting_again_changes_nothing(objects: Objects, tmp_path: Path) -> None:
    digest = put(objects, tmp_path, b"once")
    first = objects.stat(digest)
    assert put(objects, tmp_path, b"once") == digest
    assert objects.stat(digest) == first
    assert [stat.digest for stat in objects.list()] == [digest]


def test_what_is_not_there_is_missing(objects: Objects) -> None:
    assert objects.stat(ABSENT) is None
    with pytest.raises(ObjectMissing):
        objects.read(ABSENT)
    for length in (None, 0, 5):
        with pytest.raises(ObjectMissing):
            objects.chunks(ABSENT, 0, length)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "../" * 21 + "x", "é" * 64]
)
def test_a_name_that_is_no_digest_is_never_looked_for(objects: Objects, tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    assert objects.stat(name) is None
    objects.delete(name)
    with pytest.raises(ObjectMissing):
        objects.read(name)
    with pytest.raises(ObjectMissing):
        objects.chunks(name)
    with pytest.raises(ObjectMissing):
        objects.put(name, source)
    assert list(objects.list()) == []


def test_a_deleted_object_is_gone_and_can_be_put_again(objects: Objects, tmp_path: Path) -> None:
    digest = put(objects, tmp_path, b"back and forth")
    objects.delete(digest)
    assert objects.stat(digest) is None
    assert list(objects.list()) == []
    with pytest.raises(ObjectMissing):
        objects.read(digest)
    objects.delete(digest)
    assert put(objects, tmp_path, b"back and forth") == digest
    assert objects.read(digest) == b"back and forth"


def test_the_list_is_in_order_of_digests(objects: Objects, tmp_path: Path) -> None:
    digests = {put(objects, tmp_path, f"object {n}".encode()) for n in range(25)}
    listed = [(stat.digest, stat.size) for stat in objects.list()]
    assert [digest for digest, _ in listed] == sorted(digests)
    assert {size for _, size in listed} == {8, 9}


def test_many_may_put_the_same_bytes_at_once(objects: Objects, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    digest = hashlib.sha256(data).hexdigest()
    source = tmp_path / "source"
    source.write_bytes(data)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: objects.put(digest, source), range(16)))
    assert objects.read(digest) == data
    assert [stat.digest for stat in objects.list()] == [digest]
    objects.delete(digest)
    assert objects.stat(digest) is None
    assert list(objects.list()) == []


def test_without_a_lock_nothing_claims_to_retain(objects: Objects, tmp_path: Path) -> None:
    digest = put(objects, tmp_path, b"kept by the schedule alone")
    until = datetime.now(UTC) + timedelta(days=1)
    can_retain, can_hold = objects.retain(digest, until), objects.set_legal_hold(digest, True)
    assert can_retain == can_hold
    if not can_retain:
        objects.delete(digest)
        assert objects.stat(digest) is None


def test_retention_forbids_deletion(locked_objects: S3Objects, tmp_path: Path) -> None:
    digest = put(locked_objects, tmp_path, b"kept by law")
    assert locked_objects.retain(digest, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(ObjectRetained):
        locked_objects.delete(digest)
    assert locked_objects.read(digest) == b"kept by law"


def test_a_legal_hold_forbids_deletion_until_it_is_taken_off(
    locked_objects: S3Objects, tmp_path: Path
) -> None:
    digest = put(locked_objects, tmp_path, b"on hold")
    assert locked_objects.set_legal_hold(digest, True)
    with pytest.raises(ObjectRetained):
        locked_objects.delete(digest)
    assert locked_objects.set_legal_hold(digest, False)
    locked_objects.delete(digest)
    assert locked_objects.stat(digest) is None


def test_where_there_are_versions_their_ids_are_told(locked_objects: S3Objects, tmp_path: Path) -> None:
    data = b"with a version"
    source = tmp_path / "source"
    source.write_bytes(data)
    written = locked_objects.put(hashlib.sha256(data).hexdigest(), source)
    assert written.version_id
    again = locked_objects.stat(written.digest)
    assert again is not None and again.version_id == written.version_id


def test_files_of_the_folder_are_read_only_and_two_levels_deep(tmp_path: Path) -> None:
    objects = FolderObjects(tmp_path / "objects")
    digest = put(objects, tmp_path, b"fan out")
    file = tmp_path / "objects" / digest[:2] / digest[2:4] / digest
    assert file.stat().st_mode & 0o777 == 0o440
    assert list((tmp_path / "objects" / "incoming").iterdir()) == []

"""A full disk and a store that is down: a clean error, nothing left behind, and a retry that works."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from core.database import Database
from core.errors import SettingUnusable
from core.i18n import LANGUAGES, translator
from storage import errors
from storage.errors import StorageFull, StorageUnavailable
from storage.folder import FolderObjects
from storage.models import StoredObject
from storage.opening import open_objects
from storage.service import ObjectStore
from tests import servers
from tests.builders import make_database

SETTING = "VERMILION_OBJECTS_URL"
SMALL, LARGE = b"small", b"L" * 300_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = make_database(f"sqlite:///{tmp_path}/test.db")
    yield made
    made.dispose()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=256k", "vermilion-test", str(folder)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def references(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(StoredObject.references)))


def test_a_full_disk_below_the_objects(database: Database, tiny_disk: Path, tmp_path: Path) -> None:
    store = ObjectStore(database, FolderObjects(tiny_disk), SystemClock(), tmp_path / "staging")
    kept = store.keep(SMALL)
    with pytest.raises(StorageFull):
        store.keep(LARGE)
    assert [path.name for path in files(tiny_disk)] == [kept.digest]
    assert files(tmp_path / "staging") == []
    assert store.read(kept.digest) == SMALL

    subprocess.run(["mount", "-o", "remount,size=2m", str(tiny_disk)], check=True)
    again = store.keep(LARGE)
    with database.write() as session:
        store.adopt(session, again.digest)
    assert store.read(again.digest) == LARGE


def test_a_full_disk_below_the_uploads(database: Database, tiny_disk: Path, tmp_path: Path) -> None:
    store = ObjectStore(database, FolderObjects(tmp_path / "objects"), SystemClock(), tiny_disk)
    with pytest.raises(StorageFull):
        store.keep(LARGE)
    assert files(tiny_disk) == []
    assert files(tmp_path / "objects") == []
    assert references(database) == []
    assert store.keep(SMALL).size == len(SMALL)


def test_a_limit_on_file_size_is_a_full_disk_too(tmp_path: Path) -> None:
    """In a process of its own, because such a limit is the whole process's."""
    program = """
import hashlib, resource, sys
from pathlib import Path
from storage.errors import StorageFull
from storage.folder import FolderObjects
folder = Path(sys.argv[1])
source = folder / "source"
source.write_bytes(b"L" * 300_000)
objects = FolderObjects(folder / "objects")
digest = hashlib.sha256(source.read_bytes()).hexdigest()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    objects.put(digest, source)
except StorageFull:
    left = [path for path in (folder / "objects").rglob("*") if path.is_file()]
    assert left == [] and objects.stat(digest) is None
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    objects.put(digest, source)
    assert objects.read(digest) == source.read_bytes()
    print("refused, then kept")
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "refused, then kept", done.stderr


def test_a_server_that_is_down_and_comes_back(database: Database, tmp_path: Path) -> None:
    with servers.s3_server() as url:
        store = ObjectStore(database, open_objects(url), SystemClock(), tmp_path / "staging")
        kept = store.keep(SMALL)
        assert store.read(kept.digest) == SMALL
    started = time.monotonic()
    with pytest.raises(StorageUnavailable) as refused:
        store.keep(LARGE)
    assert refused.value.context["reason"]
    with pytest.raises(StorageUnavailable):
        store.read(kept.digest)
    with pytest.raises(StorageUnavailable):
        list(store.objects.list())
    assert time.monotonic() - started < 20
    assert files(tmp_path / "staging") == []

    with servers.s3_server() as url:
        store.objects = open_objects(url)
        again = store.keep(LARGE)
        with database.write() as session:
            store.adopt(session, again.digest)
        assert store.read(again.digest) == LARGE


def test_a_read_only_folder_is_unavailable_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = FolderObjects(tmp_path / "objects")
    source = tmp_path / "source"
    source.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageUnavailable, match="Read-only"):
        objects.put("0" * 64, source)
    assert files(tmp_path / "objects") == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/folder", "not file or s3"),
        ("s3://127.0.0.1/bucket", "what it looks like"),
        ("s3://key:secret@127.0.0.1", "what it looks like"),
        ("s3://key:secret@127.0.0.1:1/bucket?secure=0", "refused"),
        ("file:/dev/null/objects", "Not a directory"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(SettingUnusable, match=reason) as refused:
        open_objects(url)
    assert refused.value.context["setting"] == SETTING


def test_wrong_credentials_are_refused_when_the_store_is_opened() -> None:
    with servers.s3_server() as url, pytest.raises(SettingUnusable):
        open_objects(url.replace(servers.SECRET, "not-the-secret"))


def test_every_error_has_a_text_in_every_language() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    ]
    assert kinds
    for language in LANGUAGES:
        for kind in kinds:
            text = translator(language).error(kind(digest="ab", limit=5, reason="because"))
            assert not text.startswith("error-") and "{" not in text

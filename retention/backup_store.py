"""Where backups are kept: a folder or a bucket. Members are files ``<backup>/<member>``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from core.errors import SettingUnusable
from retention.errors import BackupMissing, BackupStoreUnavailable
from storage.objects import CHUNK
from storage.opening import folder_of
from storage.s3 import require_bucket, s3_client

SETTING = "VERMILION_BACKUP_URL"


class BackupStore(Protocol):
    """A place for backup members; a member appears whole or not at all."""

    def put(self, name: str, source: Path) -> None:
        """Store a file. Raises BackupStoreUnavailable."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member. Raises BackupMissing, BackupStoreUnavailable."""
        ...

    def names(self) -> list[str]:
        """All members, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Remove a member; one that is not there is no error."""
        ...


class FolderStore:
    """Backups in a folder, each member synchronised and renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingUnusable(setting=SETTING, reason=error.strerror or str(error)) from error

    def put(self, name: str, source: Path) -> None:
        target = self._folder / name
        temporary = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as reading, temporary.open("wb") as writing:
                shutil.copyfileobj(reading, writing, CHUNK)
                writing.flush()
                os.fsync(writing.fileno())
            temporary.rename(target)
            descriptor = os.open(target.parent, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise BackupStoreUnavailable(reason=error.strerror or str(error)) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            with (self._folder / name).open("rb") as file:
                while piece := file.read(CHUNK):
                    yield piece
        except FileNotFoundError as error:
            raise BackupMissing(name=name) from error
        except OSError as error:
            raise BackupStoreUnavailable(reason=error.strerror or str(error)) from error

    def names(self) -> list[str]:
        return sorted(
            path.relative_to(self._folder).as_posix()
            for path in self._folder.glob("*/*")
            if not path.name.startswith(".")
        )

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


class S3Store:
    """Backups in a bucket, below ``backups/``."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "backups/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, name: str, source: Path) -> None:
        try:
            self._client.fput_object(self._bucket, self._prefix + name, str(source), part_size=16 * CHUNK)
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise BackupStoreUnavailable(reason=str(error)[:160]) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            answer = self._client.get_object(self._bucket, self._prefix + name)
        except S3Error as error:
            if error.code == "NoSuchKey":
                raise BackupMissing(name=name) from error
            raise BackupStoreUnavailable(reason=error.code) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise BackupStoreUnavailable(reason=str(error)[:160]) from error
        try:
            yield from answer.stream(CHUNK)
        finally:
            answer.close()
            answer.release_conn()

    def names(self) -> list[str]:
        try:
            found = self._client.list_objects(self._bucket, prefix=self._prefix, recursive=True)
            return sorted((one.object_name or "").removeprefix(self._prefix) for one in found)
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise BackupStoreUnavailable(reason=str(error)[:160]) from error

    def delete(self, name: str) -> None:
        self._client.remove_object(self._bucket, self._prefix + name)


def open_backup_store(url: str) -> BackupStore:
    """The store of ``file:FOLDER`` or ``s3://…``. Raises SettingUnusable."""
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FolderStore(folder_of(url))
    if scheme in ("s3", "s3+http"):
        client, bucket = s3_client(url, SETTING)
        require_bucket(client, bucket, SETTING)
        return S3Store(client, bucket)
    raise SettingUnusable(setting=SETTING, reason=f"'{scheme}' is not file or s3")

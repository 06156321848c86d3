"""Shelves: files under names of the caller's choice, in a folder or in S3. Backups lie on one.

Unlike an object, a file on a shelf is not named by its digest; it appears whole or not at all, and
is never overwritten.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from minio import Minio

from core.errors import SettingUnusable
from core.ids import new_id
from storage.errors import FileExists, FileMissing, ObjectMissing, StorageUnavailable
from storage.folder import copy_durably, explained_os_error, pieces_of, synchronise
from storage.objects import CHUNK
from storage.opening import folder_of
from storage.s3 import explained, pieces, require_bucket, s3_client

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_PART: Final = 16 * 1024 * 1024


class Shelf(Protocol):
    """A place for named files. Names are letters, digits, ``.``, ``_``, ``-``, with ``/`` between parts."""

    def put(self, name: str, source: Path) -> None:
        """Copy a file there; it is on stable storage when this returns.

        Raises FileExists, StorageFull, StorageUnavailable; then nothing is visible under the name
        that was not before.
        """
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The file's bytes in pieces. Raises FileMissing, StorageUnavailable."""
        ...

    def list(self) -> dict[str, int]:
        """Names and sizes in bytes of all files. Raises StorageUnavailable."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error. Raises StorageUnavailable."""
        ...


class FolderShelf:
    """A shelf in a folder. Raises StorageUnavailable when the folder cannot be made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / ".incoming"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained_os_error(error) from error

    def put(self, name: str, source: Path) -> None:
        target = self._folder / checked_name(name)
        temporary = self._incoming / str(new_id())
        try:
            copy_durably(source, temporary)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(temporary)  # unlike a rename, it fails when the name is taken
            synchronise(target.parent)
            synchronise(self._folder)
        except FileExistsError as error:
            raise FileExists(name=name) from error
        except OSError as error:
            raise explained_os_error(error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            return pieces_of((self._folder / checked_name(name)).open("rb"))
        except FileNotFoundError as error:
            raise FileMissing(name=name) from error
        except OSError as error:
            raise explained_os_error(error) from error

    def list(self) -> dict[str, int]:
        try:
            return {
                path.relative_to(self._folder).as_posix(): path.stat().st_size
                for path in sorted(self._folder.rglob("*"))
                if path.is_file() and path.parent != self._incoming
            }
        except OSError as error:
            raise explained_os_error(error) from error

    def delete(self, name: str) -> None:
        path = self._folder / checked_name(name)
        try:
            path.unlink(missing_ok=True)
            if path.parent != self._folder and path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as error:
            raise explained_os_error(error) from error

    def sweep(self) -> None:
        """Remove what a crash left half copied."""
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True, exist_ok=True)


class S3Shelf:
    """A shelf in an S3 bucket, below a prefix."""

    def __init__(self, client: Minio, bucket: str, prefix: str = "shelf/") -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def put(self, name: str, source: Path) -> None:
        key = self._prefix + checked_name(name)
        if self._is_there(name):
            raise FileExists(name=name)
        with explained(name):
            self._client.fput_object(self._bucket, key, str(source), part_size=_PART)

    def _is_there(self, name: str) -> bool:
        try:
            with explained(name):
                self._client.stat_object(self._bucket, self._prefix + name)
        except ObjectMissing:
            return False
        return True

    def chunks(self, name: str) -> Iterator[bytes]:
        try:
            with explained(name):
                answer = self._client.get_object(self._bucket, self._prefix + checked_name(name))
        except ObjectMissing as error:
            raise FileMissing(name=name) from error
        return pieces(answer, name)

    def list(self) -> dict[str, int]:
        with explained(""):
            found = self._client.list_objects(self._bucket, prefix=self._prefix, recursive=True)
            return {
                (item.object_name or "").removeprefix(self._prefix): int(item.size or 0)
                for item in found
                if not item.is_dir
            }

    def delete(self, name: str) -> None:
        with explained(name):
            self._client.remove_object(self._bucket, self._prefix + checked_name(name))


def open_shelf(url: str, setting: str) -> Shelf:
    """The shelf of ``file:FOLDER`` or ``s3://…``. Raises SettingUnusable when it cannot be used."""
    scheme = urlsplit(url).scheme
    if scheme == "file":
        try:
            return FolderShelf(folder_of(url))
        except StorageUnavailable as error:
            raise SettingUnusable(setting=setting, reason=str(error.context["reason"])) from error
    if scheme in ("s3", "s3+http"):
        client, bucket = s3_client(url, setting)
        require_bucket(client, bucket, setting)
        return S3Shelf(client, bucket, "backups/")
    raise SettingUnusable(setting=setting, reason=f"'{scheme}' is not file or s3")


def checked_name(name: str) -> str:
    """The name itself. Raises FileMissing for one that could leave the shelf."""
    if not _NAME.fullmatch(name):
        raise FileMissing(name=name)
    return name


__all__ = ["CHUNK", "FolderShelf", "S3Shelf", "Shelf", "checked_name", "open_shelf"]

"""Objects in a folder: one read-only file each, named by its digest, two levels deep."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from core.ids import new_id
from storage.errors import ObjectMissing, StorageFull, StorageUnavailable
from storage.objects import CHUNK, Stat

_ABANDONED: Final = 24 * 3600
"""Seconds after which nobody can still be copying to a temporary file."""


class FolderObjects:
    """The folder back-end. Raises StorageUnavailable when the folder cannot be made.

    A file is copied beside its place, synchronised, made read-only and renamed; then its folder is
    synchronised, so that neither a crash nor power loss leaves half an object under a digest.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            self._sweep_incoming()
        except OSError as error:
            raise StorageUnavailable(reason=error.strerror or str(error)) from error

    def put(self, digest: str, source: Path) -> Stat:
        target = self._path(digest)
        if not target.exists():
            temporary = self._incoming / str(new_id())
            try:
                made = self._make_folder(target.parent)
                copy_durably(source, temporary)
                temporary.rename(target)
                for folder in (target.parent, *made):
                    synchronise(folder)
            except OSError as error:
                raise explained_os_error(error) from error
            finally:
                temporary.unlink(missing_ok=True)
        return Stat(digest, source.stat().st_size)

    def _sweep_incoming(self) -> None:
        """Remove copies that a crash cut short; young ones may be another process's work."""
        for path in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _ABANDONED:
                    path.unlink()

    def _make_folder(self, folder: Path) -> tuple[Path, ...]:
        """Have the folder; those whose entries are not on stable storage yet.

        They are put there after the file: one journal write then serves them all.
        """
        if folder.exists():
            return ()
        folder.mkdir(parents=True, exist_ok=True)
        return folder.parent, self._folder

    def read(self, digest: str) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError as error:
            raise ObjectMissing(digest=digest) from error
        except OSError as error:
            raise explained_os_error(error) from error

    def chunks(self, digest: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            file = self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise ObjectMissing(digest=digest) from error
        except OSError as error:
            raise explained_os_error(error) from error
        return pieces_of(file, start, length)

    def stat(self, digest: str) -> Stat | None:
        try:
            return Stat(digest, self._path(digest).stat().st_size)
        except (FileNotFoundError, ObjectMissing):
            return None
        except OSError as error:
            raise explained_os_error(error) from error

    def retain(self, digest: str, until: datetime) -> bool:
        """A folder cannot forbid its owner anything; the schedule above it decides."""
        return False

    def set_legal_hold(self, digest: str, on: bool) -> bool:
        return False

    def delete(self, digest: str) -> None:
        if self.stat(digest) is None:
            return
        path = self._path(digest)
        try:
            path.unlink(missing_ok=True)
            synchronise(path.parent)
        except OSError as error:
            raise explained_os_error(error) from error

    def list(self) -> Iterator[Stat]:
        for first in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(first.glob("[0-9a-f][0-9a-f]/*")):
                yield Stat(path.name, path.stat().st_size)

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not all(letter in "0123456789abcdef" for letter in digest):
            raise ObjectMissing(digest=digest)
        return self._folder / digest[:2] / digest[2:4] / digest


def copy_durably(source: Path, target: Path) -> None:
    """Copy to a new, read-only file that is on stable storage when this returns. Raises OSError."""
    with source.open("rb") as reading, target.open("xb") as writing:
        shutil.copyfileobj(reading, writing, CHUNK)
        writing.flush()
        os.fsync(writing.fileno())
    target.chmod(0o440)


def pieces_of(file: BinaryIO, start: int = 0, length: int | None = None) -> Iterator[bytes]:
    """An open file's bytes from ``start`` on, at most ``length``; closes it at the end."""
    with file as reading:
        reading.seek(start)
        left = length
        while left is None or left > 0:
            piece = reading.read(CHUNK if left is None else min(CHUNK, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece


def synchronise(folder: Path) -> None:
    """Put a folder's entries on stable storage."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def explained_os_error(error: OSError) -> StorageFull | StorageUnavailable:
    """The store's own error for one of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull()
    return StorageUnavailable(reason=error.strerror or str(error))

"""Where backups are kept: a folder or a bucket. Members are files ``<backup>/<member>``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from core.errors import SettingUnusable
from retention.errors import BackupMissing, BackupStoreUnavailable
from storage.folder import copy_durably, synchronise
from storage.objects import CHUNK
from storage.opening import folder_of

SETTING = "VERMILION_BACKUP_URL"


class BackupStore(Protocol):
    """A place for backup members; a member appears whole or not at all."""

    def put(self, name: str, source: Path) -> None:
        """Store a file. Raises BackupStoreUnavailable."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member. Raises BackupMissing, BackupStoreUnavailable."""
        ...

    def sizes(self) -> dict[str, int]:
        """All members with their sizes in bytes, sorted by name. Raises BackupStoreUnavailable."""
        ...

    def delete(self, name: str) -> None:
        """Remove a member; one that is not there is no error. Raises BackupStoreUnavailable."""
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
            temporary.unlink(missing_ok=True)
            copy_durably(source, temporary)
            temporary.rename(target)
            synchronise(target.parent)
            synchronise(self._folder)
        except OSError as error:
            with suppress(OSError):
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

    def sizes(self) -> dict[str, int]:
        try:
            return {
                path.relative_to(self._folder).as_posix(): path.stat().st_size
                for path in sorted(self._folder.glob("*/*"))
                if path.is_file() and not path.name.endswith(".part")
            }
        except OSError as error:
            raise BackupStoreUnavailable(reason=error.strerror or str(error)) from error

    def delete(self, name: str) -> None:
        path = self._folder / name
        try:
            path.unlink(missing_ok=True)
            for left in path.parent.glob(".*.part"):
                left.unlink()
            if path.parent.exists() and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as error:
            raise BackupStoreUnavailable(reason=error.strerror or str(error)) from error


def open_backup_store(url: str) -> BackupStore:
    """The store of ``file:FOLDER`` or ``s3://…``. Raises SettingUnusable."""
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FolderStore(folder_of(url))
    if scheme in ("s3", "s3+http"):
        from retention.backup_bucket import open_bucket  # its client takes long to import

        return open_bucket(url, SETTING)
    raise SettingUnusable(setting=SETTING, reason=f"'{scheme}' is not file or s3")

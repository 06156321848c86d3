"""The folder of an embedded index: which files are in use, who may write, whether they are whole.

``state.json`` names the subfolder in use; a damaged or outdated index is replaced by a new subfolder,
so that readers in other processes never see half of one. ``writer.lock`` is an ``flock``: it is gone
when its process is. A ``suspect`` file asks the next writer to look whether the files are whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from core.errors import SettingUnusable
from core.ids import new_id
from search import tokens
from search.errors import IndexBusy
from search.index import INDEXED_AS

_PARTS: Final = ("fast", "fieldnorm", "idx", "pos", "store", "term")
_MAGIC: Final = 1337
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True)
class State:
    """What ``state.json`` says: the subfolder in use, and the one that is being filled beside it."""

    format: int
    tables: str
    folder: str
    is_complete: bool
    building: str | None = None

    def written(self) -> tuple[str, ...]:
        """The subfolders that a change is written to, that in use last."""
        return (self.folder,) if self.building in (None, self.folder) else (self.building, self.folder)


class IndexFolder:
    """The folder and its state."""

    def __init__(self, path: Path, patience: float) -> None:
        """``patience`` is how long to wait for another writer, in seconds. Raises SettingUnusable."""
        self.path = path
        self.patience = patience
        self._file = path / "state.json"
        self._read: tuple[bytes, State, Path] | None = None
        try:
            path.mkdir(parents=True, exist_ok=True)
            os.scandir(path).close()
        except OSError as error:
            raise SettingUnusable(
                setting="VERMILION_SEARCH_URL", reason=f"{path}: {error.strerror or error}"
            ) from error

    def state(self) -> State | None:
        """The state; None when there is no index that this program can use."""
        try:
            told = self._file.read_bytes()
            if self._read is None or self._read[0] != told:  # to read it is quick, to understand it is not
                state = State(**json.loads(told))
                self._read = told, state, self.path / state.folder
            _, state, folder = self._read
        except (OSError, ValueError, TypeError):
            return None
        is_usable = state.format == INDEXED_AS and state.tables == tokens.fingerprint()
        return state if is_usable and folder.is_dir() else None

    def save(self, state: State) -> None:
        """Replace the state, durably. The caller holds the lock."""
        waiting = self.path / "state.json.new"
        with waiting.open("w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(self._file)
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def start_anew(self, name: str) -> State:
        """Use an empty index in the place of what was there. The caller holds the lock."""
        state = State(INDEXED_AS, tokens.fingerprint(), name, False)
        self.adopt(state)
        return state

    def new_subfolder(self) -> str:
        """An empty subfolder that nothing names yet. The caller holds the lock."""
        name = f"index-{new_id().hex}"
        (self.path / name).mkdir()
        return name

    def adopt(self, state: State) -> None:
        """Use the subfolders of a state, and remove all others. The caller holds the lock."""
        self.save(state)
        self.tidy(state)

    def tidy(self, state: State) -> None:
        """Remove subfolders that the state does not name: whoever was killed left them. Under the lock."""
        for other in self.path.glob("index-*"):
            if other.name not in (state.folder, state.building):
                shutil.rmtree(other, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer among all processes. Raises IndexBusy when another goes on too long."""
        descriptor = os.open(self.path / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + self.patience
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= deadline:
                        raise IndexBusy(folder=str(self.path), seconds=round(self.patience)) from error
                    time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def suspect(self) -> None:
        """Ask the next writer to look at the files. Any process may."""
        with suppress(OSError):
            (self.path / "suspect").touch()

    def is_suspect(self) -> bool:
        return (self.path / "suspect").exists()

    def clear_suspicion(self) -> None:
        (self.path / "suspect").unlink(missing_ok=True)


def find_damage(folder: Path) -> str | None:
    """What is wrong with the files of an index, or None. Reads all of them; no writer may be at work."""
    try:
        meta: dict[str, Any] = json.loads((folder / "meta.json").read_bytes())
        files = [name for segment in meta["segments"] for name in _files_of(segment)]
    except FileNotFoundError:
        return "meta.json is missing"
    except (ValueError, TypeError, KeyError):
        return "meta.json cannot be read"
    for name in files:
        if not (folder / name).exists():
            return f"{name} is missing"
        if not _is_whole(folder / name):
            return f"{name} is damaged"
    return None


def clear_unfinished(folder: Path) -> None:
    """Delete the lists of deletions that a killed writer never committed.

    The next commit counts on from the last one that held, so it gives its own list the same name, and
    would fail on the one that lies there. The caller holds the lock; nobody reads what was not committed.
    """
    committed = int(json.loads((folder / "meta.json").read_bytes())["opstamp"])
    for file in folder.glob("*.del"):
        opstamp = file.name.split(".")[-2]
        if opstamp.isdecimal() and int(opstamp) > committed:
            file.unlink(missing_ok=True)


def _files_of(segment: dict[str, Any]) -> list[str]:
    """The files that are in use; others may be what a killed writer left behind."""
    stem = str(segment["segment_id"]).replace("-", "")
    files = [f"{stem}.{part}" for part in _PARTS]
    if segment["deletes"] is not None:
        files.append(f"{stem}.{segment['deletes']['opstamp']}.del")
    return files


def _is_whole(file: Path) -> bool:
    """Whether a segment file is what its footer says: JSON with a CRC-32, its length, a magic number."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        if size < 8:
            return False
        stream.seek(size - 8)
        length, magic = struct.unpack("<II", stream.read(8))
        if magic != _MAGIC or length + 8 > size:
            return False
        stream.seek(size - 8 - length)
        try:
            expected = int(json.loads(stream.read(length))["crc"])
        except (ValueError, TypeError, KeyError):
            return False
        stream.seek(0)
        left, found = size - 8 - length, 0
        while left:
            chunk = stream.read(min(left, _CHUNK))
            if not chunk:
                return False
            found = zlib.crc32(chunk, found)
            left -= len(chunk)
    return found == expected

"""The ZIP of an OFD, opened without trusting it: names found as makers write them, sizes bounded."""

from __future__ import annotations

import io
import posixpath
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Final

from ingest.errors import FileBroken
from ingest.ofd.markup import Element, parse
from ingest.zipping import UNREADABLE, display_name, opened
from signing.national.ofd_package import clean

MOST_ENTRIES: Final = 20_000
MOST_OF_ENTRY: Final = 128 * 1024**2
MOST_IN_ALL: Final = 512 * 1024**2
"""Bytes that are unpacked of one package, each time an entry is read."""
MOST_RATIO: Final = 1200
"""DEFLATE cannot do more than about 1032; other methods, which OFD does not know, can."""
_FREE: Final = 1024**2
_MOST_NESTED: Final = 32 * 1024**2


class Package:
    """The parts of a package by their paths. Paths are compared without case, with either slash."""

    def __init__(self, source: Path | bytes, budget: list[int] | None = None, label: str = "") -> None:
        """``budget`` is what may still be unpacked, shared with the package this one lies in; ``label``
        tells its parts from those of others.

        Raises FileBroken, TooManyMembers, ContainerTooLarge.
        """
        self.label = label
        self._source = source
        self._budget = [MOST_IN_ALL] if budget is None else budget
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> Package:
        if isinstance(self._source, bytes):
            if len(self._source) > _MOST_NESTED:
                raise FileBroken(reason="too large inside another file")
            try:
                self._archive = zipfile.ZipFile(io.BytesIO(self._source))
            except UNREADABLE as error:
                raise FileBroken(reason=str(error)[:200]) from error
            if len(self._archive.infolist()) > MOST_ENTRIES:
                raise FileBroken(reason="too many entries")
        else:
            self._opening = opened(self._source, MOST_ENTRIES)
            self._archive = self._opening.__enter__()
        # is_dir() fails on an entry without a name, which damaged files have
        entries = [one for one in self._archive.infolist() if one.filename and not one.is_dir()]
        for entry in entries:  # as the signatures are judged: of two parts with one path the first counts
            name = clean(entry.filename)
            if name is not None:
                self._entries.setdefault(name.lower(), entry)
        for entry in entries:  # names in the maker's own encoding
            self._entries.setdefault(_folded(display_name(entry)), entry)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._archive is not None:
            self._archive.close()
        if not isinstance(self._source, bytes):
            self._opening.__exit__(None, None, None)

    @property
    def budget(self) -> list[int]:
        """What may still be unpacked, to be shared."""
        return self._budget

    def names(self) -> list[str]:
        """The paths of all parts, small letters."""
        return list(self._entries)

    def find(self, path: str, *bases: str) -> str | None:
        """The part that an ST_Loc names: absolute from the root, else from one of the folders, in their
        order, else from the root (many makers forget the slash). None where there is none."""
        plain = path.strip().replace("\\", "/")
        if not plain:
            return None
        if plain.startswith("/"):
            candidates = [plain, *(posixpath.join(base, plain.lstrip("/")) for base in bases)]
        else:
            candidates = [*(posixpath.join("/", base, plain) for base in bases), plain]
        for candidate in candidates:
            folded = _folded(candidate)
            if folded in self._entries:
                return folded
        return None

    def read(self, path: str) -> bytes:
        """The bytes of a part. Raises FileBroken when it is missing, damaged or too large."""
        entry = self._entries.get(_folded(path))
        if entry is None or self._archive is None:
            raise FileBroken(reason=f"no {path[:80]}")
        most = min(MOST_OF_ENTRY, self._budget[0], max(_FREE, entry.compress_size * MOST_RATIO))
        try:
            with self._archive.open(entry) as file:
                data = file.read(most + 1)
        except UNREADABLE as error:
            raise FileBroken(reason=f"{path[:80]}: {str(error)[:100]}") from error
        if len(data) > most:
            raise FileBroken(reason=f"{path[:80]} is too large")
        self._budget[0] -= len(data)
        return data

    def tree(self, path: str) -> Element:
        """The XML of a part. Raises FileBroken."""
        return parse(self.read(path))


def _folded(path: str) -> str:
    """A path as paths are compared: no leading slash, no way out of the package, small letters."""
    return posixpath.normpath("/" + path.replace("\\", "/")).lstrip("/").lower()


def folder(path: str) -> str:
    """The folder of a part."""
    return posixpath.dirname(path)

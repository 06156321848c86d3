"""The bytes of a file: in memory, or in a file that stays on the disk.

A large file is mapped, and only the parts that are looked at come into memory. What goes through all of
it (digests, searches) reads pieces into one small buffer instead: pages of a mapping count as memory of
the process for as long as nobody takes them away.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

Data = bytes | mmap.mmap
Pdf = bytes | Path
"""A PDF in memory, or the file that it is in."""

_CHUNK: Final = 1 << 20
_SMALL: Final = 8 << 20
"""Files up to this size are simply read."""
_LOOKS: Final = 128
"""After so many looks at far places the mapped pages are let go: each look brings up to 64 KiB."""


class Source:
    """A file's bytes. ``data`` is for looking at places, ``stream`` for whoever reads in a row."""

    def __init__(self, data: Data, stream: BinaryIO) -> None:
        self.data = data
        self.stream = stream
        self.size = len(data)
        self._hashes: dict[str, Any] = {}
        self._looks = 0

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Bytes in memory."""
        return cls(data, io.BytesIO(data))

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Source]:
        """A file on the disk, which nobody may cut short meanwhile. Raises OSError."""
        with path.open("rb") as file, cls.held(file) as source:
            yield source

    @classmethod
    @contextmanager
    def held(cls, file: BinaryIO) -> Iterator[Source]:
        """An open file, from its beginning to its end; it stays open. Raises OSError."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if size <= _SMALL:
            yield cls.of(file.read())
            return
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
            yield cls(data, file)

    @classmethod
    @contextmanager
    def at(cls, pdf: Pdf) -> Iterator[Source]:
        """Bytes, or a file. Raises OSError."""
        if isinstance(pdf, Path):
            with cls.opened(pdf) as source:
                yield source
        else:
            yield cls.of(pdf)

    @property
    def ends_its_line(self) -> bool:
        """Else the next object would touch ``%%EOF``, which PDF/A forbids (ISO 19005-2, 6.1.9)."""
        return self.data[-1:] in (b"\n", b"\r")

    def hasher(self, algorithm: str) -> Any:
        """A hash object that has seen the whole file; each caller gets its own. The file is read once."""
        if algorithm not in self._hashes:
            made = hashlib.new(algorithm, usedforsecurity=False)
            self.feed(made, 0, self.size)
            self._hashes[algorithm] = made
        return self._hashes[algorithm].copy()

    def sha256(self, end: int | None = None) -> str:
        """The SHA-256 of the bytes up to ``end``, or of all, in hexadecimal digits."""
        if end is None or end >= self.size:
            return str(self.hasher("sha256").hexdigest())
        made = hashlib.sha256()
        self.feed(made, 0, end)
        return made.hexdigest()

    def feed(self, hasher: Any, begin: int, end: int) -> None:
        """Put the bytes of a range into a hash object."""
        for piece in self.pieces(begin, end):
            hasher.update(piece)

    def pieces(self, begin: int, end: int) -> Iterator[memoryview]:
        """The bytes of a range in pieces; each is good until the next one is asked for."""
        end = min(end, self.size)
        if isinstance(self.data, bytes):
            if begin < end:
                yield memoryview(self.data)[begin:end]
            return
        room = memoryview(bytearray(min(_CHUNK, max(end - begin, 0))))
        while begin < end:
            count = os.preadv(self.stream.fileno(), [room[: end - begin]], begin)
            if count == 0:
                raise OSError("the file was cut short")
            yield room[:count]
            begin += count

    def places(self, pattern: re.Pattern[bytes], longest: int) -> Iterator[int]:
        """Where a pattern is found, of which no match is longer than ``longest`` bytes."""
        if isinstance(self.data, bytes):
            yield from (match.start() for match in pattern.finditer(self.data))
            return
        kept, begin, after = b"", 0, 0
        for piece in self.pieces(0, self.size):
            together = kept + bytes(piece)
            for match in pattern.finditer(together):
                if begin + match.start() >= after:
                    after = begin + match.end()
                    yield begin + match.start()
            kept = together[-longest:]
            begin += len(together) - len(kept)

    def is_blank(self, begin: int, end: int, blanks: bytes) -> bool:
        """Whether a range holds nothing but these bytes."""
        return not any(bytes(piece).strip(blanks) for piece in self.pieces(begin, end))

    def is_same(self, one: tuple[int, int], other: tuple[int, int]) -> bool:
        """Whether two ranges (begin, end) hold the same bytes."""
        if one[1] - one[0] != other[1] - other[0]:
            return False
        return all(left == right for left, right in zip(self.pieces(*one), self.pieces(*other), strict=False))

    def looked(self) -> None:
        """Say that a place was looked at, so that mapped pages are let go in time."""
        self._looks += 1
        if self._looks % _LOOKS == 0 and not isinstance(self.data, bytes):
            self.data.madvise(mmap.MADV_DONTNEED)

"""Opening a stranger's ZIP without trusting a word of it."""

from __future__ import annotations

import contextlib
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ingest.errors import ContainerTooLarge, FileBroken, TooManyMembers

MOST_DIRECTORY: Final = 16 * 1024**2
"""Bytes of the list of members; a longer one is refused before it is read."""
_TAIL: Final = 65_557
_END: Final = b"PK\x05\x06"
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, ValueError,
    RuntimeError, struct.error, UnicodeError, OverflowError,
)  # fmt: skip
"""What reading a broken member may raise."""


@contextlib.contextmanager
def opened(source: Path, most_members: int) -> Iterator[zipfile.ZipFile]:
    """The ZIP, opened. Raises FileBroken, TooManyMembers, ContainerTooLarge."""
    with source.open("rb") as file:
        _check_directory(file, most_members)
        file.seek(0)
        try:
            archive = zipfile.ZipFile(file)
        except UNREADABLE as error:
            raise FileBroken(reason=str(error)[:200]) from error
        with archive:
            if len(archive.infolist()) > most_members:
                raise TooManyMembers(members=len(archive.infolist()), limit=most_members)
            yield archive


def _check_directory(file: BinaryIO, most_members: int) -> None:
    """Judge the list of members by what the end record says, before all of it is in memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise FileBroken(reason="the end of the ZIP is missing")
    _, _, _, _, members, length, _, _ = struct.unpack("<4s4H2LH", tail[at : at + 22])
    if members == 0xFFFF or length == 0xFFFFFFFF:
        found = tail.rfind(b"PK\x06\x06", 0, at)
        if found >= 0 and len(tail) >= found + _END_64.size:
            _, _, _, _, _, _, _, members, length, _ = _END_64.unpack_from(tail, found)
    if members > most_members:
        raise TooManyMembers(members=members, limit=most_members)
    if length > MOST_DIRECTORY:
        raise ContainerTooLarge(limit=MOST_DIRECTORY // 1024**2)


def display_name(member: zipfile.ZipInfo) -> str:
    """A member's name for people: decoded, with slashes, without parts that lead elsewhere.

    Names without the UTF-8 flag are the maker's system encoding: UTF-8 (macOS) or GBK (Windows in
    China). The Unicode path field of Info-ZIP (0x7075) is believed when its checksum fits.
    """
    written = member.orig_filename
    if not member.flag_bits & 0x800:
        raw = written.encode("cp437", "replace")
        written = _unicode_path(member.extra, raw) or decoded(raw)
    return safe_name(written)


def decoded(raw: bytes) -> str:
    """Text of an unknown encoding: UTF-8 where it fits, else GB 18030, which contains GBK."""
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return raw.decode("latin-1")


def safe_name(name: str) -> str:
    """A name to show: no control characters, no ``..``, at most 255 characters."""
    shown = "".join(letter for letter in name if letter.isprintable() and not "\ud800" <= letter < "\ue000")
    parts = [part.strip() for part in shown.replace("\\", "/").split("/")]
    kept = [part for part in parts if part not in ("", ".", "..") and not part.endswith(":")]
    return "/".join(kept)[-255:] or "?"


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if kind == 0x7075 and len(field) > 5 and struct.unpack_from("<L", field, 1)[0] == zlib.crc32(raw):
            with contextlib.suppress(UnicodeDecodeError):
                return field[5:].decode("utf-8")
        at += 4 + length
    return None
